package sqldb

import (
	"context"
	"sync/atomic"

	"github.com/mlstore/mlstore/core"
)

// Share makes n handles of a database, for stores that are closed one by one. The last one that is closed closes it.
func Share(db DB, n int) []DB {
	open := new(atomic.Int64)
	open.Store(int64(n))
	handles := make([]DB, n)
	for i := range handles {
		handles[i] = &handle{db: db, open: open}
	}
	return handles
}

// handle is one of several on a database.
type handle struct {
	db     DB
	open   *atomic.Int64
	closed atomic.Bool
}

func (h *handle) Dialect() Dialect { return h.db.Dialect() }

func (h *handle) Fetch(ctx context.Context, b *Batch) error {
	return h.use(func() error { return h.db.Fetch(ctx, b) })
}

func (h *handle) Apply(ctx context.Context, b *Batch) error {
	return h.use(func() error { return h.db.Apply(ctx, b) })
}

func (h *handle) Read(ctx context.Context, f func(Tx) error) error {
	return h.use(func() error { return h.db.Read(ctx, f) })
}

func (h *handle) Write(ctx context.Context, f func(Tx) error) error {
	return h.use(func() error { return h.db.Write(ctx, f) })
}

func (h *handle) use(f func() error) error {
	if h.closed.Load() {
		return core.Closed(h.db.Dialect().String())
	}
	return f()
}

func (h *handle) Close() error {
	if h.closed.Swap(true) || h.open.Add(-1) > 0 {
		return nil
	}
	return h.db.Close()
}
