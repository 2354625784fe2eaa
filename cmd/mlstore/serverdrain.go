package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/mlstore/mlstore/core"
)

// drain ends a server so that nobody who asked goes without an answer. From the signal on each answer closes its connection,
// and for a delay requests are still taken: those that are on their way, and those of load balancers that do not know yet.
// Then nobody new is let in, and those who are have until the timeout.
type drain struct {
	server         *http.Server
	delay, timeout time.Duration
	ending         atomic.Bool
	open           connections
}

func newDrain(server *http.Server, delay, timeout time.Duration) *drain {
	d := &drain{server: server, delay: delay, timeout: timeout}
	next := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.ending.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
	server.ConnState = d.open.track
	return d
}

// serve serves the listeners until ctx ends and everybody has an answer.
func (d *drain) serve(ctx context.Context, listeners []net.Listener, log *slog.Logger) error {
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- d.server.Serve(l) }()
	}
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady) // where there is no systemd nobody is told
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		log.Error("the server cannot go on", "error", err)
	}
	_, _ = daemon.SdNotify(false, daemon.SdNotifyStopping)
	return joined(ignoreClosed(err), d.end(context.WithoutCancel(ctx), log))
}

func (d *drain) end(ctx context.Context, log *slog.Logger) error {
	d.ending.Store(true)
	log.Info("ending", "connections", d.open.count())
	d.quiet()
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	err := d.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		cut := d.open.count()
		_ = d.server.Close() // what is cut off is told by the error
		log.ErrorContext(ctx, "requests were cut off after --drain-timeout", "connections", cut)
		d.gone()
		return core.Errorf(core.DeadlineExceeded, "%d connections had to be cut off after --drain-timeout", cut)
	}
	return ignoreClosed(err)
}

// gone waits until those who were cut off have noticed, so that the audit log has what they did; but not for those who never do.
func (d *drain) gone() {
	const most = 5 * time.Second
	select {
	case <-d.open.none():
	case <-time.After(most):
	}
}

// quiet waits for the delay, or until there has been no connection for a moment: those that the system has taken in for us, but
// we have not, are not counted.
func (d *drain) quiet() {
	over := time.After(d.delay)
	for {
		select {
		case <-over:
			return
		case <-d.open.none():
		}
		const moment = 100 * time.Millisecond
		select {
		case <-over:
			return
		case <-time.After(moment):
		}
		if d.open.count() == 0 {
			return
		}
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// connections counts those that are open.
type connections struct {
	mu    sync.Mutex
	open  map[net.Conn]struct{}
	empty chan struct{} // closed when there are none, if somebody waits for that
}

func (c *connections) track(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		if c.open == nil {
			c.open = map[net.Conn]struct{}{}
		}
		c.open[conn] = struct{}{}
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
		if len(c.open) == 0 && c.empty != nil {
			close(c.empty)
			c.empty = nil
		}
	case http.StateActive, http.StateIdle:
	}
}

func (c *connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// none is closed the next time that the last connection goes. One caller waits at a time.
func (c *connections) none() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	done := make(chan struct{})
	if len(c.open) == 0 {
		close(done)
		return done
	}
	c.empty = done
	return done
}
