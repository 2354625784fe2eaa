package edge

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// MaxURL is how long the target of a request may be, in bytes (security rule R13).
const MaxURL = 16 << 10

// Config says what is let in. The zero value answers to this machine and private networks, and to no foreign page.
type Config struct {
	Prefix       string   // before every path, such as /mlflow; it begins with a slash and does not end with one
	Hosts        []string // that requests may name, as parsed hosts, addresses or networks; none are DefaultHosts
	Origins      []string // whose pages may use the API, such as https://app.example.com; "*" is any, without credentials
	FrameOptions string   // who may show pages in a frame: SAMEORIGIN, which is the default, DENY, or NONE for everybody
}

// Edge lets requests in or refuses them.
type Edge struct {
	prefix  string
	frame   string
	hosts   hosts
	origins origins
}

// New checks what the configuration says.
func New(c Config) (*Edge, error) {
	if c.Prefix != "" && (!strings.HasPrefix(c.Prefix, "/") || strings.HasSuffix(c.Prefix, "/")) {
		return nil, core.Invalid("static-prefix", "%q must begin with a slash and not end with one", c.Prefix)
	}
	e := Edge{prefix: c.Prefix}
	switch frame := strings.ToUpper(c.FrameOptions); frame {
	case "":
		e.frame = "SAMEORIGIN"
	case "SAMEORIGIN", "DENY":
		e.frame = frame
	case "NONE":
	default:
		return nil, core.Invalid("x-frame-options", "%q is none of SAMEORIGIN, DENY and NONE", c.FrameOptions)
	}
	list := c.Hosts
	if len(list) == 0 {
		list = DefaultHosts()
	}
	var err error
	if e.hosts, err = parseHosts(list); err != nil {
		return nil, err
	}
	if e.origins, err = parseOrigins(c.Origins); err != nil {
		return nil, err
	}
	return &e, nil
}

// Wrap returns a handler that passes to next what may come in.
func (e *Edge) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.headers(w, r)
		switch {
		case len(r.RequestURI) > MaxURL:
			Refuse(w, http.StatusRequestURITooLong, core.ReasonBadRequest, fmt.Sprintf("the URL is longer than %d bytes", MaxURL))
			return
		case !e.open(r) && !e.hosts.has(r.Host):
			Refuse(w, http.StatusForbidden, core.ReasonPermissionDenied,
				"the server does not answer to the host that the request names: add it to --allowed-hosts")
			return
		case encoded(r):
			Refuse(w, http.StatusUnsupportedMediaType, core.ReasonBadRequest, "bodies must not be compressed")
			return
		case !method(r.Method):
			w.Header().Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
			Refuse(w, http.StatusMethodNotAllowed, core.ReasonBadRequest, "the method is not one of this API")
			return
		case len(r.Header.Values("X-Mlflow-Workspace")) > 0 && !workspace(r.Header.Values("X-Mlflow-Workspace")):
			Refuse(w, http.StatusBadRequest, core.ReasonInvalidParameterValue,
				"this server has no workspaces: unset MLFLOW_WORKSPACE, or name the workspace default")
			return
		}
		switch e.origins.judge(r) {
		case foreign:
			if changes(r.Method) || r.Method == http.MethodOptions {
				Refuse(w, http.StatusForbidden, core.ReasonPermissionDenied,
					"the request comes from a page of another origin: add the origin to --cors-allowed-origins")
				return
			}
		case listed:
			e.origins.allow(w, r)
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				preflight(w)
				return
			}
		case own:
		}
		next.ServeHTTP(w, r)
	})
}

// open reports the paths that answer to any host: what a load balancer asks for by the server's address.
func (e *Edge) open(r *http.Request) bool {
	path := r.URL.EscapedPath()
	return path == e.prefix+"/health" || path == e.prefix+"/version"
}

// encoded reports a body that would have to be decompressed.
func encoded(r *http.Request) bool {
	for _, coding := range r.Header.Values("Content-Encoding") {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return true
		}
	}
	return false
}

func method(name string) bool {
	switch name {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return true
	}
	return false
}

// workspace reports whether a client's workspace is the one that a server without workspaces has.
func workspace(values []string) bool { return len(values) == 1 && values[0] == "default" }

// headers are those that every answer carries.
func (e *Edge) headers(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	// MLflow's notebooks show this one page in a frame of theirs.
	if e.frame != "" && !strings.HasPrefix(r.URL.Path, e.prefix+"/static-files/lib/notebook-trace-renderer/") {
		h.Set("X-Frame-Options", e.frame)
	}
}

// Refuse answers with MLflow's error and ends the connection, so that nobody waits for the rest of a body.
func Refuse(w http.ResponseWriter, status int, reason core.Reason, message string) {
	body, err := json.Marshal(struct {
		Code    core.Reason `json:"error_code"`
		Message string      `json:"message"`
	}{reason, message})
	if err != nil {
		body = []byte("{}")
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Connection", "close")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
