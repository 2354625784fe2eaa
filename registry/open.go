package registry

import (
	"context"
	"path"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/names"
)

// Settings go with an opening. The zero value is fine. Give the same Tracking and Registry with everything that belongs
// together, so that a URI that offers several kinds is opened once.
type Settings struct {
	Tracking core.URI // the tracking store that runs:/ URIs and logged models refer to, and that the opener is told of
	Registry core.URI // the registry that models:/ URIs refer to, likewise; zero is the tracking URI

	Options map[string]string      // the scheme's own; not for the stores that runs:/ and models:/ URIs lead through
	Secrets map[string]core.Secret // likewise

	Workspace string
	ReadOnly  bool // every change is ErrPermission, without effect

	// Locate, when set, is given every artifact root before it is opened, also those to which runs:/ and models:/ URIs led. It
	// returns the root to open in its place and a path in it, or why it must not be opened.
	Locate func(root core.URI) (core.URI, string, error)
}

// related are the settings for the stores that a reference leads through.
func (s Settings) related() Settings {
	s.Options, s.Secrets = nil, nil
	return s
}

// Tracking opens the tracking store at uri. It searches by itself or is completed (client.Complete). Closing what it
// returns gives back this one use; the last use closes the store.
func (r *Resolver) Tracking(ctx context.Context, uri core.URI, s Settings) (core.TrackingStore, error) {
	u, err := r.use(ctx, uri, Tracking, s)
	if err != nil {
		return nil, err
	}
	store := u.in.backend.Tracking
	if store == nil {
		return nil, u.lacks(uri, Tracking)
	}
	complete, err := client.Complete(ctx, store)
	if err != nil {
		return nil, u.abandon(err)
	}
	return &trackingHandle{use: u, store: complete}, nil
}

// Registry opens the model registry at uri, as Tracking does.
func (r *Resolver) Registry(ctx context.Context, uri core.URI, s Settings) (core.RegistryStore, error) {
	u, err := r.use(ctx, uri, Registry, s)
	if err != nil {
		return nil, err
	}
	store := u.in.backend.Registry
	if store == nil {
		return nil, u.lacks(uri, Registry)
	}
	complete, err := client.CompleteRegistry(ctx, store)
	if err != nil {
		return nil, u.abandon(err)
	}
	return &registryHandle{use: u, store: complete}, nil
}

// Projects opens a project backend, by a bare name such as `local` or a URI.
func (r *Resolver) Projects(ctx context.Context, name core.URI, s Settings) (core.ProjectBackend, error) {
	u, err := r.use(ctx, name, Projects, s)
	if err != nil {
		return nil, err
	}
	if u.in.backend.Projects == nil {
		return nil, u.lacks(name, Projects)
	}
	return &projectHandle{use: u, store: u.in.backend.Projects}, nil
}

// Artifacts opens the artifact root at uri. It may be a `runs:/` or `models:/` URI: then the stores of the settings say
// where it is; what is reached through a registered model is read-only, as in MLflow.
func (r *Resolver) Artifacts(ctx context.Context, uri core.URI, s Settings) (core.ArtifactRepository, error) {
	t, err := r.follow(ctx, uri, s)
	if err != nil {
		return nil, err
	}
	return r.artifacts(ctx, t, s)
}

// ArtifactAt opens the artifact root in which the file or directory at uri lies, and returns its path there, which is empty
// when uri is a root itself (`runs:/<id>`, `models:/<name>/<version>`). Source: MLflow,
// mlflow/tracking/artifact_utils.py, get_root_uri_and_artifact_path.
func (r *Resolver) ArtifactAt(ctx context.Context, uri core.URI, s Settings) (core.ArtifactRepository, string, error) {
	t, err := r.follow(ctx, uri, s)
	if err != nil {
		return nil, "", err
	}
	leaf, err := t.split()
	if err != nil {
		return nil, "", err
	}
	repo, err := r.artifacts(ctx, t, s)
	return repo, leaf, err
}

