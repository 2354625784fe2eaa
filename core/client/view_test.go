package client_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/mem"
)

func TestFSPassesTheStandardTest(t *testing.T) {
	t.Parallel()
	r := mem.NewArtifacts()
	names := []string{"a.txt", "d/b.txt", "d/e/c", "d/e/empty", "ü b+c%20"}
	for _, name := range names {
		put(t, r, name, strings.Repeat(name, 100))
		put(t, r, "below/here/"+name, name)
	}
	if err := fstest.TestFS(client.FS(t.Context(), r), names...); err != nil {
		t.Error(err)
	}
	sub, err := client.Sub(r, "below/here")
	check(t, err)
	if err := fstest.TestFS(client.FS(t.Context(), sub), names...); err != nil {
		t.Error(err)
	}
	if err := fstest.TestFS(client.FS(t.Context(), mem.NewArtifacts())); err != nil {
		t.Error(err)
	}
}

func TestFSErrors(t *testing.T) {
	t.Parallel()
	r := mem.NewArtifacts()
	put(t, r, "f", "x")
	fsys := client.FS(t.Context(), r)
	_, err := fsys.Open("nobody")
	wantIs(t, err, fs.ErrNotExist)
	wantIs(t, err, core.ErrNotFound)
	_, err = fsys.Open("../f")
	wantIs(t, err, fs.ErrInvalid)
	_, err = fs.Stat(fsys, `a\b`)
	wantIs(t, err, fs.ErrNotExist)
	if _, err = fs.ReadDir(fsys, "f"); err == nil {
		t.Error("a file was listed")
	}
	_, err = fs.ReadDir(client.FS(t.Context(), hostile{ArtifactRepository: r, list: []string{"../up"}}), ".")
	wantIs(t, err, core.ErrDataLoss)
	var pathError *fs.PathError
	if !errors.As(err, &pathError) {
		t.Errorf("%v is no PathError", err)
	}
}

func TestSubIsAPartAlone(t *testing.T) {
	t.Parallel()
	r, ctx := mem.NewArtifacts(), t.Context()
	for _, name := range []string{"p/a", "p/b/c", "p/b/d", "px", "q"} {
		put(t, r, name, name)
	}
	v, err := client.Sub(r, "p/")
	check(t, err)
	sameFiles(t, map[string]string{"a": "p/a", "b/c": "p/b/c", "b/d": "p/b/d"}, stored(t, v))
	var paths []string
	for a, err := range client.Artifacts(ctx, v, "b", core.ListOptions{PageOptions: core.PageOptions{Limit: 1}}) {
		check(t, err)
		paths = append(paths, a.Path)
	}
	if diff := cmp.Diff([]string{"b/c", "b/d"}, paths); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	a, err := v.Stat(ctx, "b")
	check(t, err)
	if a.Path != "b" || !a.Dir {
		t.Errorf("stat says %+v", a)
	}
	put(t, v, "new", "n")
	for _, path := range []string{"../q", "/q", "", "%2e%2e/q"} {
		_, err := v.Stat(ctx, path)
		wantIs(t, err, core.ErrInvalid)
		_, err = v.Open(ctx, path, core.ReadOptions{})
		wantIs(t, err, core.ErrInvalid)
		_, err = v.Put(ctx, path, strings.NewReader("x"), core.PutOptions{})
		wantIs(t, err, core.ErrInvalid)
		wantIs(t, v.Delete(ctx, path, core.DeleteOptions{}), core.ErrInvalid)
	}
	check(t, v.Delete(ctx, "b", core.DeleteOptions{}))
	sameFiles(t, map[string]string{"p/a": "p/a", "p/new": "n", "px": "px", "q": "q"}, stored(t, r))
	check(t, v.Delete(ctx, "", core.DeleteOptions{All: true}))
	sameFiles(t, map[string]string{"px": "px", "q": "q"}, stored(t, r))

	check(t, v.Close())
	_, err = v.List(ctx, "", core.ListOptions{})
	wantIs(t, err, core.ErrClosed)
	_, err = r.Stat(ctx, "q")
	check(t, err)
	_, err = client.Sub(r, "../q")
	wantIs(t, err, core.ErrInvalid)
}

func TestSubRefusesAnswersFromElsewhere(t *testing.T) {
	t.Parallel()
	v, err := client.Sub(hostile{ArtifactRepository: mem.NewArtifacts(), list: []string{"p/ok", "q/secret"}}, "p")
	check(t, err)
	_, err = v.List(t.Context(), "", core.ListOptions{})
	wantIs(t, err, core.ErrDataLoss)
}
