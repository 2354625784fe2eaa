package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/server"
)

// build makes a folder like a build of MLflow's page.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "static", "js"), 0o700))
	for name, text := range map[string]string{
		"index.html": "<!doctype html>page", "static/js/main.js": "main()", "favicon.ico": "icon", "../secret": "CANARY",
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	must(t, os.Symlink(filepath.Join(dir, "..", "secret"), filepath.Join(dir, "link")))
	return dir
}

func TestThePageIsServed(t *testing.T) {
	t.Parallel()
	dir := build(t)
	for _, prefix := range []string{"", "/mlflow"} {
		c := newClient(t, func(c *server.Config) { c.UIDir, c.StaticPrefix = dir, prefix })
		tests := []struct {
			path, body, kind, cache string
			status                  int
		}{
			{"/", "<!doctype html>page", "text/html; charset=utf-8", "no-cache", 200},
			{"/static-files/static/js/main.js", "main()", "text/javascript; charset=utf-8", "max-age=2419200", 200},
			{"/static-files/favicon.ico", "icon", "image/vnd.microsoft.icon", "no-cache", 200},
			{"/static-files/index.html", "<!doctype html>page", "text/html; charset=utf-8", "no-cache", 200},
			{"/static-files/nothing.js", "", "application/json", "", 404},
			{"/static-files/static", "", "application/json", "", 404},
			{"/static-files/link", "", "application/json", "", 404},
			{"/static-files/../secret", "", "application/json", "", 400},
			{"/static-files/%2e%2e/secret", "", "application/json", "", 400},
			{"/static-files/", "", "application/json", "", 400},
		}
		for _, test := range tests {
			answer, body := c.ask("GET", prefix+test.path, nil)
			h := answer.Header
			if answer.StatusCode != test.status || h.Get("Content-Type") != test.kind || test.body != "" && body != test.body {
				t.Errorf("%s%s: %d %s %s", prefix, test.path, answer.StatusCode, h.Get("Content-Type"), body)
			}
			if test.cache != "" && h.Get("Cache-Control") != test.cache || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s%s: headers %v", prefix, test.path, h)
			}
			if strings.Contains(body, "CANARY") {
				t.Errorf("%s%s leads out of the folder", prefix, test.path)
			}
		}
		whole, _ := c.ask("GET", prefix+"/", nil)
		if again, _ := c.ask("GET", prefix+"/", nil, "If-Modified-Since", whole.Header.Get("Last-Modified")); again.StatusCode != http.StatusNotModified {
			t.Errorf("the same page again: %d", again.StatusCode)
		}
	}
	c := newClient(t, func(c *server.Config) { c.UIDir, c.StaticPrefix = dir, "/mlflow" })
	if answer, _ := c.ask("GET", "/mlflow", nil); answer.StatusCode != http.StatusPermanentRedirect || answer.Header.Get("Location") != "/mlflow/" {
		t.Errorf("without a slash: %d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
}

func TestWithoutAPageTheRootSaysHowToGetOne(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	answer, body := c.ask("GET", "/", nil)
	for _, says := range []string{"mlstore ui fetch", "--ui-dir", strings.TrimPrefix(c.url, "http://")} {
		if !strings.Contains(body, says) {
			t.Errorf("%q is not in %s", says, body)
		}
	}
	if answer.StatusCode != http.StatusOK || !strings.Contains(answer.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%d %v", answer.StatusCode, answer.Header)
	}
	if answer, _ := c.ask("GET", "/static-files/main.js", nil); answer.StatusCode != http.StatusNotFound {
		t.Errorf("static-files: %d", answer.StatusCode)
	}
	_, err := server.New(t.Context(), server.Config{UIDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "mlstore ui fetch") {
		t.Errorf("a folder without a page: %v", err)
	}
}
