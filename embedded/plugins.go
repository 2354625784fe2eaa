package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/registry/discover"
	"github.com/mlstore/mlstore/registry/supervise"
)

// DevVariable names plugins under development, as in `name=/path/of/program,other=/path`: such a program is started in the
// place of whatever is installed under the name, and is held to no digest.
const DevVariable = "MLSTORE_PLUGIN_DEV"

// Plugins says where plugins are looked for and how they run. The zero value looks in the environment of this process and
// in the usual places.
type Plugins struct {
	Env     func(string) string // the environment; nil is this process's own
	Dirs    []string            // folders to search, in order; nil are those of package discover
	Logger  *slog.Logger        // hears what plugins log, and what of folders is skipped; nil is slog's default, from warnings on
	Timing  supervise.Timing
	TempDir string // for sockets; empty is the system's
}

// finder finds plugins on disk for the schemes that nobody has linked in, and starts them when they are used.
type finder struct {
	plugins  Plugins
	options  discover.Options
	override map[string]string // programs under development, by the names of plugins

	mu         sync.Mutex
	supervisor *supervise.Supervisor
	known      map[string]finding
}

// finding is a rule that was found, and when. It stands for a while, so that opening the roots of a thousand runs reads the
// folders once.
type finding struct {
	rule registry.Rule
	at   time.Time
}

const findingLasts = 5 * time.Second

func newFinder(p Plugins) (*finder, error) {
	if p.Env == nil {
		p.Env = os.Getenv
	}
	f := &finder{plugins: p, options: discover.Default(p.Env), known: map[string]finding{}}
	if p.Dirs != nil {
		f.options.Dirs = p.Dirs
	}
	var err error
	if f.override, err = parseDev(p.Env(DevVariable)); err != nil {
		return nil, err
	}
	attach, err := supervise.ParseAttach(p.Env(supervise.AttachVariable))
	if err != nil {
		return nil, err
	}
	o := supervise.Options{Logger: p.Logger, TempDir: p.TempDir, Timing: p.Timing, Attach: attach}
	if cache, err := os.UserCacheDir(); err == nil {
		o.Digests = filepath.Join(cache, "mlstore", "digests.json")
	}
	f.supervisor = supervise.New(o)
	return f, nil
}

// Close stops the plugins.
func (f *finder) Close() error { return f.supervisor.Close() }

// Find looks for the plugin that serves the scheme.
func (f *finder) Find(ctx context.Context, scheme string) (registry.Rule, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if found, ok := f.known[scheme]; ok && time.Since(found.at) < findingLasts {
		return found.rule, true, nil
	}
	c, err := f.candidate(ctx, scheme)
	if errors.Is(err, core.ErrNotFound) && core.ReasonOf(err) == discover.ReasonNotFound {
		return registry.Rule{}, false, nil // the resolver's error for an unknown scheme says what to do
	}
	if err != nil {
		return registry.Rule{}, false, err
	}
	rule := ruleOf(c, scheme, f.supervisor.Plugin(supervise.ProgramOf(c)))
	f.known[scheme] = finding{rule, time.Now()}
	return rule, true, nil
}

// candidate is the plugin under development or that is installed.
func (f *finder) candidate(ctx context.Context, scheme string) (discover.Candidate, error) {
	var broken error // a program under development that does not start stands in the way of no other plugin
	for _, name := range slices.Sorted(maps.Keys(f.override)) {
		path := f.override[name]
		c, err := f.developed(ctx, name, path)
		broken = errors.Join(broken, err)
		if c.Serves(scheme, "") {
			f.plugins.Logger.LogAttrs(ctx, slog.LevelWarn, "a plugin under development is used, whose program nothing verifies",
				slog.String("plugin", name), slog.String("program", path), slog.String("variable", DevVariable))
			return c, nil
		}
	}
	found, err := discover.Find(ctx, f.options)
	if err != nil {
		return discover.Candidate{}, err
	}
	c, err := found.For(scheme, "")
	if err != nil && broken != nil {
		return c, broken
	}
	return c, err
}

// developed asks a program under development what it is.
func (f *finder) developed(ctx context.Context, name, path string) (discover.Candidate, error) {
	manifest, err := f.supervisor.Plugin(supervise.Program{Name: name, Path: path}).Describe(ctx)
	if err != nil {
		return discover.Candidate{}, fmt.Errorf("%s=%s=%s: %w", DevVariable, name, path, err)
	}
	return discover.Candidate{Manifest: manifest, File: path, Path: path, Dir: filepath.Dir(path)}, nil
}

// ruleOf is how the resolver opens the URIs of a plugin's scheme.
func ruleOf(c discover.Candidate, scheme string, opener core.Opener) registry.Rule {
	rule := registry.Rule{Opener: opener, Origin: c.File}
	i := slices.IndexFunc(c.Manifest.Schemes, func(s core.ManifestScheme) bool { return s.Scheme == scheme })
	if i < 0 {
		return rule
	}
	described := c.Manifest.Schemes[i]
	rule.Form, rule.About = described.Form, described.About
	if slices.ContainsFunc(described.Options, isLocal) {
		rule.Opener = atHome{opener, described.Options}
	}
	for _, kind := range described.Kinds {
		rule.Kinds = append(rule.Kinds, registry.Kind(kind))
	}
	rule.Bare = rule.Offers(registry.Projects)
	if described.RootShared {
		rule.Mount = registry.ByAuthority
	}
	return rule
}

// parseDev reads the value of DevVariable.
func parseDev(text string) (map[string]string, error) {
	programs := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		name, path, found := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case part == "":
		case !found || !core.ManifestName(name) || !filepath.IsAbs(path):
			return nil, core.Invalid(DevVariable, "%s=%s is not of the form name=/path/of/program,…: the path must be absolute",
				DevVariable, text)
		default:
			programs[name] = filepath.Clean(path)
		}
	}
	return programs, nil
}

// fromWarnings is a handler that hears nothing below a warning: what plugins tell of their work is not the user's business.
type fromWarnings struct{ slog.Handler }

func (h fromWarnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

func (h fromWarnings) WithAttrs(a []slog.Attr) slog.Handler {
	return fromWarnings{h.Handler.WithAttrs(a)}
}

func (h fromWarnings) WithGroup(name string) slog.Handler {
	return fromWarnings{h.Handler.WithGroup(name)}
}
