package embedded

import (
	"log/slog"

	"github.com/mlstore/mlstore/plugins/file"
	"github.com/mlstore/mlstore/plugins/http"
	"github.com/mlstore/mlstore/plugins/sqlite"
	"github.com/mlstore/mlstore/registry"
)

// Option changes what New makes.
type Option func(*setup)

type setup struct {
	plugins Plugins
	linked  []linked
}

type linked struct {
	scheme string
	rule   registry.Rule
}

// With adds a rule for one more scheme.
func With(scheme string, rule registry.Rule) Option {
	return func(s *setup) { s.linked = append(s.linked, linked{scheme, rule}) }
}

// WithPlugins says where plugins are looked for and how they run.
func WithPlugins(p Plugins) Option { return func(s *setup) { s.plugins = p } }

// New returns a resolver that knows the stores which are linked into every program: folders in MLflow's layout, by plain
// path or file: URI, SQLite databases of MLflow's schema, and MLflow's servers with the files that they serve. For other
// schemes it looks for a plugin on disk, which it starts when a store is opened. Close the resolver at the end to stop them.
// New fails when an option does, such as a second rule for a scheme, and when a variable of the environment cannot be
// understood.
func New(options ...Option) (*registry.Resolver, error) {
	s := setup{linked: []linked{
		{"sqlite", databases()},
		{"http", servers("http")},
		{"https", servers("https")},
		{"mlflow-artifacts", served()},
	}}
	for _, option := range options {
		option(&s)
	}
	if s.plugins.Logger == nil {
		s.plugins.Logger = slog.New(fromWarnings{slog.Default().Handler()})
	}
	s.linked = append([]linked{{"file", folders(s.plugins.Logger)}}, s.linked...)
	f, err := newFinder(s.plugins)
	if err != nil {
		return nil, err
	}
	r := registry.New(f)
	for _, l := range s.linked {
		if err := r.Handle(l.scheme, l.rule); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func folders(log *slog.Logger) registry.Rule {
	return registry.Rule{
		Opener: file.Opener{Report: (&skipped{log: log}).tell},
		Kinds:  []registry.Kind{registry.Tracking, registry.Artifacts, registry.Registry},
		Form:   "file:/path or a plain path", About: "folders in MLflow's layout", Origin: registry.LinkedIn,
	}
}

func databases() registry.Rule {
	return registry.Rule{
		Opener: sqlite.Opener{}, Kinds: []registry.Kind{registry.Tracking, registry.Registry},
		Form: "sqlite:///path or sqlite:////absolute/path", About: "a SQLite database of MLflow's schema", Origin: registry.LinkedIn,
	}
}

func servers(scheme string) registry.Rule {
	return registry.Rule{
		Opener: http.Opener{}, Kinds: []registry.Kind{registry.Tracking, registry.Registry, registry.Artifacts}, Mount: http.Mount,
		Form: scheme + "://host:port", About: "a server of MLflow's REST API", Origin: registry.LinkedIn,
	}
}

func served() registry.Rule {
	return registry.Rule{
		Opener: http.Opener{}, Kinds: []registry.Kind{registry.Artifacts}, Mount: http.Mount,
		Form: "mlflow-artifacts:/path", About: "files that the tracking server keeps", Origin: registry.LinkedIn,
	}
}
