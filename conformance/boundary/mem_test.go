package boundary_test

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/conformance/boundary"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/conformance/project"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// side is one kind of store in a test: how it is taken out of a backend, and its table.
type side[S core.Store] struct {
	of    func(core.Backend) S
	table func(boundary.Hooks[S]) conformance.Suite[S]
	suite func() conformance.Suite[S]
}

func trackingSide() side[core.TrackingStore] {
	return side[core.TrackingStore]{func(b core.Backend) core.TrackingStore { return b.Tracking }, boundary.Tracking, tracking.Suite}
}

func artifactSide() side[core.ArtifactRepository] {
	return side[core.ArtifactRepository]{func(b core.Backend) core.ArtifactRepository { return b.Artifacts }, boundary.Artifacts, artifact.Suite}
}

func registrySide() side[core.RegistryStore] {
	return side[core.RegistryStore]{func(b core.Backend) core.RegistryStore { return b.Registry }, boundary.Registry, registrystore.Suite}
}

func projectSide() side[core.ProjectBackend] {
	return side[core.ProjectBackend]{func(b core.Backend) core.ProjectBackend { return b.Projects }, boundary.Projects, project.Suite}
}

// world is a harness of the reference store with all hooks that need no process.
type world[S core.Store] struct {
	conformance.Harness[S]
	boundary.Hooks[S]
}

func parsed(t conformance.T, text string) core.URI {
	t.Helper()
	uri, err := core.ParseURI(text)
	conformance.NoError(t, "ParseURI", err)
	return uri
}

func open[S core.Store](t conformance.T, o core.Opener, uri string, of func(core.Backend) S) S {
	t.Helper()
	b, err := o.Open(t.Context(), core.OpenRequest{URI: parsed(t, uri)})
	conformance.NoError(t, "opening "+uri, err)
	return of(b)
}

func newWorld[S core.Store](s side[S], opener core.Opener) world[S] {
	rig := fault.NewRig(opener)
	rig.Out, rig.Err = io.Discard, io.Discard
	var n atomic.Int64
	return world[S]{
		conformance.Harness[S]{
			Open:   func(t conformance.T) S { return open(t, opener, "mem://shared", s.of) },
			Second: func(t conformance.T, _ S) S { return open(t, opener, "mem://shared", s.of) },
		},
		boundary.Hooks[S]{
			Opener: opener,
			Fresh: func(t conformance.T) core.OpenRequest {
				return core.OpenRequest{URI: parsed(t, fmt.Sprintf("mem://fresh%d", n.Add(1)))}
			},
			Rigged: func(t conformance.T) S { return open(t, rig, "mem://rigged", s.of) },
			Log:    func() string { return "nothing to log" },
			Manifest: func(conformance.T) core.Manifest {
				return core.Manifest{
					Format: core.ManifestFormat, Name: "mem", Version: "1", SDK: "go/1", Contract: core.ContractVersion,
					Schemes: []core.ManifestScheme{{Scheme: "mem", Kinds: []string{"tracking", "artifacts", "registry", "projects"}}},
				}
			},
			Resolve: func(ctx context.Context, text string) error { return resolve(ctx, opener, text) },
			Verdicts: func(t conformance.T) []conformance.Report {
				var runs []conformance.Report
				for _, transport := range []conformance.Transport{conformance.Linked, conformance.Wire} {
					h := conformance.Harness[S]{
						Transport: transport,
						Open:      func(t conformance.T) S { return open(t, opener, "mem://verdicts", s.of) },
					}
					only := conformance.Options{Only: []string{"TS-00*", "AR-00*", "RG-00*", "PB-00*"}}
					runs = append(runs, conformance.Run(t.Context(), s.suite(), h, only))
				}
				return runs
			},
		},
	}
}

func resolve(ctx context.Context, opener core.Opener, text string) error {
	uri, err := core.ParseURI(text)
	if err != nil {
		return err
	}
	if uri.Scheme() != "mem" {
		return core.Errorf(core.NotFound, "nobody serves the scheme %q: install a plugin for it", uri.Scheme())
	}
	b, err := opener.Open(ctx, core.OpenRequest{URI: uri})
	if err != nil {
		return err
	}
	return b.Close()
}

// passes holds the reference store to a table, and counts what does not apply to it.
func passes[S core.Store](t *testing.T, s side[S], most int) {
	t.Helper()
	w := newWorld(s, mem.NewOpener())
	r := conformance.Run(t.Context(), s.table(w.Hooks), w.Harness, conformance.Options{Level: conformance.Extended})
	if n := r.Count(conformance.NotApplicable); n > most || r.Verdict() != conformance.Pass || r.Count(conformance.Skipped) > 0 {
		t.Errorf("%s %v: want at most %d n/a", r.Summary(), r.Failures(), most)
	}
	for _, result := range r.Results {
		if result.Verdict == conformance.NotApplicable && len(result.Lacks) == 0 && len(result.Needs) == 0 {
			t.Errorf("%s is n/a, and not for want of a hook or a capability", result.ID)
		}
	}
}

// A table runs as subtests too.
func TestSubtests(t *testing.T) {
	t.Parallel()
	w := newWorld(trackingSide(), mem.NewOpener())
	boundary.Test(t, trackingSide().table(w.Hooks), w.Harness, func(o *conformance.Options) { o.Only = []string{"PL-00*"} })
}

func TestTracking(t *testing.T)  { t.Parallel(); passes(t, trackingSide(), 20) }
func TestArtifacts(t *testing.T) { t.Parallel(); passes(t, artifactSide(), 20) }
func TestRegistry(t *testing.T)  { t.Parallel(); passes(t, registrySide(), 20) }
func TestProjects(t *testing.T)  { t.Parallel(); passes(t, projectSide(), 20) }
