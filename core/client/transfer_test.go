package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/mem"
)

// tree writes files below a new directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		check(t, os.MkdirAll(filepath.Dir(full), 0o755))
		check(t, os.WriteFile(full, []byte(text), 0o644))
	}
	return dir
}

// filesIn reads every file below a directory.
func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	check(t, filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		below, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(name)
		files[filepath.ToSlash(below)] = string(text)
		return err
	}))
	return files
}

// stored reads every file of a repository.
func stored(t *testing.T, r core.ArtifactRepository) map[string]string {
	t.Helper()
	files := map[string]string{}
	for a, err := range client.Artifacts(t.Context(), r, "", core.ListOptions{Recursive: true}) {
		check(t, err)
		body, err := r.Open(t.Context(), a.Path, core.ReadOptions{})
		check(t, err)
		text, err := io.ReadAll(body)
		check(t, errors.Join(err, body.Close()))
		files[a.Path] = string(text)
	}
	return files
}

func sameFiles(t *testing.T, want, got map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestUploadAndDownloadKeepATree(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a.txt": "a", "empty": "", "d/e/ü b+c%20.bin": strings.Repeat("x", 3<<20), ".hidden": "h", "d/x": "1"}
	for i := range 60 {
		files[fmt.Sprintf("many/%02d", i)] = strconv.Itoa(i)
	}
	r, ctx := mem.NewArtifacts(), t.Context()
	check(t, client.UploadDir(ctx, r, tree(t, files), "up/here", client.TransferOptions{}))
	sub, err := client.Sub(r, "up/here")
	check(t, err)
	sameFiles(t, files, stored(t, sub))

	dst := filepath.Join(t.TempDir(), "new", "dir")
	at, err := client.Download(ctx, sub, "", dst, client.TransferOptions{Concurrency: 3})
	check(t, err)
	if at != dst {
		t.Errorf("downloaded to %q, want %q", at, dst)
	}
	sameFiles(t, files, filesIn(t, dst))

	dst = t.TempDir()
	at, err = client.Download(ctx, sub, "d", dst, client.TransferOptions{})
	check(t, err)
	if want := filepath.Join(dst, "d"); at != want {
		t.Errorf("downloaded to %q, want %q", at, want)
	}
	at, err = client.Download(ctx, sub, "many/07", dst, client.TransferOptions{})
	check(t, err)
	if want := filepath.Join(dst, "many", "07"); at != want {
		t.Errorf("downloaded to %q, want %q", at, want)
	}
	sameFiles(t, map[string]string{"d/x": "1", "d/e/ü b+c%20.bin": files["d/e/ü b+c%20.bin"], "many/07": "7"}, filesIn(t, dst))
}

func TestDownloadReplacesFilesAndMakesADirectory(t *testing.T) {
	t.Parallel()
	r, ctx := mem.NewArtifacts(), t.Context()
	put(t, r, "f", "new")
	dst := tree(t, map[string]string{"f": "old and longer"})
	_, err := client.Download(ctx, r, "f", dst, client.TransferOptions{})
	check(t, err)
	sameFiles(t, map[string]string{"f": "new"}, filesIn(t, dst))
	at, err := client.Download(ctx, r, "", "", client.TransferOptions{})
	check(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(at) })
	sameFiles(t, map[string]string{"f": "new"}, filesIn(t, at))
	_, err = client.Download(ctx, r, "nobody", dst, client.TransferOptions{})
	wantIs(t, err, core.ErrNotFound)
	_, err = client.Download(ctx, r, "../f", dst, client.TransferOptions{})
	wantIs(t, err, core.ErrInvalid)
}

// hostile lists what it is told to and yields what is asked for, changed.
type hostile struct {
	core.ArtifactRepository
	list   []string
	change func(string) string
	blind  bool // knows no digests
}

func (h hostile) Stat(ctx context.Context, path string) (core.Artifact, error) {
	a, err := h.ArtifactRepository.Stat(ctx, path)
	if h.blind {
		a.SHA256 = ""
	}
	return a, err
}

func (h hostile) List(ctx context.Context, dir string, o core.ListOptions) (core.Page[core.Artifact], error) {
	if h.list == nil {
		return h.ArtifactRepository.List(ctx, dir, o)
	}
	var page core.Page[core.Artifact]
	for _, path := range h.list {
		page.Items = append(page.Items, core.Artifact{Path: path, Size: 1})
	}
	return page, nil
}

func (h hostile) Open(ctx context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	if h.change == nil {
		return io.NopCloser(strings.NewReader("!")), nil
	}
	body, err := h.ArtifactRepository.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(body)
	return io.NopCloser(strings.NewReader(h.change(string(text)))), err
}

