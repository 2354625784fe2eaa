package server

import (
	"context"
	stdjson "encoding/json"
	"io"
	"net/http"
	"strconv"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// call is one request on its way through the server.
type call struct {
	w         http.ResponseWriter
	r         *http.Request
	server    *Server
	principal principal // who asks; the zero value is nobody
	request   any       // what decode made of the body or query
	needs     []need    // what the principal must be allowed, as soon as that is known
}

// ctx is the context of the request.
func (c *call) ctx() context.Context { return c.r.Context() }

// read decodes the query of a GET that has one, or else the body.
func (c *call) read(into any) error {
	if readsQuery(c.r) {
		return rest.DecodeQuery(c.r.URL.Query(), into)
	}
	if err := checkJSON(c.r); err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	if err != nil {
		return unreadable(err)
	}
	return rest.Decode(body, into)
}

func unreadable(err error) error {
	return &core.Error{Code: core.InvalidArgument, Op: "read the request", Err: err}
}

// appender is an answer that writes itself, since it is asked for often or is long.
type appender interface{ AppendJSON(b []byte) []byte }

// streamer is an answer that may be so long that it is written while it is read.
type streamer interface {
	streams() bool
	stream(w io.Writer) error
}

// answer writes an answer of status 200.
func (c *call) answer(v any) error {
	if s, ok := v.(streamer); ok && s.streams() {
		return c.stream(s)
	}
	var body []byte
	if a, ok := v.(appender); ok {
		buffer := c.server.buffers.get()
		defer c.server.buffers.put(buffer)
		*buffer = a.AppendJSON((*buffer)[:0])
		body = *buffer
	} else {
		var err error
		if body, err = stdjson.Marshal(v); err != nil {
			return core.Errorf(core.Internal, "the answer cannot be written as JSON: %v", err)
		}
	}
	c.w.Header().Set("Content-Type", "application/json")
	c.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	const short = 4 << 10 // net/http writes it when the call has ended
	if len(body) <= short {
		_, err := c.w.Write(body)
		return unanswered(err)
	}
	to := c.paced()
	defer to.end()
	_, err := to.Write(body)
	return unanswered(err)
}

// stream writes an answer piece by piece. When that fails half-way the connection is cut, so that no client takes a half for
// the whole.
func (c *call) stream(s streamer) error {
	c.w.Header().Set("Content-Type", "application/json")
	to := c.paced()
	defer to.end()
	if err := s.stream(to); err != nil {
		c.server.log.ErrorContext(c.ctx(), "an answer was cut off", "path", c.r.URL.Path, "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// unanswered is nil: the client of an answer that cannot be written has gone, and nobody is left to be told.
func unanswered(error) error { return nil }

// fail answers with an error.
func fail(w http.ResponseWriter, err error) {
	body, status := rest.ErrorOf(err)
	text, _ := stdjson.Marshal(body) // strings alone
	if e := retryAfter(err); e > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e))
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="mlflow", charset="UTF-8"`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone is told nothing
}
