package litedb

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"modernc.org/sqlite"

	"github.com/mlstore/mlstore/core"
)

// conn is one connection with the statements that it has prepared. It is for one goroutine at a time.
type conn struct {
	raw        driver.Conn
	statements map[string]statement
}

// statement is what the driver's statements can do.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func connect(dsn string) (*conn, error) {
	raw, err := new(sqlite.Driver).Open(dsn)
	if err != nil {
		return nil, fault(err)
	}
	return &conn{raw: raw, statements: map[string]statement{}}, nil
}

// mostStatements is how many statements a connection keeps; searches are of many kinds.
const mostStatements = 256

func (c *conn) prepare(sql string) (statement, error) {
	if s, known := c.statements[sql]; known {
		return s, nil
	}
	if len(c.statements) >= mostStatements {
		for text, s := range c.statements {
			delete(c.statements, text)
			_ = s.Close() // of a statement that nobody runs
			break
		}
	}
	raw, err := c.raw.Prepare(sql)
	if err != nil {
		return nil, fault(err)
	}
	s, ok := raw.(statement)
	if !ok {
		return nil, core.Errorf(core.Internal, "the driver's statements know no contexts")
	}
	c.statements[sql] = s
	return s, nil
}

func (c *conn) exec(ctx context.Context, sql string, args []any) (int64, error) {
	s, err := c.prepare(sql)
	if err != nil {
		return 0, err
	}
	values, err := named(args)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(ctx, values)
	if err != nil {
		return 0, fault(err)
	}
	n, err := result.RowsAffected()
	return n, fault(err)
}

func (c *conn) query(ctx context.Context, sql string, args []any) (*rows, error) {
	s, err := c.prepare(sql)
	if err != nil {
		return nil, err
	}
	values, err := named(args)
	if err != nil {
		return nil, err
	}
	r, err := s.QueryContext(ctx, values)
	if err != nil {
		return nil, fault(err)
	}
	return &rows{ctx: ctx, raw: r, values: make([]driver.Value, len(r.Columns()))}, nil
}

func (c *conn) close() error {
	var errs []error
	for _, s := range c.statements {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.raw.Close())...)
}

// rows are the answer of a query.
type rows struct {
	ctx    context.Context //nolint:containedctx // rows live within one call
	raw    driver.Rows
	values []driver.Value
	count  int
	err    error
	closed bool
}

func (r *rows) Next() bool {
	if r.closed || r.err != nil {
		return false
	}
	const stride = 256 // asking a context takes a lock
	if r.count++; r.count%stride == 0 {
		if r.err = core.Interrupted(r.ctx); r.err != nil {
			return false
		}
	}
	err := r.raw.Next(r.values)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = fault(err)
	}
	return err == nil
}

func (r *rows) Scan(dest ...any) error {
	if len(dest) != len(r.values) {
		return core.Errorf(core.Internal, "%d columns cannot go into %d places", len(r.values), len(dest))
	}
	for i, value := range r.values {
		if err := scan(dest[i], value); err != nil {
			return core.Errorf(core.Internal, "column %d: %w", i+1, err)
		}
	}
	return nil
}

func (r *rows) Err() error { return r.err }

func (r *rows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	if err := r.raw.Close(); err != nil && r.err == nil {
		r.err = fault(err)
	}
}
