package http_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/core"
	store "github.com/mlstore/mlstore/plugins/http"
	"github.com/mlstore/mlstore/rest"
)

// folder serves files as MLflow's proxy does over a folder: before 3.15 it puts a file into a directory of its name.
type folder struct {
	dir     string
	release string

	mu     sync.Mutex
	listed []string // directories that were listed
	breaks int      // how many answers with a file break off
}

// serveFolder returns a folder and the store that speaks to it.
func serveFolder(t *testing.T, release string) (*folder, core.ArtifactRepository) {
	t.Helper()
	f := &folder{dir: t.TempDir(), release: release}
	const files = "/api/2.0/mlflow-artifacts/artifacts"
	mux := http.NewServeMux()
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, release) })
	mux.HandleFunc("GET "+files, f.list)
	mux.HandleFunc("GET "+files+"/{path...}", f.get)
	mux.HandleFunc("PUT "+files+"/{path...}", f.put)
	mux.HandleFunc("DELETE "+files+"/{path...}", func(w http.ResponseWriter, r *http.Request) {
		f.answer(w, os.RemoveAll(f.at(r.PathValue("path"))))
	})
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	uri, err := core.ParseURI("mlflow-artifacts:/")
	if err != nil {
		t.Fatal(err)
	}
	server, err := core.ParseURI(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	o := store.Opener{Getenv: func(string) string { return "" }}
	b, err := o.Open(t.Context(), core.OpenRequest{
		URI: uri, Tracking: server, Options: map[string]string{"max_retries": "2", "backoff_factor": "0", "backoff_jitter": "0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return f, b.Artifacts
}

func (f *folder) at(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

func (f *folder) answer(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(w, "{}")
}

func (f *folder) list(w http.ResponseWriter, r *http.Request) {
	dir := r.URL.Query().Get("path")
	f.mu.Lock()
	f.listed = append(f.listed, dir)
	f.mu.Unlock()
	entries, err := os.ReadDir(f.at(dir))
	var answer rest.ListArtifactsAnswer
	for _, e := range entries {
		info := rest.FileInfo{Path: e.Name(), IsDir: e.IsDir()}
		if stat, err := e.Info(); err == nil && !e.IsDir() {
			size := rest.Int(stat.Size())
			info.FileSize = &size
		}
		answer.Files = append(answer.Files, info)
	}
	if err != nil {
		answer.Files = nil
	}
	text, err := json.Marshal(answer)
	if err != nil {
		f.answer(w, err)
		return
	}
	_, _ = w.Write(text)
}

func (f *folder) get(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	breaks := f.breaks > 0
	f.breaks--
	f.mu.Unlock()
	content, err := os.ReadFile(f.at(r.PathValue("path")))
	switch {
	case err != nil:
		f.answer(w, err)
	case breaks: // as when the file was replaced by a shorter one
		w.Header().Set("Content-Length", "1000000")
		_, _ = w.Write(content)
	default:
		_, _ = w.Write(content)
	}
}

func (f *folder) put(w http.ResponseWriter, r *http.Request) {
	at := f.at(r.PathValue("path"))
	content, err := io.ReadAll(r.Body)
	if info, bad := os.Stat(at); bad == nil && info.IsDir() && f.release < "3.15" {
		at = filepath.Join(at, filepath.Base(at))
	}
	f.answer(w, errors.Join(err, os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, content, 0o600)))
}

// A directory without files is none, so that a file may take its place, whether its reader can start again or not.
func TestAFileTakesThePlaceOfAnEmptyDirectory(t *testing.T) {
	t.Parallel()
	for _, release := range []string{"2.22.5", "3.18.0"} {
		for name, reader := range map[string]io.Reader{
			"of a reader that can seek": strings.NewReader("text"), "of one that cannot": io.MultiReader(strings.NewReader("text")),
		} {
			t.Run(release+" "+name, func(t *testing.T) {
				t.Parallel()
				f, files := serveFolder(t, release)
				if err := os.MkdirAll(f.at("a/f/empty"), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.Remove(f.at("a/f/empty")); err != nil {
					t.Fatal(err)
				}
				if _, err := files.Put(t.Context(), "a/f", reader, core.PutOptions{}); err != nil {
					t.Fatal(err)
				}
				if got, err := os.ReadFile(f.at("a/f")); err != nil || string(got) != "text" {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
	}
}

// One with files stays, and they in it.
func TestADirectoryStaysInTheWay(t *testing.T) {
	t.Parallel()
	for _, release := range []string{"2.22.5", "3.18.0"} {
		f, files := serveFolder(t, release)
		if _, err := files.Put(t.Context(), "a/f/below", strings.NewReader("below"), core.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		for _, reader := range []io.Reader{strings.NewReader("text"), io.MultiReader(strings.NewReader("text"))} {
			if _, err := files.Put(t.Context(), "a/f", reader, core.PutOptions{}); !errors.Is(err, core.ErrState) {
				t.Errorf("%s: %v, want ErrState", release, err)
			}
		}
		if got, err := os.ReadFile(f.at("a/f/below")); err != nil || string(got) != "below" {
			t.Errorf("%s: %q, %v", release, got, err)
		}
	}
}

// A file whose name is none here is one nevertheless: its directory is not taken for an empty one and removed.
func TestFilesOfStrangeNamesStay(t *testing.T) {
	t.Parallel()
	for _, release := range []string{"2.22.5", "3.18.0"} {
		f, files := serveFolder(t, release)
		strange := f.at("a/f/back\\slash")
		if err := errors.Join(os.MkdirAll(f.at("a/f"), 0o700), os.WriteFile(strange, []byte("kept"), 0o600)); err != nil {
			t.Fatal(err)
		}
		for _, reader := range []io.Reader{strings.NewReader("text"), io.MultiReader(strings.NewReader("text"))} {
			if _, err := files.Put(t.Context(), "a/f", reader, core.PutOptions{}); !errors.Is(err, core.ErrState) {
				t.Errorf("%s: %v, want ErrState", release, err)
			}
		}
		if got, err := os.ReadFile(strange); err != nil || string(got) != "kept" {
			t.Errorf("%s: %q, %v", release, got, err)
		}
	}
}

// The more files there are in a directory, the longer its listing takes: a Put does not ask for it.
func TestAPutDoesNotListItsDirectory(t *testing.T) {
	t.Parallel()
	for _, release := range []string{"2.22.5", "3.18.0"} {
		f, files := serveFolder(t, release)
		for _, at := range []string{"a/1", "a/2", "a/1"} {
			if _, err := files.Put(t.Context(), at, strings.NewReader("text"), core.PutOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		for _, dir := range f.listed {
			if dir == "a" {
				t.Errorf("%s: listed %q", release, f.listed)
			}
		}
	}
}

// An answer that breaks off is asked for again while nobody has seen any of it.
func TestAFileThatIsReplacedWhileItIsSent(t *testing.T) {
	t.Parallel()
	f, files := serveFolder(t, "3.18.0")
	if _, err := files.Put(t.Context(), "f", strings.NewReader("text"), core.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	f.breaks = 2
	r, err := files.Open(t.Context(), "f", core.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil || string(got) != "text" {
		t.Errorf("%q, %v", got, err)
	}
	f.breaks = 6 // of two rounds
	if _, err := files.Open(t.Context(), "f", core.ReadOptions{}); !errors.Is(err, core.ErrUnavailable) {
		t.Errorf("one that always breaks off: %v, want ErrUnavailable", err)
	}
}

// MLflow reads paths as URLs: what it would drop of a name, or of that of a directory, is refused.
func TestNamesThatMLflowTakesForOthers(t *testing.T) {
	t.Parallel()
	f, files := serveFolder(t, "3.18.0")
	for _, at := range []string{"a#", "a#b", "a;", "d;/f", "..;/y", "a?", "a%20b", " a", "S:f"} {
		if _, err := files.Put(t.Context(), at, strings.NewReader("text"), core.PutOptions{}); !errors.Is(err, core.ErrInvalid) {
			t.Errorf("Put(%q): %v, want ErrInvalid", at, err)
		}
	}
	if entries, err := os.ReadDir(f.dir); err != nil || len(entries) > 0 {
		t.Errorf("there is %v, %v", entries, err)
	}
	if _, err := files.Put(t.Context(), "a;b", strings.NewReader("text"), core.PutOptions{}); err != nil {
		t.Error(err)
	}
}
