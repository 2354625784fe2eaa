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

// What is written builds at once and passes the suite linked, over the wire and as a process, whatever kinds it has.
func TestWhatIsWrittenPassesTheSuite(t *testing.T) {
	t.Parallel()
	for _, kinds := range []string{"tracking", "artifact", "tracking,artifact"} {
		t.Run(kinds, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "new")
			err := scaffold.Write(dir, scaffold.Options{Name: "note-book", Kinds: strings.Split(kinds, ","), Replace: testenv.Root(t)})
			if err != nil {
				t.Fatal(err)
			}
			for _, target := range []string{"build", "test"} {
				cmd := exec.CommandContext(t.Context(), "make", target)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod")
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("make %s: %v\n%s", target, err, out)
				}
			}
			for _, file := range []string{"README.md", ".github/workflows/ci.yml", "build/mlstore-plugin-note-book.json"} {
				text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
				if err != nil || strings.Contains(string(text), "<<") {
					t.Errorf("%s: %v\n%s", file, err, text)
				}
			}
		})
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
