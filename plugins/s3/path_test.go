package s3_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
)

func paths(t *testing.T, a core.ArtifactRepository) core.PathTransfer {
	t.Helper()
	p, ok := core.As[core.PathTransfer](a)
	if !ok {
		t.Fatal("the repository has no PathTransfer")
	}
	return p
}

// temp is a file with the content, open for reading and writing.
func temp(t *testing.T, content string) *os.File {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "file"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	return f
}

func contentOf(t *testing.T, f *os.File) string {
	t.Helper()
	content, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestFilesGoUpAndDown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.open("x")
	p := paths(t, a)
	for _, size := range []int{0, 1, 70_000, 8<<20 - 1, 8 << 20, 8<<20 + 1, 37 << 20} {
		content := noise(size)
		put, err := p.PutFile(t.Context(), "f", temp(t, content), core.PutOptions{})
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if diff := cmp.Diff(core.Artifact{Path: "f", Size: int64(size), SHA256: digest(content)}, put); diff != "" {
			t.Errorf("%d bytes: PutFile (-want +got):\n%s", size, diff)
		}
		file := temp(t, "")
		got, err := p.GetFile(t.Context(), "f", file)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if contentOf(t, file) != content {
			t.Errorf("%d bytes: other bytes came back", size)
		}
		stat, err := a.Stat(t.Context(), "f")
		if err != nil || got != stat {
			t.Errorf("%d bytes: GetFile says %+v, Stat %+v, %v", size, got, stat, err)
		}
	}
	put(t, a, "dir/x", "x")
	for path, want := range map[string]error{"missing": core.ErrNotFound, "dir": core.ErrState, "../f": core.ErrInvalid} {
		_, err := p.GetFile(t.Context(), path, temp(t, ""))
		wantError(t, path, err, want)
	}
	_, err := p.PutFile(t.Context(), "g", temp(t, "four"), core.PutOptions{Size: new(int64)})
	wantError(t, "another size", err, core.ErrInvalid)
	_, err = p.PutFile(t.Context(), "f", temp(t, "four"), core.PutOptions{IfAbsent: true})
	wantError(t, "IfAbsent", err, core.ErrExists)
}

// A file that is written to while it goes up is refused, and nothing is left of it.
func TestFileThatChanges(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*os.File) error{
		"longer":  func(f *os.File) error { _, err := f.WriteString("more"); return err },
		"shorter": func(f *os.File) error { return f.Truncate(10 << 20) },
		"gone":    func(f *os.File) error { return f.Truncate(0) },
	} {
		f := newFixture(t)
		proxy := testenv.NewFaultProxy(t, f.server.Endpoint)
		file := temp(t, noise(20<<20))
		proxy.On(1, requests(http.MethodPost, "uploads="), func(w http.ResponseWriter, r *http.Request, server http.Handler) {
			if err := change(file); err != nil {
				t.Error(err)
			}
			server.ServeHTTP(w, r)
		})
		a := f.open("", "endpoint_url", proxy.URL)
		_, err := paths(t, a).PutFile(t.Context(), "f", file, core.PutOptions{})
		wantError(t, name, err, core.ErrAborted)
		if keys := f.keys(); len(keys) != 0 || f.uploads() != 0 || proxy.Seen() != 1 {
			t.Errorf("%s: left %q and %d uploads; %d faults", name, keys, f.uploads(), proxy.Seen())
		}
	}
}

// A bit that changes in one of the ranges of a download is found by the checksum of the whole.
func TestRangesAreCompared(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	proxy := testenv.NewFaultProxy(t, f.server.Endpoint)
	p := paths(t, f.open("", "endpoint_url", proxy.URL))
	if _, err := p.PutFile(t.Context(), "f", temp(t, noise(40<<20)), core.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	second := func(r *http.Request) bool { return strings.HasPrefix(r.Header.Get("Range"), "bytes=1048576") }
	proxy.On(1, second, testenv.Flip(1_000_000))
	_, err := p.GetFile(t.Context(), "f", temp(t, ""))
	wantError(t, "a changed bit", err, core.ErrDataLoss)
	proxy.On(2, second, testenv.Reset(1_000_000)) // goes on where it broke
	file := temp(t, "")
	if _, err := p.GetFile(t.Context(), "f", file); err != nil || contentOf(t, file) != noise(40<<20) {
		t.Errorf("after a reset: %v", err)
	}
	if proxy.Seen() != 2 {
		t.Errorf("the proxy met %d requests, want 2", proxy.Seen())
	}
}
