//go:build unix

package discover_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/discover"
)

func TestInstallPinsWhatItCopies(t *testing.T) {
	t.Parallel()
	ctx, home := t.Context(), filepath.Join(folder(t), "mlstore", "plugins")
	program := filepath.Join(t.TempDir(), "built")
	write(t, program, "#!/bin/sh\nexit 1\n", 0o755)
	c, err := discover.Install(ctx, home, discover.Source{Program: program, Manifest: encode(t, manifest("a", "a"))})
	must(t, err)
	digest, size, err := discover.Digest(ctx, program)
	must(t, err)
	if c.Digest != digest || c.Size != size || c.Path != filepath.Join(home, "mlstore-plugin-a") {
		t.Errorf("installed %+v, want digest %s", c, digest)
	}
	found, err := find(t, home).Named("a")
	must(t, err)
	if diff := cmp.Diff(c, found, cmp.AllowUnexported(discover.Candidate{})); diff != "" {
		t.Errorf("found (-installed +found):\n%s", diff)
	}
	must(t, discover.Verify(ctx, found))

	write(t, c.Path, "#!/bin/sh\nexit 2\n", 0o755) // the same size
	if err := discover.Verify(ctx, found); !errors.Is(err, core.ErrState) || core.ReasonOf(err) != discover.ReasonChecksum {
		t.Errorf("verify another program: %v", err)
	}
	write(t, c.Path, "longer than it was, by far", 0o755)
	if _, err := find(t, home).Named("a"); !strings.Contains(err.Error(), "install again") {
		t.Errorf("find a longer program: %v", err)
	}
	_, err = discover.Install(ctx, home, discover.Source{Program: program, Manifest: encode(t, manifest("a", "a"))})
	must(t, err)
	write(t, c.File, string(encode(t, manifest("a", "b"))), 0o644)
	if _, err := find(t, home).For("b", ""); core.ReasonOf(err) != discover.ReasonRefused {
		t.Errorf("find a changed manifest: %v", err)
	}

	must(t, discover.Remove(ctx, home, "a"))
	entries, err := os.ReadDir(home)
	if err != nil || len(entries) != 1 || entries[0].Name() != "plugins.lock" {
		t.Errorf("what is left: %v, %v", entries, err)
	}
	if err := discover.Remove(ctx, home, "a"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("remove it twice: %v", err)
	}
}

func TestAStrangerInALockedFolderIsRefused(t *testing.T) {
	t.Parallel()
	ctx, home := t.Context(), folder(t)
	put(t, home, manifest("stranger", "x"))
	stranger, err := find(t, home).Named("stranger")
	must(t, err)
	if err := discover.Verify(ctx, stranger); !errors.Is(err, core.ErrState) {
		t.Errorf("verify what no lock file pins: %v", err)
	}
	_, err = discover.Install(ctx, home, discover.Source{Program: stranger.Path, Manifest: encode(t, manifest("own", "own"))})
	must(t, err)
	if _, err := find(t, home).For("x", ""); core.ReasonOf(err) != discover.ReasonRefused {
		t.Errorf("a plugin that the lock file does not name: %v", err)
	}
	if err := discover.Remove(ctx, home, "stranger"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("remove what was not installed: %v", err)
	}
}

func TestAScriptIsInstalledUnderItsPluginsName(t *testing.T) {
	t.Parallel()
	m := manifest("script", "script")
	m.Command = []string{"dist/store.pyz", "--quiet"}
	program := filepath.Join(t.TempDir(), "store.pyz")
	write(t, program, "#!/usr/bin/env python3\n", 0o644)
	home := folder(t)
	_, err := discover.Install(t.Context(), home, discover.Source{Program: program, Manifest: encode(t, m)})
	must(t, err)
	c, err := find(t, home).For("script", "")
	must(t, err)
	if c.Path != filepath.Join(home, "mlstore-plugin-script") || len(c.Args) != 1 || c.Args[0] != "--quiet" {
		t.Errorf("installed %+v", c)
	}
}

// Of installations at the same time each one's pin stays.
func TestInstallationsWaitForEachOther(t *testing.T) {
	t.Parallel()
	home := folder(t)
	program := filepath.Join(t.TempDir(), "built")
	write(t, program, "#!/bin/sh\n", 0o755)
	var all sync.WaitGroup
	for _, name := range strings.Split("abcdefgh", "") {
		all.Go(func() {
			if _, err := discover.Install(t.Context(), home, discover.Source{Program: program, Manifest: encode(t, manifest(name, name))}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if found := find(t, home); len(found.Plugins) != 8 || len(found.Rejected) != 0 {
		t.Errorf("%d plugins, rejected %v", len(found.Plugins), found.Rejected)
	}
}

func TestInstallRefusals(t *testing.T) {
	t.Parallel()
	home := folder(t)
	program := filepath.Join(t.TempDir(), "built")
	write(t, program, "#!/bin/sh\n", 0o755)
	good := encode(t, manifest("a", "a"))
	if _, err := discover.Install(t.Context(), home, discover.Source{Program: program, Manifest: []byte("{}")}); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("a bad manifest: %v", err)
	}
	if _, err := discover.Install(t.Context(), home, discover.Source{Program: home, Manifest: good}); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("a folder for a program: %v", err)
	}
	if _, err := discover.Install(t.Context(), home, discover.Source{Program: program + "x", Manifest: good}); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("no program: %v", err)
	}
	if _, err := discover.Install(t.Context(), "plugins", discover.Source{Program: program, Manifest: good}); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("a relative folder: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := discover.Install(ended, home, discover.Source{Program: program, Manifest: good}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if entries, err := os.ReadDir(home); err != nil || len(entries) != 0 {
		t.Errorf("refused installations leave %v, %v", entries, err)
	}
	must(t, os.Chmod(home, 0o777))
	if _, err := discover.Install(t.Context(), home, discover.Source{Program: program, Manifest: good}); !errors.Is(err, core.ErrPermission) {
		t.Errorf("a folder of everybody: %v", err)
	}
}

// A lock file that somebody wrote removes nothing outside its folder.
func TestRemoveStaysInItsFolder(t *testing.T) {
	t.Parallel()
	home := folder(t)
	outside := filepath.Join(folder(t), "precious")
	write(t, outside, "", 0o644)
	program, err := filepath.Rel(home, outside)
	must(t, err)
	write(t, filepath.Join(home, "plugins.lock"), `{"format": 1, "plugins": [{"name": "a", "program": "`+program+`"}]}`, 0o644)
	if err := discover.Remove(t.Context(), home, "a"); err == nil {
		t.Error("it was removed")
	}
	if _, err := os.Stat(outside); err != nil {
		t.Error(err)
	}
}
