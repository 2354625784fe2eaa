package file_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

func newArtifacts(t *testing.T) (*file.Artifacts, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "artifacts")
	a, err := file.NewArtifacts(dir, file.ArtifactsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a, dir
}

func mustPut(t *testing.T, a *file.Artifacts, path, content string) core.Artifact {
	t.Helper()
	put, err := a.Put(t.Context(), path, strings.NewReader(content), core.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return put
}

func content(t *testing.T, a *file.Artifacts, path string, o core.ReadOptions) string {
	t.Helper()
	r, err := a.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func paths(t *testing.T, a *file.Artifacts, dir string, o core.ListOptions) []string {
	t.Helper()
	var found []string
	for item, err := range core.All(t.Context(), func(ctx context.Context, p core.PageOptions) (core.Page[core.Artifact], error) {
		o.PageOptions = p
		return a.List(ctx, dir, o)
	}, o.PageOptions) {
		if err != nil {
			t.Fatal(err)
		}
		name := item.Path
		if item.Dir {
			name += "/"
		}
		found = append(found, name)
	}
	return found
}

// files lists what lies on the disk below dir, temporary files included.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			found = append(found, rel)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return found
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

func TestArtifactsFolderIsMadeByTheFirstPut(t *testing.T) {
	t.Parallel()
	a, dir := newArtifacts(t)
	if got := paths(t, a, "", core.ListOptions{}); len(got) != 0 {
		t.Errorf("listed %v", got)
	}
	_, err := a.Stat(t.Context(), "f")
	wantError(t, "stat", err, core.ErrNotFound)
	_, err = a.Open(t.Context(), "f", core.ReadOptions{})
	wantError(t, "open", err, core.ErrNotFound)
	if err := a.Delete(t.Context(), "f", core.DeleteOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(dir); err == nil {
		t.Fatal("reading made the folder")
	}
	put := mustPut(t, a, "a/b/f", "hello")
	want := core.Artifact{
		Path: "a/b/f", Size: 5, ModTime: put.ModTime,
		SHA256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
	}
	if diff := cmp.Diff(want, put); diff != "" || put.ModTime == 0 {
		t.Error(diff)
	}
	stat, err := a.Stat(t.Context(), "a/b/f")
	want.SHA256 = ""
	if diff := cmp.Diff(want, stat); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if err := os.RemoveAll(dir); err != nil { // somebody removes it: the next Put makes it again
		t.Fatal(err)
	}
	mustPut(t, a, "f", "again")
	if got := content(t, a, "f", core.ReadOptions{}); got != "again" {
		t.Errorf("read %q", got)
	}
}

func TestPutThatFailsLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	a, dir := newArtifacts(t)
	mustPut(t, a, "f", "old")
	mustPut(t, a, "d/g", "g")
	broken := errors.New("broken source")
	size := int64(3)
	for name, test := range map[string]struct {
		path string
		r    io.Reader
		o    core.PutOptions
		want error
	}{
		"reader fails":   {"f", io.MultiReader(strings.NewReader("new"), iotest.ErrReader(broken)), core.PutOptions{}, broken},
		"no progress":    {"f", stuck{}, core.PutOptions{}, io.ErrNoProgress},
		"too long":       {"f", strings.NewReader("four"), core.PutOptions{Size: &size}, core.ErrInvalid},
		"too short":      {"f", strings.NewReader("2"), core.PutOptions{Size: &size}, core.ErrInvalid},
		"wrong digest":   {"f", strings.NewReader("new"), core.PutOptions{SHA256: strings.Repeat("0", 64)}, core.ErrDataLoss},
		"bad digest":     {"f", strings.NewReader("new"), core.PutOptions{SHA256: "0"}, core.ErrInvalid},
		"absent":         {"f", strings.NewReader("new"), core.PutOptions{IfAbsent: true}, core.ErrExists},
		"absent dir":     {"d", strings.NewReader("new"), core.PutOptions{IfAbsent: true}, core.ErrExists},
		"directory":      {"d", strings.NewReader("new"), core.PutOptions{}, core.ErrState},
		"below a file":   {"f/x", strings.NewReader("new"), core.PutOptions{}, core.ErrState},
		"new, fails":     {"n/e/w", iotest.ErrReader(broken), core.PutOptions{}, broken},
		"temporary name": {"a/.mlstore-tmp-1", strings.NewReader("new"), core.PutOptions{}, core.ErrInvalid},
		"upload name":    {"a/.artifact.uploading.x", strings.NewReader("new"), core.PutOptions{}, core.ErrInvalid},
		"climbing":       {"../f", strings.NewReader("new"), core.PutOptions{}, core.ErrInvalid},
	} {
		_, err := a.Put(t.Context(), test.path, test.r, test.o)
		wantError(t, name, err, test.want)
		if diff := cmp.Diff([]string{"d/g", "f"}, files(t, dir)); diff != "" {
			t.Errorf("%s: files: %s", name, diff)
		}
	}
	if got := content(t, a, "f", core.ReadOptions{}); got != "old" {
		t.Errorf("read %q", got)
	}
	if got := paths(t, a, "", core.ListOptions{}); !slices.Equal(got, []string{"d/", "f"}) {
		t.Errorf("listed %v", got)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestPutReturnsWhenContextEndsThoughTheReaderBlocks(t *testing.T) {
	t.Parallel()
	a, dir := newArtifacts(t)
	r, w := io.Pipe() // a write returns when it has been read
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
		cancel()
	}()
	_, err := a.Put(ctx, "f", r, core.PutOptions{})
	wantError(t, "put", err, context.Canceled)
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("left %v", got)
	}
	_ = w.Close() // lets the read go
}

func TestPutPassesAPanicOfTheReaderOn(t *testing.T) {
	t.Parallel()
	a, dir := newArtifacts(t)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		_, _ = a.Put(t.Context(), "f", panicking{}, core.PutOptions{})
	}()
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("left %v", got)
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("reader") }

func TestPutOddReadersAndSizes(t *testing.T) {
	t.Parallel()
	a, _ := newArtifacts(t)
	for _, size := range []int{0, 1, 4095, 256<<10 - 1, 256 << 10, 256<<10 + 1, 1<<20 + 7} {
		want := strings.Repeat("0123456789", size/10+1)[:size]
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"plain": func(r io.Reader) io.Reader { return r }, "half": iotest.HalfReader, "data with EOF": iotest.DataErrReader,
		} {
			length := int64(size)
			if _, err := a.Put(t.Context(), "f", wrap(strings.NewReader(want)), core.PutOptions{Size: &length}); err != nil {
				t.Fatal(err)
			}
			if got := content(t, a, "f", core.ReadOptions{}); got != want {
				t.Errorf("%s, %d bytes: read %d others", name, size, len(got))
			}
		}
	}
}

