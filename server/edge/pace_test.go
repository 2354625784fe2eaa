package edge_test

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlstore/mlstore/server/edge"
)

// pipes is a listener whose connections are made in memory, so that their time is the test's.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// serve starts a server in the test's bubble and returns a connection to it.
func serve(t *testing.T, handler http.HandlerFunc) net.Conn {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := edge.Server(handler, slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(p) }()
	client, far := net.Pipe()
	p.conns <- far
	t.Cleanup(func() {
		_ = client.Close()
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		time.Sleep(time.Minute) // of the bubble: net/http lingers before it closes, and the client may be between two pieces
	})
	return client
}

func TestBodiesThatStallEnd(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		pieces int           // of 1 KiB
		every  time.Duration // one piece
		fails  bool
	}{
		{"nothing comes", 0, 0, true},
		{"slower than 1 KiB/s", 100, 2 * time.Second, true},
		{"faster", 100, 500 * time.Millisecond, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got := make(chan error, 1)
				conn := serve(t, func(_ http.ResponseWriter, r *http.Request) {
					_, err := io.Copy(io.Discard, r.Body)
					got <- err
				})
				go func() { _, _ = io.Copy(io.Discard, conn) }()
				_, _ = io.WriteString(conn, "PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 102400\r\n\r\n")
				go func() {
					piece := strings.Repeat("x", 1<<10)
					for range test.pieces {
						time.Sleep(test.every)
						if _, err := io.WriteString(conn, piece); err != nil {
							return
						}
					}
				}()
				start := time.Now()
				err := <-got
				if failed := errors.Is(err, os.ErrDeadlineExceeded); failed != test.fails || !failed && err != nil {
					t.Errorf("the body's error is %v", err)
				}
				if took := time.Since(start); test.fails && took > 31*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestAStoreMayTakeItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := make(chan error, 1)
		conn := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			piece := make([]byte, 1<<10)
			var err error
			for err == nil {
				_, err = r.Body.Read(piece)
				time.Sleep(time.Minute)
			}
			got <- err
		})
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		go func() {
			_, _ = io.WriteString(conn, "PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20480\r\n\r\n"+strings.Repeat("x", 20<<10))
		}()
		if err := <-got; !errors.Is(err, io.EOF) {
			t.Errorf("the body's error is %v", err)
		}
	})
}

func TestSlowHeadersEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		conn := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the request was served") })
		start := time.Now()
		go func() {
			for _, c := range []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") {
				time.Sleep(5 * time.Second)
				if _, err := conn.Write([]byte{c}); err != nil {
					return
				}
			}
		}()
		_, _ = io.Copy(io.Discard, conn)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("the connection was open for %v", took)
		}
	})
}

func TestLargeHeadersAreRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		conn := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the request was served") })
		go func() {
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: "+strings.Repeat("x", 128<<10)+"\r\n\r\n")
		}()
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("answer %+v, error %v", answer, err)
		}
	})
}
