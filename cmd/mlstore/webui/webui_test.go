package webui_test

import (
	"archive/zip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/cmd/mlstore/webui"
	"github.com/mlstore/mlstore/core"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// part is an entry of a wheel.
type part struct {
	name, content string
	mode          fs.FileMode
}

const build = "mlflow/server/js/build/"

var page = []part{
	{name: "mlflow/__init__.py", content: "raise SystemExit"},
	{name: build + "index.html", content: "<!doctype html>"},
	{name: build + "static/js/main.js", content: "main()"},
	{name: build + "static/css/", content: ""},
}

// wheel writes a wheel into a new folder.
func wheel(t *testing.T, parts ...part) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "mlflow-0.0.0-py3-none-any.whl")
	f, err := os.Create(name)
	must(t, err)
	w := zip.NewWriter(f)
	for _, p := range parts {
		header := &zip.FileHeader{Name: p.name, Method: zip.Deflate}
		if p.mode != 0 {
			header.SetMode(p.mode)
		}
		to, err := w.CreateHeader(header)
		must(t, err)
		_, err = io.WriteString(to, p.content)
		must(t, err)
	}
	must(t, w.Close())
	must(t, f.Close())
	return name
}

// tree is what lies in a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	must(t, fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		found[name] = string(text)
		return err
	}))
	return found
}

var want = map[string]string{"index.html": "<!doctype html>", "static/js/main.js": "main()"}

func TestFromWheel(t *testing.T) {
	t.Parallel()
	into := filepath.Join(t.TempDir(), "new", "ui")
	from := wheel(t, page...)
	for range 2 { // the second time it is replaced
		got, err := webui.FromWheel(t.Context(), from, into)
		must(t, err)
		if diff := cmp.Diff(webui.Fetched{From: from, Into: into, Files: 2, Bytes: 21}, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(want, tree(t, into)); diff != "" {
			t.Error(diff)
		}
		must(t, os.WriteFile(filepath.Join(into, "old"), nil, 0o600))
	}
	if entries, err := os.ReadDir(filepath.Dir(into)); err != nil || len(entries) != 1 {
		t.Errorf("left over: %v, %v", entries, err)
	}
}

func TestFromFolder(t *testing.T) {
	t.Parallel()
	site := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(site, build, "static", "js"), 0o700))
	for name, text := range want {
		must(t, os.WriteFile(filepath.Join(site, build, name), []byte(text), 0o600))
	}
	for _, folder := range []string{site, filepath.Join(site, "mlflow"), filepath.Join(site, build)} {
		into := filepath.Join(t.TempDir(), "ui")
		_, err := webui.FromFolder(t.Context(), folder, into)
		must(t, err)
		if diff := cmp.Diff(want, tree(t, into)); diff != "" {
			t.Error(diff)
		}
		info, err := os.Stat(filepath.Join(into, "index.html"))
		must(t, err)
		if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o133 != 0 {
			t.Errorf("mode %v", mode)
		}
	}
	must(t, os.Symlink("/etc/passwd", filepath.Join(site, build, "static", "link")))
	if _, err := webui.FromFolder(t.Context(), site, filepath.Join(t.TempDir(), "ui")); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("a link was followed: %v", err)
	}
	if _, err := webui.FromFolder(t.Context(), t.TempDir(), filepath.Join(t.TempDir(), "ui")); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("an empty folder: %v", err)
	}
}

// The archives of the attack catalogue (Z01 to Z14): refused whole, and nothing is left.
func TestHostileWheels(t *testing.T) {
	t.Parallel()
	tests := map[string][]part{
		"climbs":         {{name: build + "../../../../../x", content: "x"}},
		"climbs inside":  {{name: build + "a/../b", content: "x"}},
		"absolute":       {{name: build + "/etc/x", content: "x"}},
		"backslash":      {{name: build + `..\x`, content: "x"}},
		"drive":          {{name: build + `C:x`, content: "x"}},
		"encoded":        {{name: build + "%2e%2e/x", content: "x"}},
		"link":           {{name: build + "l", content: "/etc", mode: fs.ModeSymlink | 0o777}},
		"link and below": {{name: build + "l", content: "/etc", mode: fs.ModeSymlink | 0o777}, {name: build + "l/x", content: "x"}},
		"device":         {{name: build + "d", mode: fs.ModeDevice | 0o600}},
		"pipe":           {{name: build + "p", mode: fs.ModeNamedPipe | 0o600}},
		"twice":          {{name: build + "a", content: "1"}, {name: build + "a", content: "2"}},
		"below a file":   {{name: build + "a", content: "1"}, {name: build + "a/b", content: "2"}},
		"bomb":           {{name: build + "bomb", content: strings.Repeat("\x00", 8<<20)}},
		"no page":        {},
	}
	for name, parts := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := slices.Concat(page, parts)
			if name == "no page" {
				all = page[:1]
			}
			dir := t.TempDir()
			_, err := webui.FromWheel(t.Context(), wheel(t, all...), filepath.Join(dir, "ui"))
			if !errors.Is(err, core.ErrInvalid) && !errors.Is(err, core.ErrNotFound) {
				t.Errorf("error %v", err)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
				t.Errorf("left over: %v, %v", entries, err)
			}
		})
	}
	broken := filepath.Join(t.TempDir(), "x.whl")
	must(t, os.WriteFile(broken, []byte("no zip"), 0o600))
	for _, name := range []string{broken, broken + ".not.there"} {
		if _, err := webui.FromWheel(t.Context(), name, filepath.Join(t.TempDir(), "ui")); !errors.Is(err, core.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOtherFoldersStay(t *testing.T) {
	t.Parallel()
	into := t.TempDir()
	must(t, os.WriteFile(filepath.Join(into, "thesis.tex"), []byte("x"), 0o600))
	if _, err := webui.FromWheel(t.Context(), wheel(t, page...), into); !errors.Is(err, core.ErrExists) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(map[string]string{"thesis.tex": "x"}, tree(t, into)); diff != "" {
		t.Error(diff)
	}
}
