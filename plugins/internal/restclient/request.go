package restclient

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Request is one request and how it may be repeated.
type Request struct {
	Method string
	Path   string // below the server, escaped, from its first slash on
	Query  url.Values
	Header map[string]string
	Body   Body
	Once   bool // it is not repeated when the server may have got it
	Direct bool // nor when the server answers that it failed: the caller looks into that
	Honest bool // the server's errors say when it does not know what a request did: others may be repeated, also when Once
	Peek   int  // bytes of the answer that are read at once: when it breaks off before, the request has failed

	// Away is the whole URL of another place, which the server has signed, instead of Path and Query. Nobody there is told who
	// asks.
	Away core.Secret
}

// changes reports whether the request may change something.
func (r Request) changes() bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && !r.search()
}

// search reports a POST that only reads.
func (r Request) search() bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.Path, "search")
}

// Body is what a request carries. The zero value is nothing.
type Body struct {
	JSON []byte
	// Stream makes the reader of a longer body anew for each attempt; after an error of it nothing is repeated.
	Stream func() (io.Reader, error)
	Size   int64 // of the stream, in bytes; below 0 is unknown
}

func (b Body) attach(req *http.Request) error {
	switch {
	case b.Stream != nil:
		r, err := b.Stream()
		if err != nil {
			return err
		}
		if b.Size == 0 { // whoever gave it nevertheless has something to say at its end
			if _, err := io.Copy(io.Discard, r); err != nil {
				return err
			}
			return nil
		}
		req.Body, req.ContentLength = io.NopCloser(r), b.Size
	case b.JSON != nil:
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(b.JSON)), int64(len(b.JSON))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.JSON)), nil }
		req.Header.Set("Content-Type", "application/json")
	}
	return nil
}

// patience ends an attempt when nothing has moved for too long.
type patience struct {
	timer  *time.Timer
	length time.Duration
}

// silentError is the cause of an attempt that ended because the server was silent.
type silentError struct{ after time.Duration }

func (e silentError) Error() string {
	return "the server was silent for " + e.after.String() + ": look at it, or raise MLFLOW_HTTP_REQUEST_TIMEOUT"
}

func newPatience(length time.Duration, cancel context.CancelCauseFunc) *patience {
	return &patience{time.AfterFunc(length, func() { cancel(silentError{length}) }), length}
}

func (p *patience) moved() { p.timer.Reset(p.length) }
func (p *patience) stop()  { p.timer.Stop() }
