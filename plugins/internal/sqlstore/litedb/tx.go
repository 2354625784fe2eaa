package litedb

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// tx is a transaction, or a part of one that several writers share.
type tx struct {
	conn   *conn
	writes bool
}

// during is the context of a statement. One that writes is not interrupted in the middle: SQLite would roll back the
// whole transaction, and with it what others have written.
func (t *tx) during(ctx context.Context) (context.Context, error) {
	if err := core.Interrupted(ctx); err != nil {
		return nil, err
	}
	if t.writes {
		return context.WithoutCancel(ctx), nil
	}
	return ctx, nil
}

// Exec runs one statement.
func (t *tx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	ctx, err := t.during(ctx)
	if err != nil {
		return 0, err
	}
	return t.conn.exec(ctx, sql, args)
}

// Query runs one query.
func (t *tx) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	ctx, err := t.during(ctx)
	if err != nil {
		return nil, err
	}
	r, err := t.conn.query(ctx, sql, args)
	if err != nil {
		return nil, err // not r: a nil *rows would be a Rows that is not nil
	}
	return r, nil
}

// Do runs the statements of the batch one after the other.
func (t *tx) Do(ctx context.Context, b *sqldb.Batch) error {
	for _, s := range b.Statements() {
		if err := t.do(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) do(ctx context.Context, s sqldb.Statement) error {
	if s.Read == nil {
		_, err := t.Exec(ctx, s.SQL, s.Args...)
		return err
	}
	r, err := t.Query(ctx, s.SQL, s.Args...)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := s.Read(r); err != nil {
		return err
	}
	return r.Err()
}

// Insert writes many rows.
func (t *tx) Insert(ctx context.Context, in sqldb.Insert) (int64, error) {
	var count int64
	for sql, args := range in.Statements(sqldb.SQLite) {
		n, err := t.Exec(ctx, sql, args...)
		if err != nil {
			return 0, err
		}
		count += n
	}
	return count, nil
}
