package mem_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func put(t *testing.T, s *mem.Artifacts, paths ...string) {
	t.Helper()
	for _, path := range paths {
		got(s.Put(t.Context(), path, strings.NewReader(path), core.PutOptions{}))(t)
	}
}

// names walks all pages and marks directories with a slash.
func names(t *testing.T, s core.ArtifactRepository, dir string, recursive bool, limit int) string {
	t.Helper()
	o := core.ListOptions{Recursive: recursive, PageOptions: core.PageOptions{Limit: limit}}
	var list []string
	for {
		page := got(s.List(t.Context(), dir, o))(t)
		for _, e := range page.Items {
			if e.Dir {
				e.Path += "/"
			} else {
				same(t, got(s.Stat(t.Context(), e.Path))(t), e)
			}
			list = append(list, e.Path)
		}
		if o.Token = page.Next; o.Token == "" {
			return strings.Join(list, " ")
		}
	}
}

func content(t *testing.T, s core.ArtifactRepository, path string, o core.ReadOptions) string {
	t.Helper()
	r := got(s.Open(t.Context(), path, o))(t)
	defer r.Close()
	return string(got(io.ReadAll(r))(t))
}

func TestList(t *testing.T) {
	t.Parallel()
	s := mem.NewArtifacts()
	put(t, s, "a.txt", "a/b", "a/c/d", "a-x", "a0", "m2/x", "z", ".git/config", "a/b.txt", "a/c/é", "é")
	for limit := range 12 {
		for _, c := range []struct {
			dir       string
			recursive bool
			want      string
		}{
			{"", false, ".git/ a/ a-x a.txt a0 m2/ z é"},
			{"", true, ".git/config a-x a.txt a/b a/b.txt a/c/d a/c/é a0 m2/x z é"},
			{"a", false, "a/b a/b.txt a/c/"},
			{"a/", true, "a/b a/b.txt a/c/d a/c/é"},
			{"m", false, ""},
			{"z", false, ""},
			{"none", true, ""},
		} {
			if list := names(t, s, c.dir, c.recursive, limit); list != c.want {
				t.Errorf("%q, recursive %v, limit %d: got %q, want %q", c.dir, c.recursive, limit, list, c.want)
			}
		}
	}
}

func TestListTokens(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewArtifacts()
	put(t, s, "a/1", "a/3", "a/5", "b/1")
	page := func(dir, token string) (core.Page[core.Artifact], error) {
		return s.List(ctx, dir, core.ListOptions{PageOptions: core.PageOptions{Limit: 1, Token: token}})
	}
	first := got(page("a", ""))(t)
	put(t, s, "a/0", "a/2")
	ok(t, s.Delete(ctx, "a/1", core.DeleteOptions{}))
	ok(t, s.Close())
	s = s.Reopen()
	if next := got(page("a", first.Next))(t); next.Items[0].Path != "a/2" {
		t.Errorf("after a/1 comes %s", next.Items[0].Path)
	}
	refused(t, drop(page("b", first.Next)), core.ErrInvalid, "page token")
	refused(t, drop(page("a", "garbage")), core.ErrInvalid, "page token")
	_, err := s.List(ctx, "a", core.ListOptions{Recursive: true, PageOptions: core.PageOptions{Token: first.Next}})
	refused(t, err, core.ErrInvalid, "page token")
}

func TestPutIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s := mem.NewArtifacts()
	put(t, s, "old", "dir/file")
	before := names(t, s, "", true, 0)
	broken := errors.New("broken")
	ended, cancel := context.WithCancel(t.Context())
	late, cancelLate := context.WithCancel(t.Context())
	wrong := hex.EncodeToString(make([]byte, 32))
	for _, c := range []struct {
		name, path string
		r          io.Reader
		o          core.PutOptions
		want       error
	}{
		{"reader", "old", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)), core.PutOptions{}, broken},
		{"context", "old", io.MultiReader(strings.NewReader("half"), readerFunc(cancel)), core.PutOptions{}, context.Canceled},
		{"context at the end", "old", readOnce(cancelLate), core.PutOptions{}, context.Canceled},
		{"too big", "old", strings.NewReader("four"), core.PutOptions{Size: new(int64(3))}, core.ErrInvalid},
		{"too small", "old", strings.NewReader("four"), core.PutOptions{Size: new(int64(5))}, core.ErrInvalid},
		{"digest", "old", strings.NewReader("four"), core.PutOptions{SHA256: wrong}, core.ErrDataLoss},
		{"over a directory", "dir", strings.NewReader("x"), core.PutOptions{}, core.ErrState},
		{"below a file", "old/x/y", strings.NewReader("x"), core.PutOptions{}, core.ErrState},
		{"if absent", "old", strings.NewReader("x"), core.PutOptions{IfAbsent: true}, core.ErrExists},
		{"bad path", "../x", strings.NewReader("x"), core.PutOptions{}, core.ErrInvalid},
	} {
		ctx := t.Context()
		switch c.name {
		case "context":
			ctx = ended
		case "context at the end":
			ctx = late
		}
		t.Log(c.name)
		_, err := s.Put(ctx, c.path, c.r, c.o)
		refused(t, err, c.want, "")
		if now := names(t, s, "", true, 0); now != before || content(t, s, "old", core.ReadOptions{}) != "old" {
			t.Fatalf("after the error there is %q", now)
		}
	}
}

// readerFunc calls a function at each read and yields a byte.
type readerFunc func()

func (f readerFunc) Read(p []byte) (int, error) {
	f()
	p[0] = 'x'
	return 1, nil
}

func TestPutReturnsWhatItStored(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewArtifacts()
	text := bytes.Repeat([]byte("mlstore"), 100_000)
	sum := sha256.Sum256(text)
	digest := hex.EncodeToString(sum[:])
	start := core.Now()
	for name, r := range map[string]io.Reader{
		"plain": bytes.NewReader(text), "one byte": iotest.OneByteReader(bytes.NewReader(text)),
		"with EOF": iotest.DataErrReader(bytes.NewReader(text)),
	} {
		o := core.PutOptions{Size: new(int64(len(text))), SHA256: strings.ToUpper(digest)}
		a := got(s.Put(ctx, name, r, o))(t)
		if a.ModTime < start || a.ModTime > core.Now() {
			t.Errorf("%s was written at %d", name, a.ModTime)
		}
		same(t, got(s.Stat(ctx, name))(t), a)
		a.ModTime = 0
		same(t, a, core.Artifact{Path: name, Size: int64(len(text)), SHA256: digest})
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewArtifacts()
	put(t, s, "dir/file", "0123456789")
	length := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		o    core.ReadOptions
		want string
	}{
		{core.ReadOptions{}, "0123456789"},
		{core.ReadOptions{Offset: 3, Length: length(2)}, "34"},
		{core.ReadOptions{Offset: 8, Length: length(99)}, "89"},
		{core.ReadOptions{Offset: 10}, ""},
		{core.ReadOptions{Length: length(0)}, ""},
	} {
		if text := content(t, s, "0123456789", c.o); text != c.want {
			t.Errorf("%+v: got %q, want %q", c.o, text, c.want)
		}
	}
	open := func(path string, o core.ReadOptions) error { return drop(s.Open(ctx, path, o)) }
	refused(t, open("0123456789", core.ReadOptions{Offset: 11}), core.ErrRange, "0123456789")
	refused(t, open("0123456789", core.ReadOptions{Offset: -1}), core.ErrInvalid, "offset")
	refused(t, open("0123456789", core.ReadOptions{Length: length(-1)}), core.ErrInvalid, "length")
	refused(t, open("none", core.ReadOptions{}), core.ErrNotFound, "none")
	refused(t, open("dir", core.ReadOptions{}), core.ErrState, "dir")
	r := got(s.Open(ctx, "0123456789", core.ReadOptions{}))(t)
	ok(t, iotest.TestReader(r, []byte("0123456789")))
}

