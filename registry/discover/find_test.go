//go:build unix

package discover_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/discover"
)

func TestFindReadsFoldersInOrder(t *testing.T) {
	t.Parallel()
	first, second := folder(t), folder(t)
	put(t, first, manifest("b", "b"))
	put(t, second, manifest("a", "a"))
	put(t, second, manifest("b", "b"))
	write(t, filepath.Join(second, "other.json"), "{", 0o644)
	write(t, filepath.Join(second, "mlstore-plugin-UPPER.json"), "{", 0o644)
	found := find(t, first, second, first, filepath.Join(second, "nowhere"))
	var got []string
	for _, c := range found.Plugins {
		got = append(got, c.Path)
	}
	want := []string{filepath.Join(second, "mlstore-plugin-a"), filepath.Join(first, "mlstore-plugin-b")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plugins (-want +got):\n%s", diff)
	}
	if len(found.Shadowed) != 1 || found.Shadowed[0].Dir != second || len(found.Rejected) != 0 {
		t.Errorf("shadowed %v, rejected %v", found.Shadowed, found.Rejected)
	}
}

// Each of these is refused with a word of the reason, and its neighbour works.
func TestABadPluginIsQuarantined(t *testing.T) {
	t.Parallel()
	file := func(dir, name string) string { return filepath.Join(dir, name) }
	text := func(text string) func(string) error {
		return func(dir string) error { return os.WriteFile(file(dir, "mlstore-plugin-bad.json"), []byte(text), 0o644) }
	}
	change := func(edit func(*core.Manifest)) func(string) error {
		m := manifest("bad", "bad")
		edit(&m)
		return text(string(encode(t, m)))
	}
	cases := map[string]struct {
		spoil func(dir string) error
		word  string
	}{
		"no JSON":             {text("{"), "no proper JSON"},
		"empty":               {text(""), "no proper JSON"},
		"an array":            {text("[]"), "cannot be read"},
		"two manifests":       {text("{} {}"), "follows its end"},
		"a field twice":       {text(`{"format": 1, "Format": 1}`), "twice"},
		"nested":              {text(strings.Repeat("[", 100) + strings.Repeat("]", 100)), "too deeply"},
		"huge":                {text(`{"name": "` + strings.Repeat("x", 300<<10) + `"}`), "longer than"},
		"no UTF-8":            {text("{\"name\": \"\xff\"}"), "UTF-8"},
		"another's name":      {change(func(m *core.Manifest) { m.Name = "other" }), `"other"`},
		"a path for a name":   {change(func(m *core.Manifest) { m.Name = "../bad" }), "name"},
		"a newer format":      {change(func(m *core.Manifest) { m.Format = 2 }), "this release reads 1"},
		"a newer contract":    {change(func(m *core.Manifest) { m.Contract = "2.0" }), "is 2.0, and this release speaks " + core.ContractVersion},
		"no scheme":           {change(func(m *core.Manifest) { m.Schemes = nil }), "schemes"},
		"an odd scheme":       {change(func(m *core.Manifest) { m.Schemes[0].Scheme = "../../bin/sh" }), "scheme"},
		"a kind of its own":   {change(func(m *core.Manifest) { m.Schemes[0].Kinds = []string{"traces"} }), "kinds"},
		"runs:":               {change(func(m *core.Manifest) { m.Schemes[0].Scheme = "runs" }), "no plugin serves"},
		"all variables":       {change(func(m *core.Manifest) { m.Env = []string{"*"} }), "env[0]"},
		"a steering text":     {change(func(m *core.Manifest) { m.Schemes[0].About = "\x1b[2J" }), "control"},
		"a command above":     {change(func(m *core.Manifest) { m.Command = []string{"../sh"} }), "command[0]"},
		"an absolute command": {change(func(m *core.Manifest) { m.Command = []string{"/bin/sh"} }), "command[0]"},
		"a command of nobody": {change(func(m *core.Manifest) { m.Command = []string{"nobody"} }), "no such file"},
		"a missing program":   {func(dir string) error { return os.Remove(file(dir, "mlstore-plugin-bad")) }, "no such file"},
		"no program bit":      {func(dir string) error { return os.Chmod(file(dir, "mlstore-plugin-bad"), 0o644) }, "chmod +x"},
		"others may write it": {func(dir string) error { return os.Chmod(file(dir, "mlstore-plugin-bad"), 0o775) }, "chmod go-w"},
		"setuid":              {func(dir string) error { return os.Chmod(file(dir, "mlstore-plugin-bad"), 0o755|os.ModeSetuid) }, "chmod ug-s"},
		"a writable manifest": {func(dir string) error { return os.Chmod(file(dir, "mlstore-plugin-bad.json"), 0o666) }, "chmod go-w"},
		"a symbolic link": {func(dir string) error {
			return errors.Join(os.Remove(file(dir, "mlstore-plugin-bad")), os.Symlink("/bin/sh", file(dir, "mlstore-plugin-bad")))
		}, "symbolic link"},
		"a linked folder on the way": {func(dir string) error {
			linked := change(func(m *core.Manifest) { m.Command = []string{"bin/sh"} })
			return errors.Join(os.Symlink("/bin", file(dir, "bin")), linked(dir))
		}, "symbolic link"},
		"a folder for a program": {func(dir string) error {
			return errors.Join(os.Remove(file(dir, "mlstore-plugin-bad")), os.Mkdir(file(dir, "mlstore-plugin-bad"), 0o755))
		}, "no regular file"},
		"a pipe for a manifest": {func(dir string) error {
			return errors.Join(os.Remove(file(dir, "mlstore-plugin-bad.json")), syscall.Mkfifo(file(dir, "mlstore-plugin-bad.json"), 0o644))
		}, "no regular file"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			put(t, dir, manifest("bad", "bad"))
			put(t, dir, manifest("good", "good"))
			must(t, c.spoil(dir))
			found := find(t, dir)
			if len(found.Plugins) != 1 || found.Plugins[0].Name() != "good" {
				t.Errorf("plugins %v", found.Plugins)
			}
			if len(found.Rejected) != 1 || found.Rejected[0].Name != "bad" || !strings.Contains(found.Rejected[0].Err.Error(), c.word) {
				t.Errorf("rejected %+v, want bad with %q in its reason", found.Rejected, c.word)
			}
		})
	}
}

