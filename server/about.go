package server

import (
	"io"
	"net/http"

	"github.com/mlstore/mlstore/rest"
)

// aboutRoutes tell of the server itself. MLflow answers all of them without a login.
func (s *Server) aboutRoutes() []route {
	return []route{
		raw(http.MethodGet, []string{"/health"}, open, text("OK")),
		raw(http.MethodGet, []string{"/version"}, open, text(s.config.Version)),
		json(rest.ServerInfo, open, s.serverInfo),
	}
}

func text(body string) func(*call) error {
	return func(c *call) error {
		c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, err := io.WriteString(c.w, body)
		return unanswered(err)
	}
}

func (s *Server) serverInfo(*call, rest.None) (rest.ServerInfoAnswer, error) {
	return rest.ServerInfoAnswer{StoreType: "SqlStore"}, nil
}
