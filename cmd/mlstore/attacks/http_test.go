package attacks_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mlstore/mlstore/server"
)

// The rows of the catalogue on HTTP that a whole server must pass. Slow clients are in package edge.
func TestHTTP(t *testing.T) {
	t.Parallel()
	g := newTarget(t, "file", nil)
	host := "Host: " + g.address + "\r\n"
	const create, body = "POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\n", `{"name":"x"}`
	length := fmt.Sprintf("Content-Length: %d\r\n", len(body))
	const kind = "Content-Type: application/json\r\n"
	search := "GET /api/2.0/mlflow/experiments/search?max_results=1 HTTP/1.1\r\n"
	tests := []struct {
		id, text string
		status   []int // 0 is a connection that is closed
	}{
		{"H02 no host", search + "\r\n", []int{400}},
		{"H02 two hosts", search + host + host + "\r\n", []int{400}},
		{"H02 no host's form", search + "Host: a b\r\n\r\n", []int{400}},
		{"H02 another host", search + "Host: evil.example\r\n\r\n", []int{403}},
		{"1J-a", search + "Host: 10.evil.example\r\n\r\n", []int{403}},
		{"H04", create + host + kind + length + "Origin: https://evil.example\r\n\r\n" + body, []int{403}},
		{"H04 null", create + host + kind + length + "Origin: null\r\n\r\n" + body, []int{403}},
		{"H04 fetch", create + host + kind + length + "Sec-Fetch-Site: cross-site\r\n\r\n" + body, []int{403}},
		{"28 text", create + host + "Content-Type: text/plain\r\n" + length + "\r\n" + body, []int{400, 415}},
		{"27 form", create + host + "Content-Type: application/x-www-form-urlencoded\r\n" + length + "\r\n" + body, []int{400, 415}},
		{"27 multipart", create + host + "Content-Type: multipart/form-data; boundary=x\r\n" + length + "\r\n" + body, []int{400, 415}},
		{"27 empty", create + host + length + "\r\n" + body, []int{400, 415}},
		{"39", create + host + "Content-Type: <script>alert(1)</script>\r\n" + length + "\r\n" + body, []int{400, 415}},
		{"H06", "OPTIONS /api/2.0/mlflow/runs/create HTTP/1.1\r\n" + host +
			"Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n", []int{403}},
		{"H10", create + host + kind + length + "Content-Length: 3\r\n\r\n" + body, []int{400}},
		{"H10 and chunks", create + host + kind + length + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", []int{400, 501}},
		{"H16", create + host + kind + length + "Content-Encoding: gzip\r\n\r\n" + body, []int{415}},
		{"H20", search + host + "X-MLFLOW-WORKSPACE: ../other\r\n\r\n", []int{400}},
		{"H22 TRACE", "TRACE / HTTP/1.1\r\n" + host + "\r\n", []int{405}},
		{"H22 CONNECT", "CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n\r\n", []int{400, 403, 405}},
		{"H22 FOO", "FOO / HTTP/1.1\r\n" + host + "\r\n", []int{405}},
		{"H26 websocket", search + host + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", []int{200, 400}},
		{"H26 h2c", search + host + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", []int{200, 400}},
		{"J22 large body", create + host + kind + "Content-Length: 20000000\r\n\r\n" + strings.Repeat(" ", 20000000), []int{400, 413, 0}},
		{"absolute form of another host", "GET http://evil.example/api/2.0/mlflow/experiments/search HTTP/1.1\r\n" + host + "\r\n", []int{400, 403}},
	}
	for _, test := range tests {
		start := time.Now()
		a := g.raw(strings.Replace(test.text, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1))
		found := false
		for _, status := range test.status {
			found = found || a.status == status
		}
		if !found {
			t.Errorf("%s: %d %.300s, want one of %v", test.id, a.status, a.body, test.status)
		}
		if strings.Contains(a.body, "<script") || strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: the answer is a page: %s", test.id, a.body)
		}
		for name := range a.header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: header %s", test.id, name)
			}
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s took %v", test.id, took)
		}
	}
	if a := g.send("GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name=x", ""); a.status != http.StatusNotFound {
		t.Errorf("one of them made an experiment: %s", a.body)
	}
}

// A page of another origin changes nothing, wherever it asks (H04, on every path).
func TestForeignPages(t *testing.T) {
	t.Parallel()
	g := newTarget(t, "file", func(c *server.Config) { c.StaticPrefix = "/pre" })
	for _, path := range []string{
		"/pre/graphql", "/pre/get-artifact", "/pre/ajax-api/2.0/mlflow/upload-artifact?run_uuid=x&path=y", "/pre/api/2.0/mlflow/runs/create",
		"/pre/api/2.0/mlflow-artifacts/artifacts/x", "/pre/api/2.0/mlflow-artifacts/mpu/create/x", "/pre/health", "/nothing", "/pre/static-files/x",
	} {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
			for _, from := range []string{"Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"} {
				if a := g.send(method, path, "", jsonBody, from); a.status != http.StatusForbidden || a.code() != "PERMISSION_DENIED" {
					t.Errorf("%s %s, %s: %d %s", method, path, from, a.status, a.body)
				}
			}
		}
	}
}

// Whatever is stored, no browser runs it (row 40).
func TestStoredPagesAreInert(t *testing.T) {
	t.Parallel()
	g := newTarget(t, "file", nil)
	experiment, run := g.runIn("inert")
	for _, name := range []string{"x.html", "x.svg", "x.xml", "x.pdf", "x.js", "MLmodel", "x.htm", "x"} {
		g.send("PUT", "/api/2.0/mlflow-artifacts/artifacts/"+experiment+"/"+run+"/artifacts/"+name, "<img src=x onerror=alert(1)>")
		for _, at := range []string{
			"/api/2.0/mlflow-artifacts/artifacts/" + experiment + "/" + run + "/artifacts/" + name, "/get-artifact?run_id=" + run + "&path=" + name,
		} {
			a := g.send("GET", at, "")
			if a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") ||
				a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Content-Security-Policy") != "sandbox; default-src 'none'" {
				t.Errorf("%s: %d %v", at, a.status, a.header)
			}
		}
	}
}