func TestDownloadRefusesPathsThatLeaveTheDestination(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"../out", "d/../../out", "/etc/out", "d/%2e%2e/%2e%2e/out", `d\..\out`, "d//out", "", "e/out", "dd/out", "d", "d/\x00", "C:/out",
	} {
		t.Run(bad, func(t *testing.T) {
			t.Parallel()
			r := mem.NewArtifacts()
			put(t, r, "d/x", "1")
			parent := t.TempDir()
			_, err := client.Download(t.Context(), hostile{ArtifactRepository: r, list: []string{"d/good", bad}}, "d", filepath.Join(parent, "dst"), client.TransferOptions{})
			wantIs(t, err, core.ErrDataLoss)
			sameFiles(t, map[string]string{"dst/d/good": "!"}, filesIn(t, parent))
		})
	}
}

func TestDownloadFollowsNoLinkOut(t *testing.T) {
	t.Parallel()
	r := mem.NewArtifacts()
	put(t, r, "link/x", "1")
	put(t, r, "file", "1")
	put(t, r, "ok", "1")
	outside := tree(t, map[string]string{"target": "precious"})
	dst := t.TempDir()
	check(t, os.Symlink(outside, filepath.Join(dst, "link")))
	check(t, os.Symlink(filepath.Join(outside, "target"), filepath.Join(dst, "file")))
	_, err := client.Download(t.Context(), r, "", dst, client.TransferOptions{})
	if err == nil || !strings.Contains(err.Error(), "link/x") {
		t.Errorf("got error %v, want one about link/x", err)
	}
	sameFiles(t, map[string]string{"target": "precious"}, filesIn(t, outside))
	check(t, os.Remove(filepath.Join(dst, "link")))
	sameFiles(t, map[string]string{"file": "1", "ok": "1"}, filesIn(t, dst))
}

func TestDownloadVerifies(t *testing.T) {
	t.Parallel()
	changes := map[string]func(string) string{
		"other bytes": strings.ToUpper,
		"cut short":   func(s string) string { return s[:1] },
		"too long":    func(s string) string { return s + "x" },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := mem.NewArtifacts()
			put(t, r, "f", "text")
			dst := tree(t, map[string]string{"f": "before"})
			for _, blind := range []bool{false, true} {
				if blind && name == "other bytes" {
					continue // nobody can tell
				}
				from := hostile{ArtifactRepository: r, change: change, blind: blind}
				_, err := client.Download(t.Context(), from, "f", dst, client.TransferOptions{})
				wantIs(t, err, core.ErrDataLoss)
				sameFiles(t, map[string]string{"f": "before"}, filesIn(t, dst))
			}
		})
	}
}

// lying says to have stored something else.
type lying struct{ core.ArtifactRepository }

func (l lying) Put(ctx context.Context, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	a, err := l.ArtifactRepository.Put(ctx, path, r, o)
	a.SHA256 = strings.Repeat("0", 64)
	return a, err
}

func TestUploadFile(t *testing.T) {
	t.Parallel()
	r, ctx := mem.NewArtifacts(), t.Context()
	dir := tree(t, map[string]string{"f": "text"})
	local := filepath.Join(dir, "f")
	a, err := client.UploadFile(ctx, r, local, "x/y", client.TransferOptions{})
	check(t, err)
	if a.Path != "x/y" || a.Size != 4 {
		t.Errorf("stored %+v", a)
	}
	sameFiles(t, map[string]string{"x/y": "text"}, stored(t, r))
	for _, bad := range []struct {
		local, target string
		err           error
	}{
		{local, "../y", core.ErrInvalid},
		{local, "", core.ErrInvalid},
		{dir, "y", core.ErrInvalid},
		{filepath.Join(dir, "nobody"), "y", core.ErrNotFound},
		{local, "x", core.ErrState},
	} {
		_, err := client.UploadFile(ctx, r, bad.local, bad.target, client.TransferOptions{})
		wantIs(t, err, bad.err)
	}
	_, err = client.UploadFile(ctx, lying{r}, local, "z", client.TransferOptions{})
	wantIs(t, err, core.ErrDataLoss)
}

// TestUploadDirThroughALink uploads a directory whose name is a link, such as "latest".
func TestUploadDirThroughALink(t *testing.T) {
	t.Parallel()
	r := mem.NewArtifacts()
	dir := tree(t, map[string]string{"file": "1", "below/file": "2"})
	link := filepath.Join(t.TempDir(), "latest")
	check(t, os.Symlink(dir, link))
	check(t, client.UploadDir(t.Context(), r, link, "to", client.TransferOptions{}))
	sameFiles(t, map[string]string{"to/file": "1", "to/below/file": "2"}, stored(t, r))
}