// artifacts opens the place at the end of a trail. It is a view of the root, so that nothing of its path is ever read as a
// part of a URI.
func (r *Resolver) artifacts(ctx context.Context, t trail, s Settings) (core.ArtifactRepository, error) {
	if len(t.hops) > 0 {
		s = s.related()
	}
	if s.Locate != nil {
		root, below, err := s.Locate(t.root)
		if err != nil {
			return nil, t.failed(err)
		}
		t.root, t.path = root, path.Join(below, t.path)
	}
	u, prefix, err := r.useMounted(ctx, t.root, s)
	if err != nil {
		return nil, t.failed(err)
	}
	store := u.in.backend.Artifacts
	if store == nil {
		return nil, t.failed(u.lacks(t.root, Artifacts))
	}
	if prefix = path.Join(prefix, t.path); prefix != "" {
		if store, err = client.Sub(store, prefix); err != nil {
			return nil, t.failed(u.abandon(err))
		}
	}
	return &artifactHandle{use: u, store: store, readOnly: t.readOnly}, nil
}

// useMounted opens the store of an artifact root and tells where the root lies in it.
func (r *Resolver) useMounted(ctx context.Context, uri core.URI, s Settings) (*use, string, error) {
	if err := checkArtifactURI(uri); err != nil {
		return nil, "", err
	}
	scheme, rule, err := r.rule(ctx, uri, Artifacts)
	if err != nil {
		return nil, "", err
	}
	instance, prefix, err := rule.mount(uri)
	if err != nil {
		return nil, "", err
	}
	u, err := r.share(ctx, target{scheme, rule, instance}, s)
	return u, prefix, err
}

// mount splits the URI of an artifact root.
func (r Rule) mount(uri core.URI) (instance core.URI, prefix string, err error) {
	if r.Mount == nil {
		return uri, "", nil
	}
	instance, prefix, err = r.Mount(uri)
	return instance, prefix, core.Do("open", uri.String(), err)
}

// checkArtifactURI refuses artifact roots that climb or carry a password (names.ArtifactLocation). What this machine's
// user calls a local path is taken as it is.
func checkArtifactURI(uri core.URI) error {
	if uri.IsLocal() || uri.IsZero() {
		return nil
	}
	if err := names.ArtifactLocation(uri.Raw()); err != nil {
		return core.Do("open", uri.String(), core.Invalid("uri", "%w", err))
	}
	return nil
}

// target is what a URI means.
type target struct {
	scheme string
	rule   Rule
	uri    core.URI
}

func (r *Resolver) use(ctx context.Context, uri core.URI, kind Kind, s Settings) (*use, error) {
	if scheme := uri.Scheme(); scheme == runsScheme || scheme == modelsScheme {
		return nil, core.Invalid("uri", "%s names artifacts and is no %s store", uri.String(), kind)
	}
	scheme, rule, err := r.rule(ctx, uri, kind)
	if err != nil {
		return nil, err
	}
	return r.share(ctx, target{scheme, rule, uri}, s)
}

// share opens the target or joins those who have.
func (r *Resolver) share(ctx context.Context, t target, s Settings) (*use, error) {
	key, err := r.shared.key(t, s)
	if err != nil {
		return nil, err
	}
	request := core.OpenRequest{
		URI: t.uri, Options: s.Options, Secrets: s.Secrets, Tracking: s.Tracking, Registry: s.Registry,
		Workspace: s.Workspace, ReadOnly: s.ReadOnly,
	}
	in, err := r.shared.acquire(ctx, key, func(ctx context.Context) (core.Backend, error) {
		backend, err := t.rule.Opener.Open(ctx, request)
		return backend, scrubbed(err, secretsOf(t.uri, s))
	})
	if err != nil {
		return nil, opening(t.uri, err)
	}
	return &use{pool: &r.shared, in: in}, nil
}

// opening names the URI on an error, unless the error does so itself.
func opening(uri core.URI, err error) error {
	name := uri.String()
	named := core.Do("open", name, err)
	e, ok := named.(*core.Error) //nolint:errorlint // what Do returns
	if !ok || e.Err == nil || strings.Contains(err.Error(), name) {
		return named
	}
	e.Err = errorf("%s: %w", name, e.Err) // behind the operation, which is told once
	return e
}