func TestAFolderOfEverybodyHasNoPlugins(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(dir string) error{
		"itself":  func(dir string) error { return os.Chmod(dir, 0o775) },
		"a above": func(dir string) error { return os.Chmod(filepath.Dir(dir), 0o777) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(folder(t), "plugins")
			put(t, dir, manifest("a", "a"))
			must(t, spoil(dir))
			found := find(t, dir)
			if len(found.Plugins) != 0 || len(found.Rejected) != 1 || !errors.Is(found.Rejected[0].Err, core.ErrPermission) {
				t.Errorf("%+v", found)
			}
		})
	}
}

func TestRelativeFoldersAreRefused(t *testing.T) {
	t.Parallel()
	found := find(t, "plugins")
	if len(found.Rejected) != 1 || !errors.Is(found.Rejected[0].Err, core.ErrInvalid) {
		t.Errorf("%+v", found)
	}
}

func TestACommandBelowTheFolder(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	m := manifest("script", "script")
	m.Command = []string{"bin/run.py", "--serve"}
	put(t, dir, m)
	write(t, filepath.Join(dir, "bin", "run.py"), "#!/usr/bin/env python3\n", 0o755)
	c, err := find(t, dir).Named("script")
	must(t, err)
	if c.Path != filepath.Join(dir, "bin", "run.py") || len(c.Args) != 1 || c.Size != 23 {
		t.Errorf("%+v", c)
	}
	must(t, os.Chmod(filepath.Join(dir, "bin"), 0o777))
	if _, err := find(t, dir).Named("script"); !errors.Is(err, core.ErrState) || core.ReasonOf(err) != discover.ReasonRefused {
		t.Errorf("a folder on the way that everybody may write: %v", err)
	}
}

func TestOnlyPinnedPluginsWhenLocked(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	put(t, dir, manifest("a", "a"))
	found, err := discover.Find(t.Context(), discover.Options{Dirs: []string{dir}, Locked: true})
	must(t, err)
	if len(found.Plugins) != 0 || len(found.Rejected) != 1 || !strings.Contains(found.Rejected[0].Err.Error(), "plugin install") {
		t.Errorf("%+v", found)
	}
}

func TestDirsOfTheEnvironment(t *testing.T) {
	t.Parallel()
	env := map[string]string{"MLSTORE_PLUGIN_PATH": "/a:relative:", "XDG_DATA_HOME": "/data", "MLSTORE_PLUGIN_LOCKED": "1", "PATH": "/bin"}
	p := discover.Places{Env: func(name string) string { return env[name] }, Executable: "/opt/bin/mlstore"}
	want := []string{"/a", "relative", "/data/mlstore/plugins", "/opt/bin/plugins", "/opt/bin"}
	if diff := cmp.Diff(want, p.Dirs()); diff != "" {
		t.Errorf("folders (-want +got):\n%s", diff)
	}
	if !p.Locked() || (discover.Places{}).Locked() || len((discover.Places{}).Dirs()) != 0 {
		t.Error("what the environment says is lost, or what it does not say is found")
	}
	if here := discover.Default(os.Getenv); len(here.Dirs) < 2 {
		t.Errorf("folders of this process: %q", here.Dirs)
	}
}
