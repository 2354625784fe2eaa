package server

import (
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
)

// Whatever stands on the request line: a path behind a route of files is judged as it is, once decoded, and no other path is
// led to another route.
func FuzzTails(f *testing.F) {
	for _, seed := range []string{
		"/files/a/../b", "/files/%2e%2e/x", "/files//x", "/files/", "/other/../files/x", "//files/x", "/files%2fx", "/files/%252e", "/x?y=/files/", "//",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+target, nil)
		if err != nil || r.URL.Host != "localhost" {
			return
		}
		served := ""
		behind := tails{}
		behind.add(http.MethodGet, "/files"+tailMark, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			served = "file"
			if !strings.HasSuffix(r.URL.Path, r.PathValue("path")) || len(r.PathValue("path")) != len(r.URL.Path)-len("/files/") {
				t.Errorf("%q has the path %q", target, r.PathValue("path"))
			}
		}))
		mux := http.NewServeMux()
		mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) {
			served = "mux"
			if strings.Contains(r.URL.Path, "//") || strings.Contains(r.URL.Path+"/", "/../") || strings.Contains(r.URL.Path+"/", "/./") {
				t.Errorf("%q reaches the table", target)
			}
		})
		w := httptest.NewRecorder()
		behind.dispatch(mux, func(http.ResponseWriter, *http.Request) { served = "unknown" }).ServeHTTP(w, r)
		if served == "" || w.Code >= 300 && w.Code < 400 {
			t.Errorf("%q: %q, status %d", target, served, w.Code)
		}
		if (served == "file") != strings.HasPrefix(r.URL.EscapedPath(), "/files/") {
			t.Errorf("%q: %q", target, served)
		}
	})
}

// The file of an upload in parts lies directly in the directory of its URL, whatever the body calls it.
func FuzzUploadNames(f *testing.F) {
	for _, seed := range []string{"file", "/tmp/file", `C:\x\file`, "..", "a/..", "", ".", `..\x`, "a#b", "a%2fb", "%2e%2e", "dir/", "a\x00"} {
		f.Add("dir", seed)
		f.Add("1/run/artifacts", seed)
	}
	f.Fuzz(func(t *testing.T, dir, local string) {
		if core.CheckArtifactPath(dir) != nil {
			return
		}
		name, err := fileIn(dir, local)
		if err != nil {
			return
		}
		if path.Dir(name) != dir || core.CheckArtifactPath(name) != nil || !strings.HasSuffix(local, path.Base(name)) {
			t.Errorf("%q in %q is %q", local, dir, name)
		}
	})
}
