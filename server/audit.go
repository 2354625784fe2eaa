package server

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// audit tells who changed what, and who was refused: one line for each, without anything of the request but what it is about.
func (s *Server) audit(c *call, r route, err error) {
	refused := errors.Is(err, core.ErrPermission) || errors.Is(err, core.ErrUnauthenticated)
	if !refused && !changes(r.method, c.needs) {
		return
	}
	status := http.StatusOK
	if err != nil {
		_, status = rest.ErrorOf(err)
	}
	method := "none"
	if c.principal.caller != nil {
		method = c.principal.caller.Method
	}
	user := c.principal.name
	if name, _, ok := c.r.BasicAuth(); ok && user == "" {
		user = cut(name) // who it claims to be
	}
	s.config.Audit.LogAttrs(c.ctx(), slog.LevelInfo, "audit",
		slog.String("user", user), slog.String("login", method), slog.String("from", remote(c.r)),
		slog.String("action", r.method+" "+r.paths[0]), slog.Any("resources", resources(c.needs)), slog.Int("status", status),
		slog.Bool("refused", refused))
}

// changes reports whether needs are those of a change.
func changes(method string, needs []need) bool {
	for _, n := range needs {
		if n.permission >= edit && (method != http.MethodGet || n.permission == edit) {
			return true
		}
	}
	return false
}

// resources names what a request is about, at most ten things of it.
func resources(needs []need) []string {
	const most = 10
	var all []string
	for _, n := range needs {
		if len(all) == most {
			return append(all, "and "+strconv.Itoa(len(needs)-most)+" more")
		}
		if n.kind != noKind {
			all = append(all, string(n.kind)+" "+cut(n.id))
		}
	}
	return all
}

// remote is the address that a request comes from.
func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
