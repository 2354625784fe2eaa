package server

import (
	"net/http"
	"path"
	"strings"
)

// tailMark ends the paths of routes that are followed by the path of a file.
const tailMark = "/{path...}"

// tails are the routes whose path ends in that of a file. http.ServeMux would redirect a path with ".." or "//" in it to
// another route; here such a path stays what it is, decoded once, and the rules for the paths of artifacts judge it.
type tails map[string][]tail // by what stands before

type tail struct {
	method string
	serve  http.Handler
}

// add takes the route if its path ends in that of a file.
func (t tails) add(method, pattern string, serve http.Handler) bool {
	before, found := strings.CutSuffix(pattern, tailMark)
	if found {
		t[before+"/"] = append(t[before+"/"], tail{method, serve})
	}
	return found
}

// find returns the route of a request and the path behind it.
func (t tails) find(r *http.Request) (serve http.Handler, behind string) {
	escaped := r.URL.EscapedPath()
	for before, routes := range t {
		if !strings.HasPrefix(escaped, before) {
			continue
		}
		for _, route := range routes {
			if route.method == r.Method || route.method == http.MethodGet && r.Method == http.MethodHead {
				return route.serve, r.URL.Path[len(before):] // nothing is escaped in what stands before
			}
		}
	}
	return nil, ""
}

// dispatch serves tails by themselves and everything else by mux, but for paths that are not in normal form: they are unknown.
func (t tails) dispatch(mux *http.ServeMux, unknown http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if serve, behind := t.find(r); serve != nil {
			r.SetPathValue("path", behind)
			serve.ServeHTTP(w, r)
			return
		}
		if !inNormalForm(r.URL.Path) {
			unknown(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// inNormalForm reports whether http.ServeMux takes a path as it is.
func inNormalForm(given string) bool {
	clean := path.Clean("/" + given)
	return clean == given || clean != "/" && clean+"/" == given
}
