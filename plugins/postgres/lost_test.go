package postgres_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
)

// cutter stands before a server and loses one of its answers, with the connection.
type cutter struct {
	address string
	server  string

	mu    sync.Mutex
	count int // of answers since arm
	lose  int // which of them is lost; 0 is none
}

// newCutter starts one before the database at a URL, and returns the URL through it.
func newCutter(t *testing.T, database string) (*cutter, string) {
	t.Helper()
	u, err := url.Parse(database)
	must(t, err)
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	c := &cutter{address: l.Addr().String(), server: u.Host}
	var all sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { c.serve(client) })
		}
	})
	u.Host = c.address
	return c, u.String()
}

// arm loses the n-th answer from now on.
func (c *cutter) arm(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count, c.lose = 0, n
}

// loses counts an answer and reports whether it is to be lost.
func (c *cutter) loses() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	return c.count == c.lose
}

func (c *cutter) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	var dialer net.Dialer
	server, err := dialer.DialContext(context.Background(), "tcp", c.server)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close() // which ends the loop below
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil || c.loses() {
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// TestLostAnswers loses each answer of the server once while a batch is logged. What then is in the database agrees with
// what the caller was told, and the same batch again makes it whole.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	database := testenv.Postgres(t)
	direct, err := openStore(database)
	must(t, err)
	point := core.Metric{Key: "m", Value: 1, Timestamp: 1, Step: 1}
	for name, batch := range map[string]core.Batch{
		"metrics": {Metrics: []core.Metric{point}},
		"everything": {
			Metrics: []core.Metric{point}, Params: []core.Param{{Key: "p", Value: "1"}}, Tags: []core.Tag{{Key: "t", Value: "1"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			unknown, arrived := 0, 0
			for lost := 1; ; lost++ {
				proxy, uri := newCutter(t, database)
				s, err := openStore(uri)
				must(t, err)
				r, err := s.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{})
				must(t, err)
				proxy.arm(lost)
				err = s.LogBatch(t.Context(), r.ID, batch)
				must(t, s.Close())
				got, readErr := direct.Run(t.Context(), r.ID)
				must(t, readErr)
				there := len(got.Metrics) == len(batch.Metrics) && len(got.Params) == len(batch.Params)
				e, ok := errors.AsType[*core.Error](err)
				switch {
				case err != nil && !ok:
					t.Fatalf("answer %d lost: %v is no *core.Error", lost, err)
				case err == nil && !there:
					t.Fatalf("answer %d lost: acknowledged, and not there", lost)
				case err != nil && e.Outcome == core.NoEffect && there:
					t.Fatalf("answer %d lost: said to be without effect (%v), and there", lost, err)
				case err != nil && e.Outcome == core.OutcomeUnknown:
					if unknown++; there {
						arrived++
					}
				}
				must(t, direct.LogBatch(t.Context(), r.ID, batch))
				page, readErr := direct.MetricHistory(t.Context(), r.ID, "m", core.HistoryOptions{})
				must(t, readErr)
				if diff := cmp.Diff([]core.Metric{point}, page.Items); diff != "" {
					t.Fatalf("answer %d lost, and the batch repeated (-want +got):\n%s", lost, diff)
				}
				if err == nil {
					break // there was no such answer
				}
			}
			if unknown == 0 || arrived == 0 {
				t.Errorf("%d outcomes were unknown, of which %d had arrived: want some", unknown, arrived)
			}
		})
	}
	t.Cleanup(func() { must(t, direct.Close()) })
}
