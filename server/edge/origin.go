package edge

import (
	"net/http"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// origin is a scheme and host that a browser names as the place that a request comes from (RFC 6454).
type origin struct {
	scheme string
	host   host
}

func parseOrigin(text string) (origin, bool) {
	scheme, rest, found := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	if !found || scheme != "http" && scheme != "https" {
		return origin{}, false
	}
	h, ok := parseHost(rest)
	if usual := map[string]string{"http": "80", "https": "443"}[scheme]; h.port == usual {
		h.port = ""
	}
	return origin{scheme, h}, ok
}

// origins are those whose pages may use the API besides the server's own.
type origins struct {
	any  bool
	list []origin
}

func parseOrigins(entries []string) (origins, error) {
	var o origins
	for _, entry := range entries {
		entry = strings.TrimSpace(entry)
		switch entry {
		case "":
			continue
		case "*":
			o.any = true
			continue
		}
		parsed, ok := parseOrigin(strings.TrimSuffix(entry, "/"))
		if !ok {
			return o, core.Invalid("cors-allowed-origins", "%q is no origin such as https://app.example.com:8443", entry)
		}
		o.list = append(o.list, parsed)
	}
	return o, nil
}

// verdict is what is known of where a request comes from.
type verdict int

const (
	foreign verdict = iota
	own             // no browser, or a page of this very server
	listed          // a page of an origin that the operator allows
)

// judge says where a request comes from. Browsers name it in Origin, and newer ones in Sec-Fetch-Site, which is all there
// is when they leave Origin out. On this machine's own names pages of all ports count as the server's, as in MLflow.
func (o origins) judge(r *http.Request) verdict {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		switch r.Header.Get("Sec-Fetch-Site") {
		case "", "same-origin", "none":
			return own
		}
		return foreign
	}
	from, ok := parseOrigin(values[0])
	if !ok || len(values) > 1 {
		return foreign
	}
	if at, ok := parseHost(r.Host); ok {
		if usual := map[string]string{"http": "80", "https": "443"}[from.scheme]; at.port == usual {
			at.port = ""
		}
		if at == from.host || at.loopback() && from.host.loopback() {
			return own
		}
	}
	if o.any {
		return listed
	}
	for _, known := range o.list {
		if known == from {
			return listed
		}
	}
	return foreign
}

// changes reports whether the method may change something.
func changes(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return true
}

// allow writes what makes a browser hand the answer to a page of a listed origin (Fetch standard, CORS protocol).
func (o origins) allow(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Add("Vary", "Origin")
	if o.any { // whoever sends credentials must be listed by name
		h.Set("Access-Control-Allow-Origin", "*")
		return
	}
	h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	h.Set("Access-Control-Allow-Credentials", "true")
}

// preflight answers a browser that asks before it sends a request.
func preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Range, X-MLFLOW-WORKSPACE, X-Requested-With")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