func TestReaderEndsWithItsContextStoreAndClose(t *testing.T) {
	t.Parallel()
	s := mem.NewArtifacts()
	put(t, s, "file")
	ctx, cancel := context.WithCancel(t.Context())
	r := got(s.Open(ctx, "file", core.ReadOptions{}))(t)
	if _, err := r.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	got(s.Put(t.Context(), "file", strings.NewReader("another"), core.PutOptions{}))(t)
	cancel()
	refused(t, drop(r.Read(make([]byte, 1))), context.Canceled, "")
	ok(t, r.Close())

	r = got(s.Open(t.Context(), "file", core.ReadOptions{}))(t)
	old := got(s.Open(t.Context(), "file", core.ReadOptions{}))(t)
	put(t, s, "file")
	if text := string(got(io.ReadAll(old))(t)); text != "another" {
		t.Errorf("a reader of the old file got %q", text)
	}
	ok(t, old.Close())
	refused(t, drop(old.Read(make([]byte, 1))), core.ErrState, "closed")
	ok(t, s.Close())
	refused(t, drop(r.Read(make([]byte, 1))), core.ErrClosed, "closed")
}

func TestDelete(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewArtifacts()
	put(t, s, "m/1", "m/2/3", "m.txt", "m2/x", "ma", "n")
	ok(t, s.Delete(ctx, "m", core.DeleteOptions{}))
	ok(t, s.Delete(ctx, "m", core.DeleteOptions{}))
	ok(t, s.Delete(ctx, "n", core.DeleteOptions{}))
	if left := names(t, s, "", true, 0); left != "m.txt m2/x ma" {
		t.Errorf("left are %q", left)
	}
	refused(t, drop(s.Stat(ctx, "m")), core.ErrNotFound, "m")
	refused(t, s.Delete(ctx, "", core.DeleteOptions{}), core.ErrInvalid, "All")
	ok(t, s.Delete(ctx, "", core.DeleteOptions{All: true}))
	if left := names(t, s, "", true, 0); left != "" {
		t.Errorf("left are %q", left)
	}
}

func TestPutIfAbsentHasOneWinner(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewArtifacts()
	const writers = 16
	var won sync.Map
	var together, begin sync.WaitGroup
	begin.Add(writers)
	for i := range writers {
		together.Go(func() {
			text := fmt.Sprint("writer ", i)
			r := io.MultiReader(readOnce(func() { begin.Done(); begin.Wait() }), strings.NewReader(text)) // all are past the first look
			if _, err := s.Put(ctx, "file", r, core.PutOptions{IfAbsent: true}); err == nil {
				won.Store(text, true)
			} else if !errors.Is(err, core.ErrExists) {
				t.Error(err)
			}
		})
	}
	together.Wait()
	winners := 0
	won.Range(func(text, _ any) bool {
		winners++
		same(t, content(t, s, "file", core.ReadOptions{}), text)
		return true
	})
	if winners != 1 {
		t.Errorf("%d writers won", winners)
	}
}

// readOnce calls a function and is at its end.
type readOnce func()

func (f readOnce) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}

func TestSlowPutKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewArtifacts()
	r, w := io.Pipe()
	done := make(chan error)
	go func() { done <- drop(s.Put(ctx, "slow", r, core.PutOptions{})) }()
	got(w.Write([]byte("half")))(t) // the Put is in the middle of its work
	put(t, s, "quick")
	if list := names(t, s, "", true, 0); list != "quick" {
		t.Errorf("while it is written there is %q", list)
	}
	ok(t, s.Close())
	w.Close()
	refused(t, <-done, core.ErrClosed, "closed")
	s = s.Reopen()
	if list := names(t, s, "", true, 0); list != "quick" {
		t.Errorf("after the store was closed there is %q", list)
	}
}
