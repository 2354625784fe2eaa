package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/server"
)

const proxy = "/api/2.0/mlflow-artifacts/artifacts"

// withFiles starts a server that serves artifacts.
func withFiles(t *testing.T, change func(*server.Config)) *client {
	t.Helper()
	return newClient(t, func(c *server.Config) {
		c.ArtifactsDestination = "mem:files"
		if change != nil {
			change(c)
		}
	})
}

// ask sends a request with any body and header fields, and returns the answer with its body read.
func (c *client) ask(method, path string, body io.Reader, head ...string) (*http.Response, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, body)
	must(c.t, err)
	for i := 0; i < len(head); i += 2 {
		r.Header.Add(head[i], head[i+1])
	}
	answer, err := c.web.Transport.RoundTrip(r)
	must(c.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(c.t, err)
	return answer, string(text)
}

// runIn makes an experiment with its artifacts at location and a run in it.
func (c *client) runIn(location string) (experiment, run string) {
	c.t.Helper()
	status, body := c.call("POST", "/api/2.0/mlflow/experiments/create",
		fmt.Sprintf(`{"name":%q,"artifact_location":%q}`, "at "+location+strconv.Itoa(rand.Int()), location))
	var e struct {
		ID string `json:"experiment_id"`
	}
	must(c.t, json.Unmarshal([]byte(body), &e))
	if status != 200 {
		c.t.Fatalf("create experiment: %d %s", status, body)
	}
	status, body = c.call("POST", "/api/2.0/mlflow/runs/create", fmt.Sprintf(`{"experiment_id":%q}`, e.ID))
	var r struct {
		Run struct {
			Info struct {
				ID string `json:"run_id"`
			} `json:"info"`
		} `json:"run"`
	}
	must(c.t, json.Unmarshal([]byte(body), &r))
	if status != 200 {
		c.t.Fatalf("create run: %d %s", status, body)
	}
	return e.ID, r.Run.Info.ID
}

func TestFilesGoThroughTheProxy(t *testing.T) {
	t.Parallel()
	c := withFiles(t, nil)
	names := []string{
		"plain.txt", "dir/sub/x.bin", "a b", "a+b", "a&b=c", "a,b", "'", `"`, "<x>", "a?b", "~x", "-rf", "é", "e\u0301", "😀.bin", "a.", " a",
		"100%", "a;b", "a=b", "x:y",
	}
	for _, prefix := range []string{"/api/2.0", "/ajax-api/2.0"} {
		for _, name := range names {
			path := prefix + "/mlflow-artifacts/artifacts/d/" + escaped(name)
			content := "content of " + name
			if answer, body := c.ask("PUT", path, strings.NewReader(content)); answer.StatusCode != http.StatusOK || body != "" {
				t.Fatalf("PUT %s: %d %s", path, answer.StatusCode, body)
			}
			answer, body := c.ask("GET", path, nil)
			if answer.StatusCode != http.StatusOK || body != content {
				t.Errorf("GET %s: %d %s", path, answer.StatusCode, body)
			}
			checkInert(t, answer)
			if answer.ContentLength != int64(len(content)) {
				t.Errorf("GET %s: length %d", path, answer.ContentLength)
			}
			if answer, body := c.ask("HEAD", path, nil); answer.StatusCode != http.StatusOK || body != "" || answer.ContentLength != int64(len(content)) {
				t.Errorf("HEAD %s: %d %s %d", path, answer.StatusCode, body, answer.ContentLength)
			}
			if listed := c.list(t, proxy+"?path=d"); name != "dir/sub/x.bin" && !has(listed, name) {
				t.Errorf("%q is not among %v", name, listed)
			}
			if answer, body := c.ask("DELETE", path, nil); answer.StatusCode != http.StatusOK || body != "{}" {
				t.Errorf("DELETE %s: %d %s", path, answer.StatusCode, body)
			}
			if answer, body := c.ask("GET", path, nil); answer.StatusCode != http.StatusNotFound || !strings.Contains(body, "RESOURCE_DOES_NOT_EXIST") {
				t.Errorf("GET %s: %d %s", path, answer.StatusCode, body)
			}
		}
	}
	if status, body := c.call("GET", proxy, ""); status != 200 || body != "{}" {
		t.Errorf("an empty root: %d %s", status, body)
	}
}

