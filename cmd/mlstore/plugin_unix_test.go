//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pluginText is a program that knows nothing but `describe`.
const pluginText = `#!/bin/sh
[ "$1" = describe ] || { echo >DIR/ran; exit 1; }
[ -z "$MLSTORE_SECRET" ] || exit 2
cat <<'END'
{"format": 1, "name": "NAME", "version": "1.0.0", "sdk": "sh/1", "contract": "1.0", "services": ["mlstore.artifact.v1"],
 "schemes": [{"scheme": "SCHEME", "kinds": ["artifacts"], "form": "SCHEME://host"}]}
END
`

// pluginShell has a home of its own and the program of a plugin in its directory.
func pluginShell(t *testing.T, name, scheme string) *shell {
	t.Helper()
	s := newShell(t)
	s.must(os.Chmod(s.dir, 0o755))
	s.env = append(s.env, "XDG_DATA_HOME="+filepath.Join(s.dir, "data"), "MLSTORE_SECRET=x")
	s.program(name, scheme)
	return s
}

func (s *shell) program(name, scheme string) {
	s.t.Helper()
	text := strings.NewReplacer("NAME", name, "SCHEME", scheme, "DIR", s.dir).Replace(pluginText)
	path := filepath.Join(s.dir, "mlstore-plugin-"+name)
	s.must(os.WriteFile(path, []byte(text), 0o755))
	s.must(os.Chmod(path, 0o755))
}

// list is what plugin list says.
func (s *shell) list() []pluginRow {
	s.t.Helper()
	var rows []pluginRow
	s.must(json.Unmarshal([]byte(s.ok("plugin", "list", "-o", "json")), &rows))
	return rows
}

func TestPluginIsInstalledListedVerifiedAndRemoved(t *testing.T) {
	t.Parallel()
	s := pluginShell(t, "toy", "toy")
	if r := s.run("plugin", "install", "./mlstore-plugin-toy"); r.code != exitNotFound || !strings.Contains(r.stderr, "--describe") {
		t.Errorf("without a manifest: %+v", r)
	}
	s.ok("plugin", "install", "--describe", "./mlstore-plugin-toy")
	rows := s.list()
	home := filepath.Join(s.dir, "data", "mlstore", "plugins")
	if len(rows) != 1 || rows[0].Name != "toy" || rows[0].State != "ready" || !rows[0].Pinned || !strings.HasPrefix(rows[0].File, home) {
		t.Fatalf("listed %+v", rows)
	}
	for _, want := range []string{"toy://host", "sha256", "mlstore.artifact.v1"} {
		if got := s.ok("plugin", "inspect", "toy"); !strings.Contains(got, want) {
			t.Errorf("inspect does not say %q:\n%s", want, got)
		}
	}
	if got := s.ok("plugin", "verify"); !strings.Contains(got, "yes") {
		t.Errorf("verify: %s", got)
	}
	if got := s.ok("plugin", "paths", "-o", "csv"); !strings.Contains(got, home+",yes") {
		t.Errorf("paths: %s", got)
	}

	installed := filepath.Join(home, "mlstore-plugin-toy")
	text, err := os.ReadFile(installed)
	s.must(err)
	s.must(os.WriteFile(installed, []byte(strings.Replace(string(text), "exit 1", "exit 7", 1)), 0o755))
	if r := s.run("plugin", "verify", "toy"); r.code != exitPlugin || !strings.Contains(r.stdout, "not the file that was installed") {
		t.Errorf("verify another program: %+v", r)
	}
	for _, uri := range []string{"toy://host", "toy://host/below"} { // and it is not started
		if r := s.run("artifacts", "list", "-u", uri); r.code != exitPlugin || !strings.Contains(r.stderr, "toy") {
			t.Errorf("use another program: %+v", r)
		}
	}
	if _, err := os.Stat(filepath.Join(s.dir, "ran")); err == nil {
		t.Error("the program that is not the one that was installed has run")
	}
	s.ok("plugin", "remove", "toy")
	if rows := s.list(); len(rows) != 0 {
		t.Errorf("after remove: %+v", rows)
	}
	if r := s.run("plugin", "remove", "toy"); r.code != exitNotFound {
		t.Errorf("remove it twice: %+v", r)
	}
	if r := s.run("plugin", "inspect", "toy"); r.code != exitNotFound {
		t.Errorf("inspect nobody: %+v", r)
	}
}

