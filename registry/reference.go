package registry

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/names"
)

// Schemes of URIs that refer to artifacts through another store.
const (
	runsScheme   = "runs"
	modelsScheme = "models"
)

// maxHops is how many references may follow one another.
const maxHops = 4

// trail is how a URI was followed to where the artifacts are.
type trail struct {
	start    core.URI
	hops     []Hop
	root     core.URI // the artifact root at the end
	path     string   // the place in it
	readOnly bool     // it led through a registered model
}

func isReference(u core.URI) bool { return u.Scheme() == runsScheme || u.Scheme() == modelsScheme }

// follow follows runs:/ and models:/ URIs. What a store answers is checked at every hop, never trusted. A URI of another
// scheme is its own end.
func (r *Resolver) follow(ctx context.Context, uri core.URI, s Settings) (trail, error) {
	t := trail{start: uri, root: uri}
	seen := map[string]bool{}
	for isReference(t.root) {
		switch {
		case seen[t.root.Raw()]:
			return t, t.failed(core.Invalid("uri", "the references form a cycle"))
		case len(t.hops) == maxHops:
			return t, t.failed(core.Invalid("uri", "more than %d references follow one another", maxHops))
		}
		seen[t.root.Raw()] = true
		next, err := r.hop(ctx, t.root, s)
		if err == nil {
			err = t.advance(next)
		}
		if err != nil {
			return t, t.failed(err)
		}
	}
	return t, nil
}

// place is where a reference leads: a path below a location, which is itself a reference or an artifact root.
type place struct {
	location string
	path     string
	why      string
	readOnly bool
}

// advance checks where a hop leads and goes there.
func (t *trail) advance(to place) error {
	if to.location == "" {
		return core.State(to.why, "the %s have no location", to.why)
	}
	if err := names.VersionSource(to.location); err != nil {
		return core.Invalid("uri", "%s are at a bad location: %w", to.why, err)
	}
	root, err := core.ParseURI(to.location)
	if err != nil {
		return err
	}
	there, err := core.ParseURI(core.JoinLocation(to.location, to.path))
	if err != nil {
		return err
	}
	t.root, t.path = root, to.path
	if isReference(root) {
		t.root, t.path = there, ""
	}
	t.readOnly = t.readOnly || to.readOnly
	t.hops = append(t.hops, Hop{URI: there.String(), Why: to.why})
	return nil
}

// failed names every hop of the way on an error.
func (t *trail) failed(err error) error {
	if err == nil || !isReference(t.start) {
		return err
	}
	way := []string{t.start.String()}
	for _, hop := range t.hops {
		way = append(way, hop.URI)
	}
	return core.Do("resolve", t.start.String(), fmt.Errorf("%s: %w", strings.Join(way, " → "), err))
}

// split cuts the last name off and returns it, unless the URI names a root of its own.
func (t *trail) split() (leaf string, err error) {
	switch {
	case t.path != "":
		t.path, leaf = path.Split(t.path)
		t.path = strings.TrimSuffix(t.path, "/")
	case !isReference(t.start):
		t.root, leaf, err = cutLeaf(t.root)
	}
	return leaf, err
}

// cutLeaf cuts the last name off the path of a URI, whose query stays.
func cutLeaf(u core.URI) (core.URI, string, error) {
	raw := u.Raw()
	end := strings.Index(raw, "?")
	if end < 0 || u.Scheme() == "" {
		end = len(raw)
	}
	body := strings.TrimRight(raw[:end], "/")
	slash := strings.LastIndexByte(body, '/')
	start := len(raw) - len(strings.TrimPrefix(raw, u.Scheme()+":"))
	switch {
	case u.IsLocal():
		return cutLocalLeaf(u)
	case slash < start || strings.Trim(u.Path(), "/") == "":
		return u, "", nil
	}
	parent, err := core.ParseURI(body[:slash+1] + raw[end:])
	return parent, body[slash+1:], err
}

func (r *Resolver) hop(ctx context.Context, u core.URI, s Settings) (place, error) {
	if u.Scheme() == runsScheme {
		return r.runHop(ctx, u, s)
	}
	return r.modelHop(ctx, u, s)
}

func (r *Resolver) runHop(ctx context.Context, u core.URI, s Settings) (place, error) {
	id, below, err := names.RunsURI(u.Raw())
	if err != nil {
		return place{}, core.Invalid("uri", "%w", err)
	}
	store, err := r.trackingFor(ctx, u, s)
	if err != nil {
		return place{}, err
	}
	defer store.Close()
	run, err := store.Run(ctx, core.RunID(id))
	if err != nil {
		return place{}, err
	}
	to := place{location: run.ArtifactURI, path: below, why: "artifacts of run " + id}
	return r.preferLogged(ctx, logged{store, run, to}, s)
}

func (r *Resolver) modelHop(ctx context.Context, u core.URI, s Settings) (place, error) {
	ref, err := names.ModelsURI(u.Raw())
	if err != nil {
		return place{}, core.Invalid("uri", "%w", err)
	}
	if ref.ModelID != "" {
		return r.loggedModelHop(ctx, u, ref, s)
	}
	at := s.Registry
	if at.IsZero() {
		at = s.Tracking
	}
	if at.IsZero() {
		return place{}, core.Invalid("registry", "%s needs a model registry, and none is set", u.String())
	}
	store, err := r.Registry(ctx, at, s.related())
	if err != nil {
		return place{}, err
	}
	defer store.Close()
	v, err := client.ResolveVersion(ctx, store, ref)
	if err != nil {
		return place{}, err
	}
	why := fmt.Sprintf("files of version %d of model %s", v.Number, v.Model)
	return place{location: v.DownloadURI(), path: ref.Path, why: why, readOnly: true}, nil
}

func (r *Resolver) loggedModelHop(ctx context.Context, u core.URI, ref names.ModelsRef, s Settings) (place, error) {
	store, err := r.trackingFor(ctx, u, s)
	if err != nil {
		return place{}, err
	}
	defer store.Close()
	models, ok := core.As[core.LoggedModels](store)
	if !ok {
		return place{}, core.Errorf(core.Unimplemented, "the tracking store keeps no logged models, such as %s", ref.ModelID)
	}
	model, err := models.LoggedModel(ctx, core.ModelID(ref.ModelID))
	if err != nil {
		return place{}, err
	}
	return place{location: model.ArtifactURI, path: ref.Path, why: "files of logged model " + ref.ModelID}, nil
}

func (r *Resolver) trackingFor(ctx context.Context, u core.URI, s Settings) (core.TrackingStore, error) {
	if s.Tracking.IsZero() {
		return nil, core.Invalid("tracking", "%s needs a tracking store, and none is set", u.String())
	}
	return r.Tracking(ctx, s.Tracking, s.related())
}

// cutLocalLeaf cuts the last name off a local path.
func cutLocalLeaf(u core.URI) (core.URI, string, error) {
	local, err := u.LocalPath()
	if err != nil {
		return u, "", err
	}
	if local, err = filepath.Abs(local); err != nil {
		return u, "", core.Errorf(core.Internal, "find the working directory: %w", err)
	}
	dir, leaf := filepath.Split(local)
	if leaf == "" {
		return u, "", nil
	}
	parent, err := core.ParseURI(dir)
	return parent, leaf, err
}
