package httpstore_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing/iotest"

	"github.com/mlstore/mlstore/conformance"
)

// path lies between a client and a server, and breaks as a case wants.
type path struct {
	url string

	mu     sync.Mutex
	fault  conformance.Fault
	healed chan struct{}
}

func newPath(t conformance.T, target string) *path {
	t.Helper()
	to, err := url.Parse(target)
	conformance.NoError(t, "Parse", err)
	forward := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(to) },
		FlushInterval: -1,
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	p := &path{healed: make(chan struct{})}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, forward) }))
	p.url = web.URL
	t.Cleanup(func() {
		p.Heal()
		web.CloseClientConnections()
		web.Close()
	})
	return p
}

// Break arms a fault. Bytes are not changed on the way: MLflow's API has no digests that would tell.
func (p *path) Break(f conformance.Fault) bool {
	if f == conformance.Corrupt {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	return true
}

// Heal ends what Break began.
func (p *path) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = ""
	close(p.healed)
	p.healed = make(chan struct{})
}

// next is the fault that hits this call.
func (p *path) next() (conformance.Fault, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.fault
	if f != conformance.Stall {
		p.fault = ""
	}
	return f, p.healed
}

func (p *path) serve(w http.ResponseWriter, r *http.Request, server http.Handler) {
	fault, healed := p.next()
	switch fault {
	case conformance.LoseRequest:
		panic(http.ErrAbortHandler)
	case conformance.LoseReply:
		server.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case conformance.Reset:
		if r.Method == http.MethodPut { // an upload breaks in its middle
			r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, 100<<10), iotest.ErrReader(io.ErrUnexpectedEOF)))
		}
		server.ServeHTTP(&breaking{ResponseWriter: w, left: 20}, r)
		panic(http.ErrAbortHandler)
	case conformance.Stall:
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		select {
		case <-healed:
		case <-ctx.Done():
		}
		panic(http.ErrAbortHandler)
	case conformance.Corrupt:
	}
	server.ServeHTTP(w, r)
}

// breaking breaks the connection in the middle of an answer.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) < b.left {
		b.left -= len(p)
		return b.ResponseWriter.Write(p)
	}
	_, _ = b.ResponseWriter.Write(p[:b.left])
	_ = http.NewResponseController(b.ResponseWriter).Flush() // so that there is a beginning
	panic(http.ErrAbortHandler)
}

// Unwrap lets the proxy flush.
func (b *breaking) Unwrap() http.ResponseWriter { return b.ResponseWriter }
