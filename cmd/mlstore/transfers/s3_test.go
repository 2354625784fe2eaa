package transfers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/s3"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/server"
)

// peer speaks to a server whose files are in S3.
type peer struct {
	t   *testing.T
	url string
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	s3server := testenv.S3(t)
	opener := &s3.Opener{Getenv: func(string) string { return "" }, Journal: t.TempDir()}
	resolver := registry.New(nil)
	must(t, resolver.Handle("s3", registry.Rule{
		Opener: core.OpenerFunc(func(ctx context.Context, r core.OpenRequest) (core.Backend, error) {
			r.Options = map[string]string{"endpoint_url": s3server.Endpoint}
			r.Secrets = map[string]core.Secret{
				"access_key_id": core.NewSecret(s3server.AccessKey), "secret_access_key": core.NewSecret(s3server.SecretKey),
			}
			return opener.Open(ctx, r)
		}),
		Kinds: []registry.Kind{registry.Artifacts}, Mount: registry.ByAuthority,
	}))
	must(t, resolver.Handle("mem", registry.Rule{
		Opener: mem.NewOpener(), Empty: true, Kinds: []registry.Kind{registry.Tracking, registry.Registry},
	}))
	uri, err := core.ParseURI("mem:")
	must(t, err)
	s, err := server.New(t.Context(), server.Config{
		Resolver: resolver, Tracking: uri, ArtifactsDestination: "s3://" + s3server.Bucket(t) + "/files",
	})
	must(t, err)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		web.Close()
		must(t, s.Close())
		must(t, resolver.Close())
	})
	return &peer{t, web.URL}
}

// send sends a request anywhere and returns the answer with its body read.
func (p *peer) send(method, url string, body []byte, head map[string]string) (*http.Response, string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, url, bytes.NewReader(body))
	must(p.t, err)
	for name, value := range head {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	must(p.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(p.t, err)
	return answer, string(text)
}

// call sends JSON and reads the answer into into, unless that is nil. It returns the status.
func (p *peer) call(method, path string, fields map[string]any, into any) int {
	p.t.Helper()
	body, err := json.Marshal(fields)
	must(p.t, err)
	answer, text := p.send(method, p.url+path, body, map[string]string{"Content-Type": "application/json"})
	if into != nil && answer.StatusCode == http.StatusOK {
		must(p.t, json.Unmarshal([]byte(text), into))
	}
	if answer.StatusCode != http.StatusOK {
		p.t.Logf("%s %s: %d %s", method, path, answer.StatusCode, text)
	}
	return answer.StatusCode
}

type begun struct {
	ID    string `json:"upload_id"`
	Parts []struct {
		URL     string            `json:"url"`
		Number  int               `json:"part_number"`
		Headers map[string]string `json:"headers"`
	} `json:"credentials"`
}

func TestUploadsInParts(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	const mpu = "/api/2.0/mlflow-artifacts/mpu/"
	var info struct {
		Up   bool `json:"multipart_uploads_enabled"`
		Down bool `json:"multipart_downloads_enabled"`
	}
	p.call("GET", "/api/3.0/mlflow/server-info", nil, &info)
	if !info.Up || !info.Down {
		t.Errorf("server-info: %+v", info)
	}
	var u begun
	if status := p.call("POST", mpu+"create/1/run/artifacts/d", map[string]any{"path": "/tmp/x/large.bin", "num_parts": 2}, &u); status != 200 {
		t.Fatalf("create: %d", status)
	}
	if u.ID == "" || len(u.Parts) != 2 {
		t.Fatalf("create: %+v", u)
	}
	content := [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("the end")}
	var parts []map[string]any
	for i, part := range u.Parts {
		answer, text := p.send("PUT", part.URL, content[i], part.Headers)
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("part %d: %d %s", part.Number, answer.StatusCode, text)
		}
		parts = append(parts, map[string]any{"part_number": part.Number, "etag": answer.Header.Get("ETag"), "url": part.URL})
	}
	const file = proxy + "1/run/artifacts/d/large.bin"
	if answer, _ := p.send("GET", p.url+file, nil, nil); answer.StatusCode != http.StatusNotFound {
		t.Errorf("before the end: %d", answer.StatusCode)
	}
	fields := map[string]any{"path": "large.bin", "upload_id": u.ID, "parts": parts}
	if status := p.call("POST", mpu+"complete/1/run/artifacts/d", fields, nil); status != 200 {
		t.Fatalf("complete: %d", status)
	}
	if answer, text := p.send("GET", p.url+file, nil, nil); answer.StatusCode != http.StatusOK || text != string(bytes.Join(content, nil)) {
		t.Errorf("the file: %d, %d bytes", answer.StatusCode, len(text))
	}
	if answer, text := p.send("GET", p.url+file, nil, map[string]string{"Range": "bytes=5242880-5242886"}); answer.StatusCode != http.StatusPartialContent || text != "the end" {
		t.Errorf("a range: %d %s", answer.StatusCode, text)
	}
	// What was signed lies in no other place than it was asked for, and is for one method.
	if answer, _ := p.send("PUT", strings.Replace(u.Parts[0].URL, "large.bin", "other.bin", 1), content[1], u.Parts[0].Headers); answer.StatusCode < 400 {
		t.Errorf("another file with the same signature: %d", answer.StatusCode)
	}
}

