//go:build unix

package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/boundary"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/registry/supervise"
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
	t.Run("PL-031", func(t *testing.T) {
		t.Parallel()
		toCome := filepath.Join(t.TempDir(), "mlstore-plugin-example")
		// By another process: a file that this one has just written may be held open by a program that is being started.
		write := exec.CommandContext(t.Context(), "install", "-m", "700", "/dev/stdin", toCome)
		write.Stdin = strings.NewReader("#!/bin/sh\necho '1|2|unix|/nowhere|grpc'\nread line\n")
		if out, err := write.CombinedOutput(); err != nil {
			t.Fatalf("write the program: %v\n%s", err, out)
		}
		olderAndNewer(t, map[int]string{-1: oldPlugin, 0: newPlugin, 1: toCome})
	})
}

// olderAndNewer runs the case of the suite on programs of the example, by how much newer their wire is than the host's.
func olderAndNewer(t *testing.T, programs map[int]string) {
	t.Helper()
	plugins := supervise.New(supervise.Options{})
	t.Cleanup(func() {
		if err := plugins.Close(); err != nil {
			t.Error(err)
		}
	})
	open := func(c conformance.T, newer int) (core.TrackingStore, error) {
		uri, err := core.ParseURI("example://" + strings.ToLower(rand.Text()))
		conformance.NoError(c, "reading the URI", err)
		program := supervise.Program{Name: "example", Path: programs[newer]}
		b, err := plugins.Plugin(program).Open(c.Context(), core.OpenRequest{URI: uri})
		if err != nil {
			return nil, err
		}
		return client.Complete(c.Context(), b.Tracking)
	}
	suite := boundary.Tracking(boundary.Hooks[core.TrackingStore]{Version: open})
	harness := conformance.Harness[core.TrackingStore]{
		Transport: conformance.Process,
		Open: func(c conformance.T) core.TrackingStore {
			s, err := open(c, 0)
			conformance.NoError(c, "opening the plugin", err)
			return s
		},
	}
	r := conformance.Run(t.Context(), suite, harness, conformance.Options{Only: []string{"PL-031"}})
	if len(r.Results) != 1 || r.Results[0].Verdict != conformance.Pass {
		t.Errorf("%s: %+v", r.Summary(), r.Results)
	}
}
