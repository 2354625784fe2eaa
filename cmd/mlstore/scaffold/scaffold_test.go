package scaffold_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/cmd/mlstore/scaffold"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
)

// What is written builds at once and passes the suite linked, over the wire and as a process.
func TestWhatIsWrittenPassesTheSuite(t *testing.T) {
	t.Parallel()
	dir := written(t, scaffold.Kinds())
	run(t, dir, "make", "build", "test")
	for _, file := range []string{"README.md", ".github/workflows/ci.yml", "build/mlstore-plugin-note-book.json"} {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil || strings.Contains(string(text), "<<") {
			t.Errorf("%s: %v\n%s", file, err, text)
		}
	}
}

// A plugin of one kind alone has nothing of the others.
func TestEachKindCompilesAlone(t *testing.T) {
	t.Parallel()
	for _, kind := range scaffold.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			dir := written(t, []string{kind})
			run(t, dir, "go", "vet", ".")
			files, err := filepath.Glob(filepath.Join(dir, "*.go"))
			if err != nil || len(files) < 4 || len(files) > 5 {
				t.Errorf("it has %q, %v", files, err)
			}
		})
	}
}

// written is the folder of a new plugin.
func written(t *testing.T, kinds []string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new")
	if err := scaffold.Write(dir, scaffold.Options{Name: "note-book", Kinds: kinds, Replace: testenv.Root(t)}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a program in the folder, without asking any server for modules.
func run(t *testing.T, dir string, program ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program[0], program[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", program, err, out)
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dir     string
		options scaffold.Options
		want    error
	}{
		"no name":          {t.TempDir(), scaffold.Options{Kinds: []string{"tracking"}, Version: "v1.0.0"}, core.ErrInvalid},
		"a path as a name": {t.TempDir(), scaffold.Options{Name: "../x", Kinds: []string{"tracking"}, Version: "v1.0.0"}, core.ErrInvalid},
		"no kind":          {t.TempDir(), scaffold.Options{Name: "x", Version: "v1.0.0"}, core.ErrInvalid},
		"a strange kind":   {t.TempDir(), scaffold.Options{Name: "x", Kinds: []string{"traces"}, Version: "v1.0.0"}, core.ErrInvalid},
		"no version":       {t.TempDir(), scaffold.Options{Name: "x", Kinds: []string{"tracking"}}, core.ErrInvalid},
		"a full folder":    {full, scaffold.Options{Name: "x", Kinds: []string{"tracking"}, Version: "v1.0.0"}, core.ErrExists},
		"no checkout":      {t.TempDir(), scaffold.Options{Name: "x", Kinds: []string{"tracking"}, Replace: full}, os.ErrNotExist},
	} {
		if err := scaffold.Write(c.dir, c.options); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if entries, err := os.ReadDir(full); err != nil || len(entries) != 1 {
		t.Errorf("the full folder has %v, %v", entries, err)
	}
}

func TestWriteRequiresARelease(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	err := scaffold.Write(dir, scaffold.Options{Name: "x", Kinds: []string{"tracking"}, Version: "v1.2.3", Module: "example.org/x"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	want := "module example.org/x\n\ngo 1.26.0\n\nrequire github.com/mlstore/mlstore v1.2.3\n"
	if err != nil || string(text) != want {
		t.Errorf("go.mod is %q, %v, want %q", text, err, want)
	}
}
