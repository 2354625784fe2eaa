package server

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/registry"
)

// inParts is a store that takes files in parts, of which it remembers the last that it was asked for.
type inParts struct {
	core.ArtifactRepository

	name  *string
	parts *int
}

func (s inParts) Ability(target any) bool {
	m, ok := target.(*core.Multipart)
	if ok {
		*m = s
	}
	return ok
}

func (s inParts) CreateUpload(_ context.Context, name string, o core.UploadOptions) (core.Upload, error) {
	*s.name, *s.parts = name, o.Parts
	return core.Upload{ID: "u", Parts: make([]core.PresignedRequest, o.Parts)}, nil
}

func (s inParts) CompleteUpload(_ context.Context, name string, _ core.UploadID, parts []core.UploadedPart) error {
	*s.name, *s.parts = name, len(parts)
	for _, p := range parts {
		if p.Number < 1 || p.Number > core.MostParts {
			*s.parts = p.Number
		}
	}
	return nil
}

func (s inParts) AbortUpload(_ context.Context, name string, _ core.UploadID) error {
	*s.name, *s.parts = name, 0
	return nil
}

// Whatever the path and the body of an upload in parts say, it is answered with what went wrong, or the store is asked for a file
// directly in the directory of the path and for no more parts than there may be.
func FuzzMultipart(f *testing.F) {
	store := inParts{mem.NewArtifacts(), new(string), new(int)}
	resolver := registry.New(nil)
	rule := registry.Rule{
		Opener: core.OpenerFunc(func(context.Context, core.OpenRequest) (core.Backend, error) {
			return core.Backend{Artifacts: store}, nil
		}), Empty: true, Kinds: []registry.Kind{registry.Artifacts},
	}
	if err := resolver.Handle("mem", rule); err != nil {
		f.Fatal(err)
	}
	s, err := New(f.Context(), Config{Resolver: resolver, ArtifactsOnly: true, ArtifactsDestination: "mem:files"})
	if err != nil {
		f.Fatal(err)
	}
	for _, body := range []string{
		`{"path":"f","num_parts":1}`, `{"path":"../x","num_parts":10001}`, `{"path":"/tmp/f","num_parts":"3"}`, `{"path":"f","num_parts":-1}`,
		`{"path":"f","upload_id":"u","parts":[{"part_number":1,"etag":"e","url":"http://x"}]}`, `{"path":"f","upload_id":"u"}`,
		`{"path":"f","upload_id":"u","parts":[{"part_number":0},{"part_number":1e9}]}`, `{"path":1}`, `[]`, ``, "{\"path\":\"a\x00\"}",
	} {
		for _, what := range []uint8{0, 1, 2} {
			f.Add(what, "1/run/artifacts", body)
		}
	}
	f.Add(uint8(0), "..%2f..", `{"path":"f","num_parts":1}`)
	f.Add(uint8(1), "a//b", `{"path":"f","upload_id":"u"}`)
	f.Fuzz(func(t *testing.T, what uint8, dir, body string) {
		target := "/api/2.0/mlflow-artifacts/mpu/" + []string{"create", "complete", "abort"}[what%3] + "/" + dir
		if _, err := url.ParseRequestURI(target); err != nil || strings.ContainsAny(target, " \r\n") {
			return
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(body))
		r.Host = "localhost"
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		*store.name, *store.parts = "", 0
		s.Handler().ServeHTTP(w, r)
		said, _ := io.ReadAll(w.Body)
		if w.Code >= http.StatusInternalServerError {
			t.Fatalf("%s with %q: %d %s", target, body, w.Code, said)
		}
		if *store.name == "" {
			return
		}
		within := strings.TrimPrefix(r.URL.Path, "/api/2.0/mlflow-artifacts/mpu/"+[]string{"create", "complete", "abort"}[what%3]+"/")
		if core.CheckArtifactPath(*store.name) != nil || path.Dir(*store.name) != path.Clean(within) || core.CheckArtifactPath(within) != nil {
			t.Errorf("%s with %q asks the store for %q", target, body, *store.name)
		}
		if *store.parts < 0 || *store.parts > core.MostParts {
			t.Errorf("%s with %q has %d parts", target, body, *store.parts)
		}
	})
}
