package server

import (
	"net/http"

	"github.com/mlstore/mlstore/rest"
)

// route is one entry of the table: a call of the API, or bytes at a path of their own.
type route struct {
	method string
	paths  []string // as http.ServeMux takes them, without the static prefix
	policy policy
	decode func(c *call) (any, error) // of the request; nil is none
	serve  func(c *call) error        // answers, or returns an error without having answered
	public bool                       // served also to whoever has no name, and asked for none

	transfers bool // bytes that may be on their way for hours
}

// openly serves bytes to anybody.
func openly(method string, paths []string, do func(*call) error) route {
	r := raw(method, paths, open, do)
	r.public = true
	return r
}

// json is the route of a call whose request and answer are JSON.
func json[Q, A any](e rest.Endpoint, may func(Q) []need, do func(*call, Q) (A, error)) route {
	var nothing Q
	return route{
		method: e.Method(),
		paths:  pathsOf(e),
		public: isPublic(may(nothing)),
		policy: func(request any) []need {
			q, _ := request.(Q) // what decode made; a path without a request has none
			return may(q)
		},
		decode: func(c *call) (any, error) {
			var q Q
			if err := c.read(&q); err != nil {
				return nil, err
			}
			rest.SetPath(&q, c.r.PathValue)
			return q, nil
		},
		serve: func(c *call) error {
			q, _ := c.request.(Q)
			answer, err := do(c, q)
			if err != nil {
				return err
			}
			return c.answer(answer)
		},
	}
}

// raw is a route at paths of its own, whose handler reads and writes bytes. Its policy is given the call.
func raw(method string, paths []string, may func(*call) []need, do func(*call) error) route {
	return route{
		method: method,
		paths:  paths,
		policy: func(request any) []need {
			c, _ := request.(*call)
			return may(c)
		},
		decode: func(c *call) (any, error) { return c, nil },
		serve:  do,
	}
}

// transfer is a raw route whose bytes may be on their way for hours.
func transfer(method string, paths []string, may func(*call) []need, do func(*call) error) route {
	r := raw(method, paths, may, do)
	r.transfers = true
	return r
}

// isPublic reports whether anybody meets the needs.
func isPublic(needs []need) bool {
	for _, n := range needs {
		if n.permission != anyone {
			return false
		}
	}
	return len(needs) > 0
}

// pathsOf lists where MLflow's clients look for a call: below /api, below /ajax-api, where the web page looks, and below
// preview, where clients of 1.x look.
func pathsOf(e rest.Endpoint) []string {
	paths := []string{"/api/" + e.Version() + e.Path(), "/ajax-api/" + e.Version() + e.Path()}
	if e.Version() == "2.0" {
		paths = append(paths, "/api/2.0/preview"+e.Path(), "/ajax-api/2.0/preview"+e.Path())
	}
	return paths
}

// also serves the route under another method.
func (r route) also(method string) []route {
	other := r
	other.method = method
	return []route{r, other}
}

// readsQuery reports whether a method carries its request in the query.
func readsQuery(r *http.Request) bool { return r.Method == http.MethodGet && r.URL.RawQuery != "" }