type entry struct {
	Path string `json:"path"`
	Dir  bool   `json:"is_dir"`
	Size *int64 `json:"file_size"`
}

func (c *client) list(t *testing.T, path string) []entry {
	t.Helper()
	status, body := c.call("GET", path, "")
	var found struct {
		Files []entry `json:"files"`
	}
	must(t, json.Unmarshal([]byte(body), &found))
	if status != 200 {
		t.Errorf("%s: %d %s", path, status, body)
	}
	return found.Files
}

func has(entries []entry, name string) bool {
	for _, e := range entries {
		if e.Path == name {
			return true
		}
	}
	return false
}

// escaped escapes everything but letters, digits and slashes, as a careful client may.
func escaped(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '/' || c == '.' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// checkInert fails unless no browser runs what it is given (R12).
func checkInert(t *testing.T, answer *http.Response) {
	t.Helper()
	h := answer.Header
	if !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || h.Get("X-Content-Type-Options") != "nosniff" ||
		h.Get("Content-Security-Policy") != "sandbox; default-src 'none'" {
		t.Errorf("a browser may run this: %v", h)
	}
}

func TestListings(t *testing.T) {
	t.Parallel()
	c := withFiles(t, nil)
	_, run := c.runIn("mlflow-artifacts:/some/where")
	root := "some/where/" + run + "/artifacts"
	for name, content := range map[string]string{"model/MLmodel": "x", "model/empty": "", "top.txt": "12345"} {
		if answer, body := c.ask("PUT", proxy+"/"+root+"/"+name, strings.NewReader(content)); answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s", name, answer.StatusCode, body)
		}
	}
	none, one, five := int64(0), int64(1), int64(5)
	of := "/api/2.0/mlflow/artifacts/list?run_id=" + run
	tests := []struct {
		name, path string
		want       []entry
	}{
		{"root of the run", of, []entry{{"model", true, nil}, {"top.txt", false, &five}}},
		{"directory of the run", of + "&path=model", []entry{{"model/MLmodel", false, &one}, {"model/empty", false, &none}}},
		{"the same, with a slash", of + "&path=model/", []entry{{"model/MLmodel", false, &one}, {"model/empty", false, &none}}},
		{"by the old name", "/ajax-api/2.0/preview/mlflow/artifacts/list?run_uuid=" + run + "&path=model", []entry{
			{"model/MLmodel", false, &one}, {"model/empty", false, &none},
		}},
		{"a file", of + "&path=top.txt", nil},
		{"nothing", of + "&path=nothing", nil},
		{"proxy", proxy + "?path=" + root, []entry{{"model", true, nil}, {"top.txt", false, &five}}},
		{"proxy, below", proxy + "?path=" + root + "/model", []entry{{"MLmodel", false, &one}, {"empty", false, &none}}},
		{"proxy, a file", proxy + "?path=" + root + "/top.txt", nil},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, c.list(t, test.path)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
	_, body := c.call("GET", of, "")
	if !strings.Contains(body, `"root_uri":"mlflow-artifacts:/some/where/`+run+`/artifacts"`) {
		t.Errorf("no root in %s", body)
	}
	if answer, body := c.ask("GET", "/get-artifact?run_id="+run+"&path=model/MLmodel", nil); body != "x" ||
		answer.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("get-artifact: %v %s", answer, body)
	}
}

// A directory of many pages is written as it is read.
func TestLongListing(t *testing.T) {
	t.Parallel()
	c := withFiles(t, nil)
	const files = 2500 // a page has 1000
	for i := range files {
		c.ask("PUT", fmt.Sprintf("%s/d/%04d", proxy, i), strings.NewReader(""))
	}
	if listed := c.list(t, proxy+"?path=d"); len(listed) != files || listed[files-1].Path != "2499" {
		t.Errorf("%d entries", len(listed))
	}
}

