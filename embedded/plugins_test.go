package embedded_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/registry/supervise"
)

// pluginDir is a folder with the example plugin and its manifest.
func pluginDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "mlstore-plugin-example")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/mlstore/mlstore/sdk/example/cmd/mlstore-plugin-example")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the example: %v\n%s", err, out)
	}
	manifest, err := exec.CommandContext(t.Context(), program, "describe").Output()
	check(t, err)
	check(t, os.WriteFile(program+".json", manifest, 0o600))
	return dir
}

func resolver(t *testing.T, p embedded.Plugins) *registry.Resolver {
	t.Helper()
	r, err := embedded.New(embedded.WithPlugins(p))
	check(t, err)
	t.Cleanup(func() { check(t, r.Close()) })
	return r
}

// tracks uses a tracking store of the example.
func tracks(t *testing.T, r *registry.Resolver) {
	t.Helper()
	uri, err := core.ParseURI("example://notes")
	check(t, err)
	s, err := r.Tracking(t.Context(), uri, registry.Settings{})
	check(t, err)
	_, err = s.CreateExperiment(t.Context(), core.ExperimentSpec{Name: "first"})
	check(t, err)
	page, err := s.SearchExperiments(t.Context(), core.ExperimentQuery{Filter: "name = 'first'"})
	check(t, err)
	if len(page.Items) != 1 {
		t.Errorf("found %d experiments, want 1", len(page.Items))
	}
	check(t, s.Close())
}

func noVariable(string) string { return "" }

func TestAPluginOnDiskServesItsScheme(t *testing.T) {
	t.Parallel()
	dir := pluginDir(t)
	check(t, os.WriteFile(filepath.Join(dir, "mlstore-plugin-bad.json"), []byte("{"), 0o600))
	r := resolver(t, embedded.Plugins{Env: noVariable, Dirs: []string{dir}})
	tracks(t, r)
	uri, err := core.ParseURI("example://notes")
	check(t, err)
	_, err = r.Registry(t.Context(), uri, registry.Settings{})
	if !errors.Is(err, core.ErrUnsupported) {
		t.Errorf("a registry of a plugin that has none: %v, want ErrUnsupported", err)
	}
	explained, err := r.Explain(t.Context(), uri, registry.Settings{})
	check(t, err)
	if !strings.Contains(explained.Origin, "mlstore-plugin-example") {
		t.Errorf("the explanation does not name the plugin: %+v", explained)
	}
}

func TestWithoutAPluginTheErrorNamesTheFix(t *testing.T) {
	t.Parallel()
	r := resolver(t, embedded.Plugins{Env: noVariable, Dirs: []string{t.TempDir()}})
	uri, err := core.ParseURI("example://notes")
	check(t, err)
	_, err = r.Tracking(t.Context(), uri, registry.Settings{})
	if !errors.Is(err, core.ErrInvalid) || !strings.Contains(err.Error(), "plugin") {
		t.Errorf("got %v, want ErrInvalid that speaks of plugins", err)
	}
}

func TestAPluginUnderDevelopment(t *testing.T) {
	t.Parallel()
	dir := pluginDir(t)
	path := filepath.Join(dir, "mlstore-plugin-example")
	dev := func(text string) embedded.Plugins {
		return embedded.Plugins{Dirs: []string{dir}, Env: func(name string) string {
			if name == embedded.DevVariable {
				return text
			}
			return ""
		}}
	}
	r := resolver(t, dev("example="+path))
	tracks(t, r)
	uri, err := core.ParseURI("example://notes")
	check(t, err)
	explained, err := r.Explain(t.Context(), uri, registry.Settings{})
	check(t, err)
	if explained.Origin != path {
		t.Errorf("the store comes from %s, want %s", explained.Origin, path)
	}
	tracks(t, resolver(t, dev("other=/nowhere/at/all"))) // the installed one works beside it
	uri, err = core.ParseURI("other://notes")
	check(t, err)
	_, err = resolver(t, dev("other=/nowhere/at/all")).Tracking(t.Context(), uri, registry.Settings{})
	if core.ReasonOf(err) != supervise.ReasonNotFound || !strings.Contains(err.Error(), embedded.DevVariable) {
		t.Errorf("got %v, want %s that names the variable", err, supervise.ReasonNotFound)
	}
	for _, bad := range []string{"example", "example=relative/path", "Ex ample=/path"} {
		if _, err := embedded.New(embedded.WithPlugins(dev(bad))); !errors.Is(err, core.ErrInvalid) {
			t.Errorf("%q: %v, want ErrInvalid", bad, err)
		}
	}
}
