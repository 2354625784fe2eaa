package file_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

// Pipes, links and loops of links are no artifacts: never listed, opened, waited for or overwritten; Delete removes them.
func TestArtifactsBesideSpecialFiles(t *testing.T) {
	t.Parallel()
	a, dir := newArtifacts(t)
	mustPut(t, a, "d/f", "f")
	at := func(name string) string { return filepath.Join(dir, name) }
	check(t, syscall.Mkfifo(at("pipe"), 0o600))
	check(t, os.Symlink(".", at("d/loop")))
	check(t, os.Symlink("f", at("d/link")))
	check(t, os.Symlink("d", at("dirlink")))
	ctx := t.Context()
	began := time.Now()
	for range 100 {
		for _, name := range []string{"pipe", "d/link", "dirlink", "dirlink/f", "d/loop/f"} {
			_, err := a.Open(ctx, name, core.ReadOptions{})
			wantError(t, "open "+name, err, core.ErrState)
			_, err = a.Stat(ctx, name)
			wantError(t, "stat "+name, err, core.ErrState)
			_, err = a.Put(ctx, name, strings.NewReader("new"), core.PutOptions{})
			wantError(t, "put "+name, err, core.ErrState)
		}
	}
	for _, o := range []core.ListOptions{{}, {Recursive: true}} {
		want := []string{"d/"}
		if o.Recursive {
			want = []string{"d/f"}
		}
		if diff := cmp.Diff(want, paths(t, a, "", o)); diff != "" {
			t.Error(diff)
		}
	}
	if got := paths(t, a, "dirlink", core.ListOptions{}); len(got) != 0 {
		t.Errorf("listed %v through a link", got)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	for _, name := range []string{"pipe", "dirlink", "d/loop"} {
		check(t, a.Delete(ctx, name, core.DeleteOptions{}))
	}
	if got := content(t, a, "d/f", core.ReadOptions{}); got != "f" {
		t.Errorf("read %q", got)
	}
}

// Errors name the path below the root, not the root, which may be private.
func TestArtifactErrorsNameNoRoot(t *testing.T) {
	t.Parallel()
	a, dir := newArtifacts(t)
	mustPut(t, a, "d/f", "f")
	for _, err := range []error{
		func() error { _, err := a.Open(t.Context(), "d", core.ReadOptions{}); return err }(),
		func() error { _, err := a.Open(t.Context(), "none", core.ReadOptions{}); return err }(),
		func() error {
			_, err := a.Put(t.Context(), "d/f/g", strings.NewReader(""), core.PutOptions{})
			return err
		}(),
	} {
		if err == nil || strings.Contains(err.Error(), filepath.Dir(dir)) {
			t.Errorf("the error %q names the root, or is none", err)
		}
	}
}