func TestRangesAndConditions(t *testing.T) {
	t.Parallel()
	c := withFiles(t, nil)
	content := strings.Repeat("0123456789", 1000)
	c.ask("PUT", proxy+"/f", strings.NewReader(content))
	whole, _ := c.ask("GET", proxy+"/f", nil)
	tag, date := whole.Header.Get("ETag"), whole.Header.Get("Last-Modified")
	if tag == "" || date == "" || whole.Header.Get("Accept-Ranges") != "bytes" {
		t.Fatalf("headers %v", whole.Header)
	}
	many := make([]string, 1000)
	for i := range many {
		many[i] = "0-9999"
	}
	tests := []struct {
		name   string
		head   []string
		status int
		body   string
	}{
		{"start", []string{"Range", "bytes=0-4"}, 206, "01234"},
		{"middle", []string{"Range", "bytes=9995-9997"}, 206, "567"},
		{"end", []string{"Range", "bytes=-3"}, 206, "789"},
		{"open", []string{"Range", "bytes=9990-"}, 206, "0123456789"},
		{"over the end", []string{"Range", "bytes=9998-20000"}, 206, "89"},
		{"past the end", []string{"Range", "bytes=10000-"}, 416, ""},
		{"far past the end", []string{"Range", "bytes=999999999999-"}, 416, ""},
		{"nonsense", []string{"Range", "bytes=x"}, 416, ""},
		{"other unit", []string{"Range", "lines=1-2"}, 416, ""},
		{"overlapping a thousand times", []string{"Range", "bytes=" + strings.Join(many, ",")}, 200, content},
		{"of this version", []string{"Range", "bytes=0-4", "If-Range", tag}, 206, "01234"},
		{"of another version", []string{"Range", "bytes=0-4", "If-Range", `"other"`}, 200, content},
		{"has it", []string{"If-None-Match", tag}, 304, ""},
		{"has it by date", []string{"If-Modified-Since", date}, 304, ""},
		{"has another", []string{"If-None-Match", `"other"`}, 200, content},
		{"wants another", []string{"If-Match", `"other"`}, 412, ""},
	}
	for _, test := range tests {
		answer, body := c.ask("GET", proxy+"/f", nil, test.head...)
		if answer.StatusCode != test.status || test.status < 300 && body != test.body {
			t.Errorf("%s: %d, %d bytes", test.name, answer.StatusCode, len(body))
		}
	}
	answer, body := c.ask("GET", proxy+"/f", nil, "Range", "bytes=0-0,-1")
	if answer.StatusCode != http.StatusPartialContent || !strings.HasPrefix(answer.Header.Get("Content-Type"), "multipart/byteranges") ||
		!strings.Contains(body, "Content-Range: bytes 9999-9999/10000\r\n") {
		t.Errorf("two ranges: %d %v %s", answer.StatusCode, answer.Header, body)
	}
}

func TestNamesInDispositions(t *testing.T) {
	t.Parallel()
	c := withFiles(t, nil)
	for name, want := range map[string]string{
		"plain.txt": `attachment; filename=plain.txt`,
		"a b.txt":   `attachment; filename="a b.txt"`,
		`a".txt`:    `attachment; filename="a\".txt"`,
		"Größe.csv": `attachment; filename=Gr__e.csv; filename*=UTF-8''Gr%C3%B6%C3%9Fe.csv`,
	} {
		c.ask("PUT", proxy+"/d/"+escaped(name), strings.NewReader(""))
		if answer, _ := c.ask("GET", proxy+"/d/"+escaped(name), nil); answer.Header.Get("Content-Disposition") != want {
			t.Errorf("%s: %s", name, answer.Header.Get("Content-Disposition"))
		}
	}
}

func TestDigestsAreVerified(t *testing.T) {
	t.Parallel()
	c := withFiles(t, nil)
	const right, wrong = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:", "sha-256=:AAAAul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"
	tests := []struct {
		digest string
		status int
	}{{right, 200}, {"md5=:x:, " + right, 200}, {wrong, 400}, {"sha-256=:AAAA:", 400}, {"sha-256=:?:", 400}}
	for i, test := range tests {
		path := fmt.Sprintf("%s/f%d", proxy, i)
		answer, body := c.ask("PUT", path, strings.NewReader("hello"), "Content-Digest", test.digest)
		if answer.StatusCode != test.status {
			t.Errorf("%s: %d %s", test.digest, answer.StatusCode, body)
		}
		if test.status == 200 && answer.Header.Get("Repr-Digest") != right {
			t.Errorf("the answer has %q", answer.Header.Get("Repr-Digest"))
		}
		if answer, _ := c.ask("GET", path, nil); (answer.StatusCode == http.StatusOK) != (test.status == 200) {
			t.Errorf("%s: then %d", test.digest, answer.StatusCode)
		}
	}
}

