package s3

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"time"
)

// impatientConn is a connection on which a read fails when nothing has come or gone for a while: a service may take its time
// for a long part, but not fall silent.
type impatientConn struct {
	net.Conn
	patience time.Duration
}

func (c *impatientConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write lets a read that waits for the answer wait from now on.
func (c *impatientConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		return n, err
	}
	return n, c.SetReadDeadline(time.Now().Add(c.patience))
}

// wholeRequests sends a short request in one write. Package net/http sends headers ahead of a body that it does not know to
// be in memory, and the SDK hides that ours are.
type wholeRequests struct{ *http.Transport }

// RoundTrip sends the request.
func (w wholeRequests) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.ContentLength <= 0 || r.ContentLength > smallSize {
		return w.Transport.RoundTrip(r)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	if closed := r.Body.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	whole := *r
	whole.Body = io.NopCloser(bytes.NewReader(body))
	return w.Transport.RoundTrip(&whole)
}
