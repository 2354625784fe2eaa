package litedb

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// DB is a database of SQLite. It is safe for concurrent use.
type DB struct {
	options Options
	dsn     string
	writer  writer
	readers readers
}

// Open opens the file, and makes it unless the options say that nothing is to be changed.
func Open(ctx context.Context, o Options) (*DB, error) {
	o = o.withDefaults()
	dsn, err := o.dsn()
	if err != nil {
		return nil, core.Invalid("path", "the path of the database is none: %w", err)
	}
	if o.ReadOnly && o.Path != Memory {
		if _, err := os.Stat(o.Path); errors.Is(err, os.ErrNotExist) {
			return nil, core.Missing("database", o.Path)
		}
	}
	first, err := connect(dsn)
	if err != nil {
		return nil, err
	}
	if _, err := first.exec(ctx, "PRAGMA cache_size=-16000", nil); err != nil { // KiB, for a large batch
		return nil, errors.Join(err, first.close())
	}
	db := &DB{options: o, dsn: dsn}
	if !o.ReadOnly {
		if err := useWAL(ctx, first); err != nil {
			return nil, errors.Join(err, first.close())
		}
	}
	db.writer = writer{conn: first, turn: make(chan struct{}, 1)}
	db.readers = readers{dsn: dsn, places: make(chan struct{}, o.Readers)}
	return db, nil
}

// useWAL switches the database to a write-ahead log, which it remembers. While another process does the same, SQLite says
// at once that the database is busy. A file that may not be written stays as it is: it can be read, and SQLite refuses
// every write.
func useWAL(ctx context.Context, c *conn) error {
	for {
		var mode string
		err := c.first(ctx, "PRAGMA journal_mode=WAL", &mode)
		if isReadOnly(err) {
			return nil
		}
		if err == nil || !isBusy(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return core.Interrupted(ctx)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// first runs a query and scans its first row.
func (c *conn) first(ctx context.Context, sql string, dest ...any) error {
	r, err := c.query(ctx, sql, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	if r.Next() {
		return r.Scan(dest...)
	}
	return r.Err()
}

// Dialect is SQLite.
func (db *DB) Dialect() sqldb.Dialect { return sqldb.SQLite }

// Fetch reads with all queries of the batch in one snapshot.
func (db *DB) Fetch(ctx context.Context, b *sqldb.Batch) error {
	if b.Len() == 1 { // a statement sees one snapshot
		return db.reading(ctx, func(c *conn) error { return (&tx{conn: c}).Do(ctx, b) })
	}
	return db.Read(ctx, func(t sqldb.Tx) error { return t.Do(ctx, b) })
}

// Apply writes with all statements of the batch in one transaction.
func (db *DB) Apply(ctx context.Context, b *sqldb.Batch) error {
	return db.Write(ctx, func(t sqldb.Tx) error { return t.Do(ctx, b) })
}

// Read calls f with a transaction that reads in one snapshot.
func (db *DB) Read(ctx context.Context, f func(sqldb.Tx) error) error {
	return db.reading(ctx, func(c *conn) error {
		whole := context.WithoutCancel(ctx)
		if _, err := c.exec(whole, "BEGIN", nil); err != nil {
			return err
		}
		defer func() { _, _ = c.exec(whole, "ROLLBACK", nil) }() // it has changed nothing
		return f(&tx{conn: c})
	})
}

// reading calls f with a connection to read from.
func (db *DB) reading(ctx context.Context, f func(*conn) error) error {
	if err := core.Interrupted(ctx); err != nil {
		return err
	}
	if db.options.Path == Memory { // nobody else can see it
		return db.writer.alone(ctx, f)
	}
	return db.readers.with(ctx, f)
}

// Write calls f with a transaction that writes.
func (db *DB) Write(ctx context.Context, f func(sqldb.Tx) error) error {
	if db.options.ReadOnly {
		return core.Errorf(core.PermissionDenied, "the database was opened read-only")
	}
	return db.writer.write(ctx, f)
}

// Close waits for the calls that run and closes the connections.
func (db *DB) Close() error {
	return errors.Join(db.readers.close(), db.writer.close())
}

// readers is the pool of connections that read.
type readers struct {
	dsn    string
	places chan struct{} // one for every connection that is in use

	mu     sync.Mutex
	idle   []*conn
	closed bool
}

func (p *readers) with(ctx context.Context, f func(*conn) error) error {
	select {
	case p.places <- struct{}{}:
	case <-ctx.Done():
		return core.Interrupted(ctx)
	}
	defer func() { <-p.places }()
	c, err := p.take()
	if err != nil {
		return err
	}
	defer p.give(c)
	return f(c)
}

func (p *readers) take() (*conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch n := len(p.idle); {
	case p.closed:
		return nil, core.Closed("sqlite")
	case n > 0:
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return c, nil
	}
	return connect(p.dsn)
}

func (p *readers) give(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, c)
}

func (p *readers) close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	for range cap(p.places) { // the calls that run have ended when all places are free
		p.places <- struct{}{}
	}
	defer func() {
		for range cap(p.places) {
			<-p.places
		}
	}()
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.close())
	}
	p.idle = nil
	return errors.Join(errs...)
}
