package litedb

import (
	"context"
	"errors"
	"sync"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// writer is the connection that writes and the callers that wait for it. Whoever has the turn writes for all who wait, in
// one transaction.
type writer struct {
	conn *conn
	turn chan struct{} // holds one token while somebody writes

	mu      sync.Mutex
	waiting []*job
	closed  bool
}

// job is one caller's part of a transaction.
type job struct {
	ctx  context.Context //nolint:containedctx // it is the caller's, who waits for the job
	f    func(sqldb.Tx) error
	done chan struct{} // closed when err is set
	err  error
}

func (w *writer) write(ctx context.Context, f func(sqldb.Tx) error) error {
	j := &job{ctx: ctx, f: f, done: make(chan struct{})}
	if err := w.enqueue(j); err != nil {
		return err
	}
	select {
	case <-j.done:
		return j.err
	case w.turn <- struct{}{}:
		w.lead(ctx)
		<-w.turn
	case <-ctx.Done():
		if w.withdraw(j) {
			return core.Interrupted(ctx)
		}
	}
	<-j.done // another caller has begun with it, and ends it soon
	return j.err
}

func (w *writer) enqueue(j *job) error {
	if err := core.Interrupted(j.ctx); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return core.Closed("sqlite")
	}
	w.waiting = append(w.waiting, j)
	return nil
}

// withdraw takes a job back that nobody has begun with.
func (w *writer) withdraw(j *job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, other := range w.waiting {
		if other == j {
			w.waiting = append(w.waiting[:i], w.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// lead does the jobs that wait. The turn must be held.
func (w *writer) lead(ctx context.Context) {
	w.mu.Lock()
	jobs := w.waiting
	w.waiting = nil
	w.mu.Unlock()
	if len(jobs) > 1 && w.together(ctx, jobs) {
		return
	}
	for _, j := range jobs {
		j.end(w.one(j))
	}
}

func (j *job) end(err error) {
	j.err = err
	close(j.done)
}

// one does a job in a transaction of its own.
func (w *writer) one(j *job) error {
	return w.transaction(j.ctx, func() error { return call(w.conn, j) })
}

// together does jobs in one transaction, each in a savepoint. It reports false, and has changed nothing, when the
// transaction broke, so that each must be done by itself.
func (w *writer) together(ctx context.Context, jobs []*job) bool {
	errs := make([]error, len(jobs))
	ctx = context.WithoutCancel(ctx) // no caller may end what is everybody's
	err := w.transaction(ctx, func() error {
		for i, j := range jobs {
			if errs[i] = core.Interrupted(j.ctx); errs[i] != nil { //nolint:contextcheck // each job has its caller's
				continue
			}
			var broken error
			if errs[i], broken = w.inSavepoint(ctx, j); broken != nil {
				return broken
			}
		}
		return nil
	})
	if e, ok := errors.AsType[*core.Error](err); ok && e.Outcome == core.NoEffect && !isBusy(err) {
		return false
	}
	for i, j := range jobs {
		if errs[i] == nil {
			errs[i] = err
		}
		j.end(errs[i])
	}
	return true
}

// inSavepoint returns the job's error, after which nothing of it is left, and the error of a transaction that is lost.
func (w *writer) inSavepoint(ctx context.Context, j *job) (failed, broken error) {
	if _, err := w.conn.exec(ctx, "SAVEPOINT job", nil); err != nil {
		return nil, err
	}
	failed = call(w.conn, j)
	if failed != nil {
		if _, err := w.conn.exec(ctx, "ROLLBACK TO job", nil); err != nil {
			return nil, err
		}
	}
	_, err := w.conn.exec(ctx, "RELEASE job", nil)
	return failed, err
}

// call calls the job's function and turns its panic into an error, so that it does not take other callers with it.
func call(c *conn, j *job) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = core.Errorf(core.Internal, "a transaction panicked: %v", r)
		}
	}()
	return j.f(&tx{conn: c, writes: true})
}

// transaction calls f between BEGIN IMMEDIATE, which waits for other processes, and COMMIT.
func (w *writer) transaction(ctx context.Context, f func() error) error {
	_, err := w.conn.exec(ctx, "BEGIN IMMEDIATE", nil)
	ctx = context.WithoutCancel(ctx)
	if err != nil {
		_, _ = w.conn.exec(ctx, "ROLLBACK", nil) // it may have begun when the context ended
		return err
	}
	if err := f(); err != nil {
		_, _ = w.conn.exec(ctx, "ROLLBACK", nil) // fails when SQLite has rolled back by itself
		return err
	}
	if _, err := w.conn.exec(ctx, "COMMIT", nil); err != nil {
		_, _ = w.conn.exec(ctx, "ROLLBACK", nil)
		return uncertain(err)
	}
	return nil
}

// alone calls f with the connection that writes, outside of a transaction.
func (w *writer) alone(ctx context.Context, f func(*conn) error) error {
	select {
	case w.turn <- struct{}{}:
	case <-ctx.Done():
		return core.Interrupted(ctx)
	}
	defer func() { <-w.turn }()
	w.mu.Lock()
	closed := w.closed
	w.mu.Unlock()
	if closed {
		return core.Closed("sqlite")
	}
	return f(w.conn)
}

func (w *writer) close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	jobs := w.waiting
	w.waiting = nil
	w.mu.Unlock()
	for _, j := range jobs {
		j.end(core.Closed("sqlite"))
	}
	w.turn <- struct{}{}
	defer func() { <-w.turn }()
	return w.conn.close()
}
