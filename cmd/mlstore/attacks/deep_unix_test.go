//go:build unix

package attacks_test

import (
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// The limits of paths count what a client names below the root of a run, not that root.
func TestPathsAsLongAsTheyMayBe(t *testing.T) {
	t.Parallel()
	g := newTarget(t, "sqlite", nil)
	experiment, run := g.runIn("deep")
	root := "/" + experiment + "/" + run + "/artifacts/"
	at := func(name string) string { return root + name }
	ok := func(method, target, body string) string {
		t.Helper()
		a := g.send(method, target, body)
		if a.status != http.StatusOK {
			t.Errorf("%s %.80s…: %d %.300s", method, target, a.status, a.body)
		}
		return a.body
	}
	long := strings.Repeat(strings.Repeat("d", 254)+"/", 4) + "file" // 1024 bytes
	for _, name := range []string{long, strings.Repeat("s/", 99) + "f", strings.Repeat("d", 255) + "/" + strings.Repeat("é", 127)} {
		for _, way := range []struct{ method, put, get string }{
			{"PUT", files + at(name), files + at(name)},
			{
				"POST", "/ajax-api/2.0/mlflow/upload-artifact?run_id=" + run + "&path=" + query(name),
				"/get-artifact?run_id=" + run + "&path=" + query(name),
			},
		} {
			ok(way.method, way.put, way.method)
			for _, get := range []string{files + at(name), way.get} {
				if body := ok("GET", get, ""); body != way.method {
					t.Errorf("GET %.80s…: %q", get, body)
				}
			}
		}
		if body := ok("GET", files+"?path="+query(strings.TrimPrefix(at(path.Dir(name)), "/")), ""); !strings.Contains(body, `"`+path.Base(name)+`"`) {
			t.Errorf("the directory by the proxy: %.300s", body)
		}
		if body := ok("GET", "/api/2.0/mlflow/artifacts/list?run_id="+run+"&path="+query(path.Dir(name)), ""); !strings.Contains(body, `"`+name+`"`) {
			t.Errorf("the directory of the run: %.300s", body)
		}
		ok("DELETE", files+at(name), "")
		if a := g.send("GET", files+at(name), ""); a.status != http.StatusNotFound {
			t.Errorf("after it was deleted: %d %.300s", a.status, a.body)
		}
	}
	for _, name := range []string{long + "s", strings.Repeat("s/", 100) + "f", strings.Repeat("d/", 60) + "../x", strings.Repeat("d/", 60) + "%252e%252e/x"} {
		if a := g.send("PUT", files+at(name), "x"); a.status != http.StatusBadRequest {
			t.Errorf("PUT %.80s…: %d %.300s", name, a.status, a.body)
		}
	}
}

// A root that is a link is no root for a long path either.
func TestALongPathBelowALink(t *testing.T) {
	t.Parallel()
	g := newTarget(t, "sqlite", nil)
	experiment, run := g.runIn("deep")
	long := strings.Repeat("d/", 60)
	must(t, os.MkdirAll(filepath.Join(g.outside, filepath.FromSlash(long)), 0o700))
	must(t, os.WriteFile(filepath.Join(g.outside, filepath.FromSlash(long), "x"), []byte(g.canary), 0o600))
	g.before = digests(t, g.outside)
	above := filepath.Join(g.dir, "artifacts", experiment, run)
	must(t, os.MkdirAll(above, 0o700))
	must(t, os.Symlink(g.outside, filepath.Join(above, "artifacts")))
	below := "/" + experiment + "/" + run + "/artifacts/" + long
	for _, ask := range [][3]string{
		{"GET", files + below + "x"},
		{"PUT", files + below + "y", "y"},
		{"DELETE", files + below + "x"},
		{"GET", "/get-artifact?run_id=" + run + "&path=" + query(long+"x")},
		{"POST", "/ajax-api/2.0/mlflow/upload-artifact?run_id=" + run + "&path=" + query(long+"y"), "y"},
	} {
		if a := g.send(ask[0], ask[1], ask[2]); a.status < 400 || a.status >= 500 || strings.Contains(a.body, g.canary) {
			t.Errorf("%s %s: %d %.300s", ask[0], ask[1], a.status, a.body)
		}
	}
	for _, list := range []string{
		files + "?path=" + query(strings.Trim(below, "/")), "/api/2.0/mlflow/artifacts/list?run_id=" + run + "&path=" + query(strings.Trim(long, "/")),
	} {
		if a := g.send("GET", list, ""); a.status >= 500 || strings.Contains(a.body, `"x"`) || strings.Contains(a.body, "/x") {
			t.Errorf("GET %s: %d %.300s", list, a.status, a.body)
		}
	}
}
