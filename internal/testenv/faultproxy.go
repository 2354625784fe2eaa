package testenv

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// FaultProxy stands before an HTTP server and does to requests what a test wants. Everything else passes, with the host
// name that the client used, so that signatures stay valid.
type FaultProxy struct {
	URL string

	mu     sync.Mutex
	rules  []*rule
	seen   int
	server *httptest.Server
}

// Fault answers a request in the place of the server, or spoils what the server answers.
type Fault func(w http.ResponseWriter, r *http.Request, server http.Handler)

type rule struct {
	matches func(*http.Request) bool
	fault   Fault
	times   int
}

// NewFaultProxy starts a proxy before the server at target.
func NewFaultProxy(t testing.TB, target string) *FaultProxy {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = to.Scheme, to.Host, r.In.Host
		},
		FlushInterval: -1,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	p := &FaultProxy{}
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault := p.match(r); fault != nil {
			fault(w, r, forward)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	p.URL = p.server.URL
	t.Cleanup(func() {
		p.server.CloseClientConnections()
		p.server.Close()
	})
	return p
}

// On applies the fault to the next requests that match, so many times; below 0 is for ever.
func (p *FaultProxy) On(times int, matches func(*http.Request) bool, fault Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = append(p.rules, &rule{matches, fault, times})
}

// Seen is how many requests a fault has met.
func (p *FaultProxy) Seen() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

func (p *FaultProxy) match(r *http.Request) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, rule := range p.rules {
		if rule.times == 0 || !rule.matches(r) {
			continue
		}
		rule.times--
		p.seen++
		return rule.fault
	}
	return nil
}

// Answer is a fault that answers with the status, headers in pairs, and body.
func Answer(status int, body string, headers ...string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body) // the client may send it all the same
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Reset is a fault that breaks the connection after so many bytes of the answer's body; 0 is before the request reaches
// the server.
func Reset(after int) Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		if after > 0 {
			server.ServeHTTP(&bodyHook{ResponseWriter: w, left: after, then: func() { panic(http.ErrAbortHandler) }}, r)
		}
		panic(http.ErrAbortHandler)
	}
}

// LoseAnswer is a fault that lets the server carry the request out, and then breaks the connection.
func LoseAnswer(_ http.ResponseWriter, r *http.Request, server http.Handler) {
	server.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// Stall is a fault that stops after so many bytes of the answer's body, until the client has gone.
func Stall(after int) Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		server.ServeHTTP(&bodyHook{ResponseWriter: w, left: after, then: func() { <-r.Context().Done() }}, r)
	}
}

// Flip is a fault that changes the bit of one byte of the answer's body.
func Flip(at int) Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		server.ServeHTTP(&flipper{ResponseWriter: w, at: at}, r)
	}
}

// FlipUp is a fault that changes a bit of a byte of the request's body on its way to the server.
func FlipUp(at int) Fault {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		r.Body = struct {
			io.Reader
			io.Closer
		}{&flipReader{r.Body, at}, r.Body}
		server.ServeHTTP(w, r)
	}
}

// bodyHook does something in the middle of a body.
type bodyHook struct {
	http.ResponseWriter
	left int
	then func()
}

func (h *bodyHook) Write(p []byte) (int, error) {
	if len(p) < h.left {
		h.left -= len(p)
		return h.ResponseWriter.Write(p)
	}
	_, _ = h.ResponseWriter.Write(p[:h.left])
	_ = http.NewResponseController(h.ResponseWriter).Flush()
	h.then()
	return 0, http.ErrAbortHandler
}

type flipper struct {
	http.ResponseWriter
	at int
}

func (f *flipper) Write(p []byte) (int, error) {
	if f.at >= 0 && f.at < len(p) {
		p = append([]byte(nil), p...)
		p[f.at] ^= 1
	}
	f.at -= len(p)
	return f.ResponseWriter.Write(p)
}

type flipReader struct {
	r  io.Reader
	at int
}

func (f *flipReader) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if f.at >= 0 && f.at < n {
		p[f.at] ^= 1
	}
	f.at -= n
	return n, err
}

// Clear ends all faults.
func (p *FaultProxy) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = nil
}