// A body that ends before its length, or without its last chunk, is no file (H14).
func TestCutUploadsPublishNothing(t *testing.T) {
	t.Parallel()
	c := withFiles(t, nil)
	c.ask("PUT", proxy+"/old", strings.NewReader("old"))
	for name, request := range map[string]string{
		"length":     "Content-Length: 100\r\n\r\nabc",
		"chunks":     "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		"half chunk": "Transfer-Encoding: chunked\r\n\r\nff\r\nabc",
	} {
		for _, file := range []string{"new", "old"} {
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(c.url, "http://"))
			must(t, err)
			_, err = fmt.Fprintf(conn, "PUT %s/%s HTTP/1.1\r\nHost: localhost\r\n%s", proxy, file, request)
			must(t, err)
			must(t, conn.(*net.TCPConn).CloseWrite())
			answer, err := io.ReadAll(conn)
			must(t, err)
			if strings.HasPrefix(string(answer), "HTTP/1.1 2") {
				t.Errorf("%s: %s", name, answer)
			}
			must(t, conn.Close())
		}
		if answer, _ := c.ask("GET", proxy+"/new", nil); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", name, answer.StatusCode)
		}
		if _, body := c.ask("GET", proxy+"/old", nil); body != "old" {
			t.Errorf("%s: the old file is %q", name, body)
		}
	}
}