func TestPluginListSaysWhatIsNotUsed(t *testing.T) {
	t.Parallel()
	s := pluginShell(t, "toy", "toy")
	early := filepath.Join(s.dir, "early")
	s.must(os.Mkdir(early, 0o755))
	s.must(os.WriteFile(filepath.Join(early, "mlstore-plugin-broken.json"), []byte("{"), 0o644))
	s.must(os.WriteFile(filepath.Join(early, "mlstore-plugin-toy.json"), []byte(s.describe("toy")), 0o644))
	s.must(os.Rename(filepath.Join(s.dir, "mlstore-plugin-toy"), filepath.Join(early, "mlstore-plugin-toy")))
	s.program("toy", "toy")
	s.ok("plugin", "install", "--describe", "./mlstore-plugin-toy")
	s.env = append(s.env, "MLSTORE_PLUGIN_PATH="+early)
	states := map[string]string{}
	for _, row := range s.list() {
		states[row.Name+" "+row.State] = row.Reason
	}
	if len(states) != 3 || states["toy ready"] != "" || states["toy shadowed"] == "" || !strings.Contains(states["broken refused"], "JSON") {
		t.Errorf("listed %v", states)
	}
	if r := s.run("plugin", "verify"); r.code != exitPlugin {
		t.Errorf("verify what is not pinned: %+v", r)
	}
	s.env = append(s.env, "MLSTORE_PLUGIN_LOCKED=1")
	if rows := s.list(); rows[0].Name != "toy" || !rows[0].Pinned {
		t.Errorf("locked, the pinned one is not the one that is used: %+v", rows)
	}
}

// describe is what the program prints.
func (s *shell) describe(name string) string {
	s.t.Helper()
	text := strings.NewReplacer("NAME", name, "SCHEME", name).Replace(pluginText)
	_, text, _ = strings.Cut(text, "<<'END'\n")
	text, _, _ = strings.Cut(text, "END\n")
	return text
}

// A program that does not describe itself properly is no plugin, and the error says what it did.
func TestPluginInstallRefusesWhatDoesNotDescribeItself(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"echo oh no >&2; exit 3": "oh no",
		"echo hello":             "no proper JSON",
		"echo '{}'":              "format",
		"yes":                    "more than",
		"kill -9 $$":             "killed",
	} {
		s := pluginShell(t, "toy", "toy")
		s.must(os.WriteFile(filepath.Join(s.dir, "bad"), []byte("#!/bin/sh\n"+text+"\n"), 0o755))
		if r := s.run("plugin", "install", "--describe", "bad"); r.code != exitPlugin && r.code != exitUsage || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: exit %d, %s", text, r.code, r.stderr)
		}
		if rows := s.list(); len(rows) != 0 {
			t.Errorf("%s: installed %+v", text, rows)
		}
	}
}

func TestPluginListShowsAContestedScheme(t *testing.T) {
	t.Parallel()
	s := pluginShell(t, "one", "toy")
	s.program("two", "toy")
	s.ok("plugin", "install", "--describe", "./mlstore-plugin-one")
	s.ok("plugin", "install", "--describe", "./mlstore-plugin-two")
	for _, row := range s.list() {
		if row.State != "ambiguous" || !strings.Contains(row.Reason, `{"schemes": {"toy": "one"}}`) {
			t.Errorf("listed %+v", row)
		}
	}
	if r := s.run("conformance", "run", "toy://x"); r.code != exitPlugin || !strings.Contains(r.stderr, "plugins.json") {
		t.Errorf("a URI of the scheme: %+v", r)
	}
	settings := filepath.Join(s.dir, "data", "mlstore", "plugins", "plugins.json")
	s.must(os.WriteFile(settings, []byte(`{"schemes": {"toy": "two"}}`), 0o600))
	if rows := s.list(); rows[0].State != "ready" || rows[1].State != "ready" {
		t.Errorf("with the line: %+v", rows)
	}
	if got := s.ok("resolve", "toy://x"); !strings.Contains(got, "mlstore-plugin-two.json") {
		t.Errorf("with the line the URI means %s", got)
	}
}

func TestPluginNewRefusesNamesThatCannotBeSchemes(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, name := range []string{"file", "runs", "Upper", "../x"} {
		if r := s.run("plugin", "new", name, "--replace", "."); r.code != exitUsage {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if entries, err := os.ReadDir(s.dir); err != nil || len(entries) != 0 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}
