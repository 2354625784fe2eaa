package main

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/conformance/boundary"
	"github.com/mlstore/mlstore/conformance/project"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry"
)

// suiteSettings let the stores of a run refer to each other.
func (a *app) suiteSettings(uri core.URI) registry.Settings {
	return registry.Settings{Tracking: uri, Registry: uri}
}

// entriesOf lists the cases for a kind of store.
func entriesOf(kind registry.Kind) []conformance.Entry {
	switch kind {
	case registry.Tracking:
		return tracking.Suite().Entries()
	case registry.Artifacts:
		return artifact.Suite().Entries()
	case registry.Registry:
		return registrystore.Suite().Entries()
	case registry.Projects:
		return project.Suite().Entries()
	}
	return nil
}

// suiteTarget is what a suite runs on.
type suiteTarget struct {
	uri      core.URI
	settings registry.Settings
	resolver func() (*registry.Resolver, error) // makes one that shares no open store with the others

	transport conformance.Transport
	plugin    *triedPlugin // that serves it; nil is linked in
	fresh     string       // names other stores, with a star for their names; may be empty
}

// runBoundary runs the cases on what lies between a caller and a store of one kind.
func runBoundary(ctx context.Context, kind registry.Kind, on suiteTarget, o conformance.Options) conformance.Report {
	switch kind {
	case registry.Tracking:
		suite := boundary.Tracking(hooksOf[core.TrackingStore](on))
		return conformance.Run(ctx, suite, harness(on, (*registry.Resolver).Tracking), o)
	case registry.Artifacts:
		suite := boundary.Artifacts(hooksOf[core.ArtifactRepository](on))
		return conformance.Run(ctx, suite, harness(on, (*registry.Resolver).Artifacts), o)
	case registry.Registry:
		suite := boundary.Registry(hooksOf[core.RegistryStore](on))
		return conformance.Run(ctx, suite, harness(on, (*registry.Resolver).Registry), o)
	case registry.Projects:
		suite := boundary.Projects(hooksOf[core.ProjectBackend](on))
		return conformance.Run(ctx, suite, harness(on, (*registry.Resolver).Projects), o)
	}
	return conformance.Report{Kind: string(kind), Problems: []string{"there is no suite for this kind of store"}}
}

// runKind runs the suite for one kind of store.
func runKind(ctx context.Context, kind registry.Kind, on suiteTarget, o conformance.Options) conformance.Report {
	switch kind {
	case registry.Tracking:
		suite := tracking.Suite() //nolint:contextcheck // a table, whose cases get the context of the run
		return conformance.Run(ctx, suite, harness(on, (*registry.Resolver).Tracking), o)
	case registry.Artifacts:
		suite := artifactSuite(on.uri) //nolint:contextcheck // a table, whose cases get the context of the run
		return conformance.Run(ctx, suite, harness(on, (*registry.Resolver).Artifacts), o)
	case registry.Registry:
		suite := registrystore.Suite() //nolint:contextcheck // a table, whose cases get the context of the run
		return conformance.Run(ctx, suite, harness(on, (*registry.Resolver).Registry), o)
	case registry.Projects:
		return conformance.Run(ctx, project.Suite(), harness(on, (*registry.Resolver).Projects), o)
	}
	return conformance.Report{Kind: string(kind), Problems: []string{"there is no suite for this kind of store"}}
}

// answers fails when nobody is there to answer: every case would find that out again, and wait for it. Whatever else is wrong
// with a store is for the suite to report.
func answers(ctx context.Context, r *registry.Resolver, kinds []registry.Kind, on suiteTarget) error {
	if len(kinds) == 0 {
		return nil
	}
	var store core.Store
	var err error
	switch kinds[0] {
	case registry.Tracking:
		store, err = r.Tracking(ctx, on.uri, on.settings)
	case registry.Artifacts:
		store, err = r.Artifacts(ctx, on.uri, on.settings)
	case registry.Registry:
		store, err = r.Registry(ctx, on.uri, on.settings)
	case registry.Projects:
		store, err = r.Projects(ctx, on.uri, on.settings)
	}
	if err == nil {
		_, err = store.Describe(ctx)
		err = errors.Join(err, store.Close())
	}
	if core.CodeOf(err) == core.Unavailable {
		return err
	}
	return nil
}

// artifactSuite also looks at the files themselves where they are in a folder of this machine.
func artifactSuite(uri core.URI) conformance.Suite[core.ArtifactRepository] {
	dir, err := uri.LocalPath()
	if err != nil {
		return artifact.Suite()
	}
	return artifact.LocalSuite(func(core.ArtifactRepository) string { return dir })
}

// harness opens every handle through a resolver of its own, so that no two handles share a store in memory.
func harness[S core.Store](
	on suiteTarget,
	open func(*registry.Resolver, context.Context, core.URI, registry.Settings) (S, error),
) conformance.Harness[S] {
	var places sync.Map // the URI of each open store
	opened := func(t conformance.T, uri core.URI, s registry.Settings) S {
		t.Helper()
		resolver, err := on.resolver()
		conformance.NoError(t, "making a resolver", err)
		store, err := open(resolver, context.WithoutCancel(t.Context()), uri, s)
		conformance.NoError(t, "opening the store", err)
		places.Store(any(store), uri)
		return store
	}
	again := func(t conformance.T, of S, s registry.Settings) S {
		t.Helper()
		uri := on.uri
		if place, found := places.Load(any(of)); found {
			uri, _ = place.(core.URI)
		}
		return opened(t, uri, s)
	}
	var begun atomic.Bool
	return conformance.Harness[S]{
		Open: func(t conformance.T) S {
			t.Helper()
			uri := on.uri
			if begun.Swap(true) && on.fresh != "" {
				uri = on.other(t)
			}
			return opened(t, uri, on.settings)
		},
		Second: func(t conformance.T, of S) S { return again(t, of, on.settings) },
		Reopen: func(t conformance.T, old S) S {
			conformance.NoError(t, "closing the store", old.Close())
			return again(t, old, on.settings)
		},
		ReadOnly: func(t conformance.T, of S) S {
			readOnly := on.settings
			readOnly.ReadOnly = true
			return again(t, of, readOnly)
		},
		Transport: on.transport,
	}
}

// other is the URI of a store without anything in it.
func (on suiteTarget) other(t conformance.T) core.URI {
	t.Helper()
	uri, err := core.ParseURI(strings.ReplaceAll(on.fresh, "*", strings.ToLower(rand.Text())))
	conformance.NoError(t, "the URI of --fresh", err)
	return uri
}
