package server

import (
	"errors"
	"html"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// pageRoutes serve MLflow's web page, which asks for everything relative to its own address.
func (s *Server) pageRoutes() []route {
	routes := []route{raw(http.MethodGet, []string{"/{$}"}, known, s.rootPage)}
	if s.config.StaticPrefix != "" {
		routes = append(routes, openly(http.MethodGet, []string{""}, s.toRoot))
	}
	if s.page != nil {
		routes = append(routes,
			openly(http.MethodGet, []string{"/static-files" + tailMark}, s.page.file),
			raw(http.MethodGet, []string{"/ajax-api/2.0/mlflow/gateway-proxy"}, known, s.noGateway))
	}
	return routes
}

// noGateway tells the page that there are no endpoints of a gateway, as MLflow does without one: it asks on every visit, and
// shows an error when it learns nothing. Nothing else is answered, and nothing asked of anybody.
func (s *Server) noGateway(c *call) error {
	if c.r.URL.Query().Get("gateway_path") != "api/2.0/endpoints/" {
		return &core.Error{
			Code: core.Unimplemented, Reason: core.ReasonEndpointNotFound,
			Err: core.Errorf(core.Unimplemented, "this server has no gateway"),
		}
	}
	return c.answer(struct {
		Endpoints []string `json:"endpoints"`
	}{[]string{}})
}

// toRoot adds the slash without which the page would ask at the wrong address.
func (s *Server) toRoot(c *call) error {
	http.Redirect(c.w, c.r, s.config.StaticPrefix+"/", http.StatusPermanentRedirect)
	return nil
}

func (s *Server) rootPage(c *call) error {
	if s.page != nil {
		c.w.Header().Set("Cache-Control", "no-cache")
		return s.page.send(c, "index.html")
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_, err := io.WriteString(c.w, strings.ReplaceAll(plainPage, "ADDRESS", html.EscapeString(c.r.Host+s.config.StaticPrefix)))
	return unanswered(err)
}

const plainPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>mlstore</title>
<style>
body { font: 16px/1.5 sans-serif; max-width: 42em; margin: 3em auto; padding: 0 1em }
pre { background: #eee; padding: 1em }
</style>
</head><body>
<h1>mlstore</h1>
<p>This is an mlstore server. It speaks MLflow's REST API, so that MLflow's clients work with it as they are:</p>
<pre>import mlflow
mlflow.set_tracking_uri("http://ADDRESS")
mlflow.log_metric("accuracy", 0.9)</pre>
<p>It has no web page yet. MLflow's own comes with its Python package. Have mlstore take it from there, and start the server
with it:</p>
<pre>pip install mlflow
mlstore ui fetch --into ui
mlstore server --ui-dir ui</pre>
</body></html>
`

// webpage is a build of MLflow's web page.
type webpage struct{ root *os.Root }

// openPage opens the folder of a build, which has an index.html.
func openPage(dir string) (*webpage, error) {
	root, err := os.OpenRoot(dir)
	if err == nil {
		if _, err = root.Stat("index.html"); err == nil {
			return &webpage{root}, nil
		}
		_ = root.Close() // nothing was written
	}
	return nil, core.Invalid("ui-dir",
		"%s is no build of MLflow's web page, which has an index.html: get one with mlstore ui fetch: %w", dir, err)
}

func (p *webpage) Close() error { return p.root.Close() }

// file sends a file of the build. Names with a digest in them never change.
func (p *webpage) file(c *call) error {
	name := c.r.PathValue("path")
	if err := core.CheckArtifactPath(name); err != nil {
		return err
	}
	c.w.Header().Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "static/") {
		c.w.Header().Set("Cache-Control", "max-age=2419200") // 28 days, as MLflow has it
	}
	return p.send(c, name)
}

func (p *webpage) send(c *call, name string) error {
	info, err := p.root.Lstat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	var f *os.File
	if err == nil {
		f, err = p.root.Open(name)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) || err != nil && !errors.Is(err, fs.ErrPermission):
		return core.Missing("file of the web page", cut(name))
	case err != nil:
		return core.Errorf(core.Internal, "the server cannot read its web page: %w", err)
	}
	defer f.Close()
	c.w.Header().Set("Content-Type", pageType(name))
	http.ServeContent(c.w, c.r, "", info.ModTime(), f)
	return nil
}

// pageType is the type of a file that a browser runs or shows.
func pageType(name string) string {
	known := map[string]string{
		".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
		".cjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".json": "application/json",
		".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/vnd.microsoft.icon", ".woff": "font/woff",
		".woff2": "font/woff2", ".ttf": "font/ttf", ".eot": "application/vnd.ms-fontobject", ".map": "application/json",
		".txt": "text/plain; charset=utf-8", ".wasm": "application/wasm",
	}
	if kind, found := known[path.Ext(name)]; found {
		return kind
	}
	return "application/octet-stream"
}
