//go:build unix

package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// released unpacks the sources of the last release and builds the command and the example from them: a plugin that
// somebody has, and a host that somebody runs. tools/snapshot made the archive.
func released(t *testing.T) (host, plugin string) {
	t.Helper()
	dir := t.TempDir()
	unpack(t, filepath.Join("testdata", "released.tar.gz"), dir)
	bin := filepath.Join(dir, "bin") + string(filepath.Separator)
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/mlstore", "./sdk/example/cmd/mlstore-plugin-example")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the last release: %v\n%s", err, out)
	}
	return bin + "mlstore", bin + "mlstore-plugin-example"
}

func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(unzipped); ; {
		entry, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, filepath.FromSlash(entry.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReleasedAndNewMeet: a plugin of the last release works on this host, and this plugin on the host of the last release
// (PL-031).
func TestReleasedAndNewMeet(t *testing.T) {
	t.Parallel()
	oldHost, oldPlugin := released(t)
	newPlugin := filepath.Join(t.TempDir(), "mlstore-plugin-example")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", newPlugin, "../../sdk/example/cmd/mlstore-plugin-example")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the example: %v\n%s", err, out)
	}
	for name, pair := range map[string][2]string{
		"released plugin, new host": {os.Getenv(binaryVariable), oldPlugin},
		"new plugin, released host": {oldHost, newPlugin},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			cmd := exec.CommandContext(t.Context(), pair[0], "conformance", "run", "--plugin", pair[1], "example://compat")
			cmd.Dir, cmd.Env = s.dir, s.env
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), " pass, 0 fail, 0 error") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