func TestUploadArtifact(t *testing.T) {
	t.Parallel()
	c := withFiles(t, nil)
	_, run := c.runIn("mlflow-artifacts:/x")
	const at = "/ajax-api/2.0/mlflow/upload-artifact?"
	large := make([]byte, 10<<20+1)
	tests := []struct {
		name, query string
		body        io.Reader
		status      int
		says        string
	}{
		{"stored", "run_id=" + run + "&path=d/f", strings.NewReader("hello"), 200, ""},
		{"by the old name", "run_uuid=" + run + "&path=d/g", strings.NewReader("hello"), 200, ""},
		{"as large as can be", "run_uuid=" + run + "&path=d/large", bytes.NewReader(large[1:]), 200, ""},
		{"no run", "path=d/f", strings.NewReader("hello"), 400, "Request must specify run_id or run_uuid."},
		{"no path", "run_id=" + run, strings.NewReader("hello"), 400, "Request must specify path."},
		{"nothing", "run_id=" + run + "&path=d/n", strings.NewReader(""), 400, "Request must specify data."},
		{"too large", "run_id=" + run + "&path=d/n", bytes.NewReader(large), 400, "Max size is 10MB"},
		{"too large, in chunks", "run_id=" + run + "&path=d/n", struct{ io.Reader }{bytes.NewReader(large)}, 400, "Max size is 10MB"},
		{"unknown run", "run_id=00000000000000000000000000000000&path=d/n", strings.NewReader("hello"), 404, ""},
		{"out", "run_id=" + run + "&path=../n", strings.NewReader("hello"), 400, ""},
	}
	for _, test := range tests {
		answer, body := c.ask("POST", at+test.query, test.body)
		if answer.StatusCode != test.status || !strings.Contains(body, test.says) {
			t.Errorf("%s: %d %s", test.name, answer.StatusCode, body)
		}
	}
	want := []string{"d/f", "d/g", "d/large"}
	var got []string
	for _, e := range c.list(t, "/api/2.0/mlflow/artifacts/list?path=d&run_id="+run) {
		got = append(got, e.Path)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestServersThatDoNotServe(t *testing.T) {
	t.Parallel()
	alone := withFiles(t, func(c *server.Config) { c.ArtifactsOnly = true })
	without := newClient(t, nil)
	signed := withFiles(t, func(c *server.Config) { c.PresignedOnly = true })
	tests := []struct {
		name           string
		c              *client
		method, path   string
		status         int
		says, notJSONs string
	}{
		{"no proxy", without, "GET", proxy + "/x", 503, "--serve-artifacts", "text/plain; charset=utf-8"},
		{"no proxy", without, "PUT", proxy + "/x", 503, "--serve-artifacts", "text/plain; charset=utf-8"},
		{"no proxy", without, "DELETE", proxy + "/x", 503, "--serve-artifacts", "text/plain; charset=utf-8"},
		{"no proxy", without, "GET", proxy, 503, "--serve-artifacts", "text/plain; charset=utf-8"},
		{"no proxy", without, "POST", "/api/2.0/mlflow-artifacts/mpu/create/x", 503, "--serve-artifacts", "text/plain; charset=utf-8"},
		{"no proxy", without, "GET", "/api/2.0/mlflow-artifacts/presigned/x", 503, "--serve-artifacts", "text/plain; charset=utf-8"},
		{"alone", alone, "GET", "/api/2.0/mlflow/runs/get?run_id=x", 503, "--artifacts-only", "text/plain; charset=utf-8"},
		{"alone", alone, "GET", "/get-artifact?run_id=x&path=y", 503, "--artifacts-only", "text/plain; charset=utf-8"},
		{"alone", alone, "POST", "/ajax-api/2.0/mlflow/upload-artifact", 503, "--artifacts-only", "text/plain; charset=utf-8"},
		{"alone", alone, "PUT", proxy + "/x", 200, "", ""},
		{"alone", alone, "GET", proxy + "/x", 200, "", ""},
		{"alone", alone, "GET", "/health", 200, "OK", ""},
		{"signed", signed, "PUT", proxy + "/x", 403, "PERMISSION_DENIED", ""},
		{"signed", signed, "GET", proxy + "/x", 403, "PERMISSION_DENIED", ""},
		{"signed", signed, "GET", "/api/2.0/mlflow-artifacts/presigned/x", 501, "Multipart download is not supported", ""},
	}
	for _, test := range tests {
		answer, body := test.c.ask(test.method, test.path, strings.NewReader(""))
		if answer.StatusCode != test.status || !strings.Contains(body, test.says) {
			t.Errorf("%s: %s %s: %d %s", test.name, test.method, test.path, answer.StatusCode, body)
		}
		if kind := answer.Header.Get("Content-Type"); test.notJSONs != "" && kind != test.notJSONs {
			t.Errorf("%s: %s", test.name, kind)
		}
	}
	for c, want := range map[*client]string{
		alone: `"artifact_serving_enabled":true`, without: `"artifact_serving_enabled":false`, signed: `"artifacts_presigned_only":true`,
	} {
		if _, body := c.call("GET", "/api/3.0/mlflow/server-info", ""); !strings.Contains(body, want) {
			t.Errorf("%s is not in %s", want, body)
		}
	}
}

func TestPartsWhereTheStoreHasNone(t *testing.T) {
	t.Parallel()
	c := withFiles(t, nil)
	for call, body := range map[string]string{
		"create": `{"path":"/tmp/file","num_parts":2}`, "complete": `{"path":"file","upload_id":"u","parts":[{"part_number":1,"etag":"e"}]}`,
		"abort": `{"path":"file","upload_id":"u"}`,
	} {
		status, answer := c.call("POST", "/api/2.0/mlflow-artifacts/mpu/"+call+"/1/run/artifacts", body)
		if status != 501 || !strings.Contains(answer, "Multipart upload is not supported for the current artifact repository") {
			t.Errorf("%s: %d %s", call, status, answer)
		}
		for _, bad := range []string{"..", "a/..", "", ".", "a/.", "../../x", `..\x`, "dir/", "a#b", ".artifact.uploading.x"} {
			text, err := json.Marshal(bad)
			must(t, err)
			body := strings.Replace(strings.Replace(body, `"/tmp/file"`, string(text), 1), `"file"`, string(text), 1)
			if status, answer := c.call("POST", "/api/2.0/mlflow-artifacts/mpu/"+call+"/1/run/artifacts", body); status != 400 {
				t.Errorf("%s with %q: %d %s", call, bad, status, answer)
			}
		}
	}
	_, run := c.runIn("mem:/elsewhere")
	status, answer := c.call("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", fmt.Sprintf(`{"run_id":%q,"path":"f"}`, run))
	if status != 501 || !strings.Contains(answer, "Presigned upload is not supported") {
		t.Errorf("%d %s", status, answer)
	}
	_, run = c.runIn("mlflow-artifacts:/x")
	for body, says := range map[string]string{
		fmt.Sprintf(`{"run_id":%q,"path":"f"}`, run):                               "proxied artifact storage",
		fmt.Sprintf(`{"run_id":%q,"path":"../f"}`, run):                            "path",
		fmt.Sprintf(`{"run_id":%q,"path":"f","expiration":0}`, run):                "between 1 and 604800",
		fmt.Sprintf(`{"run_id":%q,"model_id":"m-1","path":"f"}`, run):              "Exactly one of run_id and model_id",
		fmt.Sprintf(`{"run_id":%q}`, run):                                          "path",
		`{"path":"f"}`:                                                             "Exactly one of run_id and model_id",
		fmt.Sprintf(`{"run_id":%q,"path":"f","expiration":9223372036854775}`, run): "between 1 and 604800",
	} {
		if status, answer := c.call("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", body); status != 400 || !strings.Contains(answer, says) {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
}

// A store that fails in the middle of a file must not look as if the file ended there.
func TestBrokenDownloadsAreCut(t *testing.T) {
	t.Parallel()
	c := newClientOver(t, func(context.Context, core.OpenRequest) (core.Backend, error) {
		return core.Backend{Tracking: mem.NewTracking(), Registry: mem.NewRegistry(), Artifacts: breaking{mem.NewArtifacts()}}, nil
	}, func(c *server.Config) { c.ArtifactsDestination = "mem:files" })
	c.ask("PUT", proxy+"/f", bytes.NewReader(make([]byte, 1<<20)))
	for _, bytes := range []string{"bytes=0-", "bytes=10-", ""} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url+proxy+"/f", nil)
		must(t, err)
		if bytes != "" {
			r.Header.Set("Range", bytes)
		}
		answer, err := c.web.Transport.RoundTrip(r)
		if err != nil {
			continue // cut before the header
		}
		if _, err = io.Copy(io.Discard, answer.Body); err == nil {
			t.Errorf("%q: the client was told that the file ended", bytes)
		}
		answer.Body.Close()
	}
}

type breaking struct{ *mem.Artifacts }

func (b breaking) Open(ctx context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	r, err := b.Artifacts.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(r, 1000), broken{}), r}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the disk is on fire") }

// A file that is replaced between what a store tells of it and what it gives is sent in one version: whole, or cut off.
func TestReplacedWhileRead(t *testing.T) {
	t.Parallel()
	var times atomic.Int32
	c := newClientOver(t, func(context.Context, core.OpenRequest) (core.Backend, error) {
		files := replacing{mem.NewArtifacts(), &times}
		return core.Backend{Tracking: mem.NewTracking(), Registry: mem.NewRegistry(), Artifacts: files}, nil
	}, func(c *server.Config) { c.ArtifactsDestination = "mem:files" })
	c.ask("PUT", proxy+"/f", strings.NewReader(strings.Repeat("5", 50)))
	times.Store(3)
	if answer, body := c.ask("GET", proxy+"/f", nil); answer.StatusCode != http.StatusOK || body != strings.Repeat("0", 100) {
		t.Errorf("replaced three times: %d, %q; want the last version whole", answer.StatusCode, body)
	}
	times.Store(2)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url+proxy+"/f", nil)
	must(t, err)
	r.Header.Set("Range", "bytes=0-")
	answer, err := c.web.Transport.RoundTrip(r)
	if err != nil {
		return // cut before the header
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("a part of a file that was replaced: %d, %q; want it cut off", answer.StatusCode, body)
	}
}

// replacing stores give a file other content, of another length, before they open it.
type replacing struct {
	*mem.Artifacts

	times *atomic.Int32
}

func (r replacing) Open(ctx context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	if n := int(r.times.Add(-1)); n >= 0 {
		content := strings.Repeat(strconv.Itoa(n), 100+n)
		if _, err := r.Put(ctx, path, strings.NewReader(content), core.PutOptions{}); err != nil {
			return nil, err
		}
	}
	return r.Artifacts.Open(ctx, path, o)
}