func TestUploadDirFollowsLinksToFilesAlone(t *testing.T) {
	t.Parallel()
	outside := tree(t, map[string]string{"file": "linked"})
	dir := tree(t, map[string]string{"plain": "p"})
	check(t, os.Symlink(filepath.Join(outside, "file"), filepath.Join(dir, "link")))
	check(t, os.Symlink(outside, filepath.Join(dir, "dirlink")))
	check(t, os.Symlink(".", filepath.Join(dir, "loop")))
	r := mem.NewArtifacts()
	check(t, client.UploadDir(t.Context(), r, dir, "", client.TransferOptions{}))
	sameFiles(t, map[string]string{"plain": "p", "link": "linked"}, stored(t, r))

	check(t, os.Symlink("nowhere", filepath.Join(dir, "dangling")))
	wantIs(t, client.UploadDir(t.Context(), r, dir, "", client.TransferOptions{}), core.ErrNotFound)
	wantIs(t, client.UploadDir(t.Context(), r, filepath.Join(dir, "plain"), "", client.TransferOptions{}), core.ErrInvalid)
	wantIs(t, client.UploadDir(t.Context(), r, filepath.Join(dir, "nobody"), "", client.TransferOptions{}), core.ErrNotFound)
}

// failing refuses every path with an x in it.
type failing struct {
	core.ArtifactRepository
	code core.Code
}

func (f failing) Put(ctx context.Context, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	if strings.Contains(path, "x") {
		return core.Artifact{}, core.Errorf(f.code, "no %s", path)
	}
	return f.ArtifactRepository.Put(ctx, path, r, o)
}

func TestFailuresAreCollected(t *testing.T) {
	t.Parallel()
	files := map[string]string{"good": "g"}
	for i := range 25 {
		files[numbered("x", i)] = "b"
	}
	r := mem.NewArtifacts()
	err := client.UploadDir(t.Context(), failing{r, core.PermissionDenied}, tree(t, files), "", client.TransferOptions{})
	wantIs(t, err, core.ErrPermission)
	if code := core.CodeOf(err); code != core.PermissionDenied {
		t.Errorf("the code is %v", code)
	}
	text := err.Error()
	if got := strings.Count(text, ": no x"); got != 10 || !strings.Contains(text, "25 files") || !strings.Contains(text, "15 more") {
		t.Errorf("the error shows %d of 25 failures:\n%s", got, text)
	}
	sameFiles(t, map[string]string{"good": "g"}, stored(t, r))
}

func TestTransfersReportProgress(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a": strings.Repeat("a", 100_000), "b": "bb", "xbad": "12345", "empty": ""}
	var events []client.TransferEvent
	var inside atomic.Int32
	options := client.TransferOptions{Concurrency: 4, Progress: func(e client.TransferEvent) {
		if inside.Add(1) != 1 {
			t.Error("two calls at once")
		}
		events = append(events, e)
		inside.Add(-1)
	}}
	err := client.UploadDir(t.Context(), failing{mem.NewArtifacts(), core.Unavailable}, tree(t, files), "", options)
	wantIs(t, err, core.ErrUnavailable)
	done, last := map[string]bool{}, events[len(events)-1]
	var total int64
	for _, e := range events {
		if e.Total < total || e.Files > e.FilesFound || e.Total > e.TotalFound {
			t.Errorf("the account is wrong: %+v", e)
		}
		total = e.Total
		if e.Done {
			done[e.Path] = e.Err == nil
		}
	}
	if diff := cmp.Diff(map[string]bool{"a": true, "b": true, "xbad": false, "empty": true}, done); diff != "" {
		t.Errorf("ended files (-want +got):\n%s", diff)
	}
	if last.Files != 4 || last.FilesFound != 4 || last.Total != 100_002 || last.TotalFound != 100_007 {
		t.Errorf("the last event is %+v", last)
	}
}

func TestTransfersEndWithTheContext(t *testing.T) {
	t.Parallel()
	r := mem.NewArtifacts()
	put(t, r, "big", strings.Repeat("x", 1<<20))
	ctx, cancel := context.WithCancel(t.Context())
	stop := client.TransferOptions{Progress: func(e client.TransferEvent) {
		if e.Bytes > 0 {
			cancel()
		}
	}}
	dst := t.TempDir()
	deaf := hostile{ArtifactRepository: r, change: func(s string) string { return s }} // does not hear that ctx ends
	_, err := client.Download(ctx, deaf, "", dst, stop)
	wantIs(t, err, context.Canceled)
	sameFiles(t, map[string]string{}, filesIn(t, dst))
	wantIs(t, client.UploadDir(ctx, r, tree(t, map[string]string{"a": "a"}), "", client.TransferOptions{}), context.Canceled)
	if _, err := r.Stat(t.Context(), "a"); err == nil {
		t.Error("uploaded after the context had ended")
	}
}