func TestOpenRanges(t *testing.T) {
	t.Parallel()
	a, dir := newArtifacts(t)
	mustPut(t, a, "f", "0123456789")
	length := func(n int64) *int64 { return &n }
	for _, test := range []struct {
		o    core.ReadOptions
		want string
	}{
		{core.ReadOptions{}, "0123456789"},
		{core.ReadOptions{Offset: 3}, "3456789"},
		{core.ReadOptions{Offset: 3, Length: length(2)}, "34"},
		{core.ReadOptions{Offset: 8, Length: length(100)}, "89"},
		{core.ReadOptions{Offset: 10}, ""},
		{core.ReadOptions{Length: length(0)}, ""},
	} {
		if got := content(t, a, "f", test.o); got != test.want {
			t.Errorf("%+v: read %q", test.o, got)
		}
	}
	_, err := a.Open(t.Context(), "f", core.ReadOptions{Offset: 11})
	wantError(t, "past the end", err, core.ErrRange)
	_, err = a.Open(t.Context(), "f", core.ReadOptions{Offset: -1})
	wantError(t, "negative", err, core.ErrInvalid)

	r, err := a.Open(t.Context(), "f", core.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := iotest.TestReader(r, []byte("0123456789")); err != nil {
		t.Error(err)
	}
	_ = r.Close()

	r, err = a.Open(t.Context(), "f", core.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "f"), 4); err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(r)
	wantError(t, "cut meanwhile", err, core.ErrDataLoss)
	_ = r.Close()

	ctx, cancel := context.WithCancel(t.Context())
	r, err = a.Open(ctx, "f", core.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	_, err = io.ReadAll(r)
	wantError(t, "cancelled", err, context.Canceled)
	_ = r.Close()
}

func TestListOrderAndPages(t *testing.T) {
	t.Parallel()
	a, dir := newArtifacts(t)
	all := []string{"a-b", "a.txt", "a/b", "a/b.c/d", "a/b2", "a0", ".hidden", "m/x", "m2/x", "é", "e\u0301", "A"}
	for _, path := range all {
		mustPut(t, a, path, path)
	}
	for _, path := range []string{"empty/deep", "with/.artifact.uploading.1"} {
		if err := os.MkdirAll(filepath.Join(dir, path), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(all)
	for limit := 1; limit <= len(all)+1; limit++ {
		o := core.ListOptions{Recursive: true, PageOptions: core.PageOptions{Limit: limit}}
		if diff := cmp.Diff(all, paths(t, a, "", o)); diff != "" {
			t.Errorf("limit %d: %s", limit, diff)
		}
		o.Recursive = false
		want := []string{".hidden", "A", "a/", "a-b", "a.txt", "a0", "e\u0301", "m/", "m2/", "é"}
		slices.SortFunc(want, func(x, y string) int { return strings.Compare(strings.TrimSuffix(x, "/"), strings.TrimSuffix(y, "/")) })
		if diff := cmp.Diff(want, paths(t, a, "", o)); diff != "" {
			t.Errorf("limit %d: %s", limit, diff)
		}
	}
	if diff := cmp.Diff([]string{"m/x"}, paths(t, a, "m/", core.ListOptions{})); diff != "" {
		t.Error(diff)
	}
	for _, dir := range []string{"a0", "none", "a0/x", "empty"} {
		if got := paths(t, a, dir, core.ListOptions{}); len(got) != 0 {
			t.Errorf("%s: listed %v", dir, got)
		}
	}
	_, err := a.Stat(t.Context(), "empty")
	wantError(t, "stat of a directory without files", err, core.ErrNotFound)
	_, err = a.Open(t.Context(), "a", core.ReadOptions{})
	wantError(t, "open of a directory", err, core.ErrState)
	mustPut(t, a, "empty/deep", "f") // an empty directory is nothing
}

func TestListTokens(t *testing.T) {
	t.Parallel()
	a, _ := newArtifacts(t)
	for i := range 5 {
		mustPut(t, a, fmt.Sprintf("d/%d", i), "")
	}
	one := core.PageOptions{Limit: 2}
	page, err := a.List(t.Context(), "d", core.ListOptions{PageOptions: one})
	if err != nil || len(page.Items) != 2 || page.Next == "" {
		t.Fatal(page, err)
	}
	for name, o := range map[string]struct {
		dir string
		core.ListOptions
	}{
		"garbage":         {"d", core.ListOptions{PageOptions: core.PageOptions{Token: "!!"}}},
		"short":           {"d", core.ListOptions{PageOptions: core.PageOptions{Token: "AAAA"}}},
		"other directory": {"", core.ListOptions{PageOptions: core.PageOptions{Token: page.Next}}},
		"recursive":       {"d", core.ListOptions{Recursive: true, PageOptions: core.PageOptions{Token: page.Next}}},
		"changed":         {"d", core.ListOptions{PageOptions: core.PageOptions{Token: page.Next + "AA"}}},
		"negative limit":  {"d", core.ListOptions{PageOptions: core.PageOptions{Limit: -1}}},
		"above the limit": {"d", core.ListOptions{PageOptions: core.PageOptions{Limit: 10001}}},
	} {
		_, err := a.List(t.Context(), o.dir, o.ListOptions)
		wantError(t, name, err, core.ErrInvalid)
	}
	// Keyset: what is removed or added before the token moves nothing.
	if err := a.Delete(t.Context(), "d/0", core.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	mustPut(t, a, "d/00", "")
	rest := paths(t, a, "d", core.ListOptions{PageOptions: core.PageOptions{Limit: 2, Token: page.Next}})
	if diff := cmp.Diff([]string{"d/2", "d/3", "d/4"}, rest); diff != "" {
		t.Error(diff)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	a, dir := newArtifacts(t)
	for _, path := range []string{"m/x", "m/y/z", "m2/x", "m.txt", "f", ".h"} {
		mustPut(t, a, path, path)
	}
	ctx := t.Context()
	for _, path := range []string{"m", "f", "none", "m2/x/none", ".mlstore-tmp-1"} {
		if err := a.Delete(ctx, path, core.DeleteOptions{}); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if diff := cmp.Diff([]string{".h", "m.txt", "m2/x"}, paths(t, a, "", core.ListOptions{Recursive: true})); diff != "" {
		t.Error(diff)
	}
	wantError(t, "root", a.Delete(ctx, "", core.DeleteOptions{}), core.ErrInvalid)
	decoy := filepath.Join(filepath.Dir(dir), "decoy")
	if err := os.WriteFile(decoy, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.Delete(ctx, "", core.DeleteOptions{All: true}); err != nil {
		t.Fatal(err)
	}
	if got := files(t, filepath.Dir(dir)); !slices.Equal(got, []string{"decoy"}) {
		t.Errorf("left %v", got)
	}
	mustPut(t, a, "m", "a file now")
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	a, dir := newArtifacts(t)
	mustPut(t, a, "f", "x")
	reader, err := file.NewArtifacts("file://"+dir, file.ArtifactsOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = reader.Put(t.Context(), "g", strings.NewReader(""), core.PutOptions{})
	wantError(t, "put", err, core.ErrPermission)
	wantError(t, "delete", reader.Delete(t.Context(), "f", core.DeleteOptions{}), core.ErrPermission)
	if got := content(t, reader, "f", core.ReadOptions{}); got != "x" {
		t.Errorf("read %q", got)
	}
	if err := errors.Join(reader.Close(), reader.Close()); err != nil {
		t.Error(err)
	}
	_, err = reader.Stat(t.Context(), "f")
	wantError(t, "closed", err, core.ErrClosed)
}

func TestBadLocations(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"", "s3://b/k", "file://elsewhere/x", "a\nb", "file:"} {
		_, err := file.NewArtifacts(location, file.ArtifactsOptions{})
		wantError(t, location, err, core.ErrInvalid)
	}
}

func TestOneWinner(t *testing.T) {
	t.Parallel()
	a, dir := newArtifacts(t)
	other, err := file.NewArtifacts(dir, file.ArtifactsOptions{}) // shares nothing but the folder
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	winners := make(chan string, 16)
	for i := range 16 {
		group.Go(func() {
			repo := a
			if i%2 == 0 {
				repo = other
			}
			text := strings.Repeat(string(rune('a'+i)), 300_000)
			if _, err := repo.Put(t.Context(), "any", strings.NewReader(text), core.PutOptions{}); err != nil {
				t.Error(err)
			}
			switch _, err := repo.Put(t.Context(), "d/one", strings.NewReader(text), core.PutOptions{IfAbsent: true}); {
			case err == nil:
				winners <- text
			case !errors.Is(err, core.ErrExists):
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(winners) != 1 || content(t, a, "d/one", core.ReadOptions{}) != <-winners {
		t.Errorf("not one winner with its content")
	}
	if got := content(t, a, "any", core.ReadOptions{}); got != strings.Repeat(got[:1], 300_000) {
		t.Error("mixed content")
	}
	if got := files(t, dir); !slices.Equal(got, []string{"any", "d/one"}) {
		t.Errorf("left %v", got)
	}
}

func TestPutWhileItsDirectoryIsDeleted(t *testing.T) {
	t.Parallel()
	a, _ := newArtifacts(t)
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				if err := a.Delete(t.Context(), "d", core.DeleteOptions{}); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	for i := range 60 {
		mustPut(t, a, fmt.Sprintf("d/e/%d", i), "x")
	}
	close(done)
	group.Wait()
}