func TestUploadsThatAreAborted(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	const mpu = "/api/2.0/mlflow-artifacts/mpu/"
	var u begun
	p.call("POST", mpu+"create/d", map[string]any{"path": "f"}, &u)
	if len(u.Parts) != 1 {
		t.Fatalf("create: %+v", u)
	}
	p.send("PUT", u.Parts[0].URL, []byte("text"), u.Parts[0].Headers)
	abort := map[string]any{"path": "f", "upload_id": u.ID}
	for range 2 { // the second time there is nothing to do
		if status := p.call("POST", mpu+"abort/d", abort, nil); status != 200 {
			t.Errorf("abort: %d", status)
		}
	}
	part := []map[string]any{{"part_number": 1, "etag": "x"}}
	if status := p.call("POST", mpu+"complete/d", map[string]any{"path": "f", "upload_id": u.ID, "parts": part}, nil); status != 404 && status != 400 {
		t.Errorf("complete after abort: %d", status)
	}
	if answer, _ := p.send("GET", p.url+proxy+"d/f", nil, nil); answer.StatusCode != http.StatusNotFound {
		t.Errorf("the file: %d", answer.StatusCode)
	}
	for what, fields := range map[string]map[string]any{
		"no parts":   {"path": "f", "num_parts": 0},
		"many parts": {"path": "f", "num_parts": 10001},
		"no number":  {"path": "f", "num_parts": "x"},
	} {
		if status := p.call("POST", mpu+"create/d", fields, nil); status != 400 {
			t.Errorf("%s: %d", what, status)
		}
	}
}

func TestPresignedDownloads(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.send("PUT", p.url+proxy+"d/f.txt", []byte("hello"), nil)
	var signed struct {
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
		Size    int               `json:"file_size"`
	}
	if status := p.call("GET", "/api/2.0/mlflow-artifacts/presigned/d/f.txt", nil, &signed); status != 200 || signed.Size != 5 {
		t.Fatalf("%d %+v", status, signed)
	}
	if answer, text := p.send("GET", signed.URL, nil, signed.Headers); answer.StatusCode != http.StatusOK || text != "hello" {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
	if answer, _ := p.send("PUT", signed.URL, []byte("x"), signed.Headers); answer.StatusCode < 400 {
		t.Errorf("written with a request to read: %d", answer.StatusCode)
	}
	if status := p.call("GET", "/api/2.0/mlflow-artifacts/presigned/d/nothing", nil, nil); status != 404 {
		t.Errorf("nothing there: %d", status)
	}
}
