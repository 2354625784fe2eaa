package server

import (
	"errors"
	"mime"
	"net/http"
	"runtime/debug"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/server/edge"
)

// maxBody is how large the body of a call may be: a batch of a hundred long params takes 4 MiB (R13).
const maxBody = 16 << 20

// checkJSON refuses a body that is not declared to be JSON: a page of another origin could send it without being asked (R11).
// Source: mlflow/server/handlers.py, _validate_content_type.
func checkJSON(r *http.Request) error {
	if r.Method != http.MethodPost && r.Method != http.MethodPut {
		return nil
	}
	given := r.Header.Get("Content-Type")
	if given == "" {
		return core.Invalid("Content-Type", "Bad Request. Content-Type header is missing.")
	}
	if kind, _, err := mime.ParseMediaType(given); err != nil || kind != "application/json" {
		return core.Invalid("Content-Type", "Bad Request. Content-Type must be one of ['application/json'].")
	}
	return nil
}

// outermost is the handler that requests meet first.
func (s *Server) outermost() (http.Handler, error) {
	gate, err := edge.New(s.config.Edge)
	if err != nil {
		return nil, err
	}
	table, err := s.mux()
	if err != nil {
		return nil, err
	}
	return gate.Wrap(s.unbroken(table)), nil
}

// unbroken answers 500 when a handler panics, and tells the log why. The server goes on.
func (s *Server) unbroken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { //nolint:contextcheck // fail writes, and waits for nothing
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(cause) // which cuts the connection
			}
			s.log.ErrorContext(r.Context(), "a handler panicked", "path", r.URL.Path, "cause", cause, "stack", string(debug.Stack()))
			fail(w, core.Errorf(core.Internal, "the server made a mistake; its log says more"))
		}()
		next.ServeHTTP(w, r)
	})
}
