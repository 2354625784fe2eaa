package pgdb

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

const (
	beginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	commit    = "COMMIT"
	weigh     = "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), " +
		"set_config('random_page_cost', '1.1', true), set_config('enable_mergejoin', 'off', true)"
	cease = "SELECT set_config('plan_cache_mode', 'auto', true)"
)

// tx is a transaction. It begins together with its first statements.
type tx struct {
	conn   *pgx.Conn
	begin  string // empty once it has begun
	ended  bool
	weighs bool // the server can be told not to keep plans
	limit  limit
}

// Exec runs one statement.
func (t *tx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	tag, err := t.exec(ctx, sqldb.Statement{SQL: sql, Args: args})
	return tag.RowsAffected(), err
}

func (t *tx) exec(ctx context.Context, s sqldb.Statement) (pgconn.CommandTag, error) {
	results := t.send(ctx, []sqldb.Statement{s})
	tag, err := results.Exec()
	if closeErr := results.Close(); err == nil {
		err = closeErr
	}
	return tag, fault(ctx, t.conn, err)
}

// Query runs one query.
func (t *tx) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	results := t.send(ctx, []sqldb.Statement{{SQL: sql, Args: args}})
	r, err := results.Query()
	if err != nil {
		r.Close()
		_ = results.Close() // reports the same error again
		return nil, fault(ctx, t.conn, err)
	}
	return &rows{Rows: r, answers: answers{ctx, t.conn, results}, alone: true}, nil
}

// Do runs the statements of the batch in one round trip.
func (t *tx) Do(ctx context.Context, b *sqldb.Batch) error {
	if b.Last {
		return t.end(ctx, b.Statements())
	}
	if b.Len() == 0 {
		return nil
	}
	statements := t.weighed(b.Statements())
	return answers{ctx, t.conn, t.send(ctx, statements)}.read(statements)
}

// weighed puts statements around those that are to be planned for their arguments. After five executions Postgres else
// compares what it expects of a plan for any arguments with what it expects of the others, and is often wrong: for an
// experiment of few runs such a plan goes through those of all others.
//
// It also takes it that a page somewhere costs four times as much as the next one, as on disks that turn, and would rather
// read a whole table than look up the thousandth part of it. And half the time that it plans goes into merge joins, which
// are no better than hash joins where a page is wanted.
func (t *tx) weighed(statements []sqldb.Statement) []sqldb.Statement {
	if !t.weighs {
		return statements
	}
	var all []sqldb.Statement
	for _, s := range statements {
		if !s.Weighed {
			all = append(all, s)
			continue
		}
		before, after := t.limit.around()
		all = append(all, sqldb.Statement{SQL: weigh + before}, s, sqldb.Statement{SQL: cease + after})
	}
	return all
}

// Insert writes many rows.
func (t *tx) Insert(ctx context.Context, in sqldb.Insert) (int64, error) {
	var count int64
	for sql, args := range in.Statements(sqldb.Postgres) {
		n, err := t.Exec(ctx, sql, args...)
		if err != nil {
			return 0, err
		}
		count += n
	}
	return count, nil
}

// send sends statements and, before the first ones, BEGIN, whose answer it swallows.
func (t *tx) send(ctx context.Context, statements []sqldb.Statement) pgx.BatchResults {
	batch := &pgx.Batch{}
	begins := t.begin != ""
	if begins {
		batch.Queue(t.begin)
		t.begin = ""
	}
	for _, s := range statements {
		batch.Queue(s.SQL, s.Args...)
	}
	results := t.conn.SendBatch(ctx, batch)
	if begins {
		_, _ = results.Exec() // an error comes back from the next statement too
	}
	return results
}

// end runs the last statements and commits, in one round trip.
func (t *tx) end(ctx context.Context, statements []sqldb.Statement) error {
	readOnly := t.begin == beginRead
	all := slices.Concat(statements, []sqldb.Statement{{SQL: commit}})
	a := answers{ctx, t.conn, t.send(ctx, all)}
	if err := a.readAll(statements); err != nil {
		_ = a.results.Close() // the first error is the one that tells
		if readOnly {
			return err
		}
		return ambiguous(err)
	}
	tag, err := a.results.Exec()
	if closeErr := a.results.Close(); err == nil {
		err = closeErr
	}
	return t.committed(ctx, tag, err)
}

// commit ends a transaction that has begun.
func (t *tx) commit(ctx context.Context) error {
	if t.ended || t.begin != "" {
		return nil
	}
	tag, err := t.exec(ctx, sqldb.Statement{SQL: commit})
	return t.committed(ctx, tag, err)
}

func (t *tx) committed(ctx context.Context, tag pgconn.CommandTag, err error) error {
	if err != nil {
		return ambiguous(fault(ctx, t.conn, err))
	}
	t.ended = true
	if tag.String() == "ROLLBACK" {
		return core.Errorf(core.Aborted, "the database rolled the transaction back: a statement in it had failed")
	}
	return nil
}

// rollback ends what is still open on the connection, so that the pool can use it again. It has its own time, since the
// caller's may be over.
func (t *tx) rollback(ctx context.Context) {
	if t.ended || t.conn.IsClosed() || t.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, _ = t.conn.Exec(ctx, "ROLLBACK") // the pool closes a connection whose transaction is open
}

// run runs statements in one round trip without a transaction around them.
func run(ctx context.Context, conn *pgx.Conn, statements []sqldb.Statement) error {
	if len(statements) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	for _, s := range statements {
		batch.Queue(s.SQL, s.Args...)
	}
	return answers{ctx, conn, conn.SendBatch(ctx, batch)}.read(statements)
}

// answers are those of the statements of a batch.
type answers struct {
	ctx     context.Context //nolint:containedctx // answers live within one call
	conn    *pgx.Conn
	results pgx.BatchResults
}

// read reads what the statements answer and closes the results.
func (a answers) read(statements []sqldb.Statement) error {
	err := a.readAll(statements)
	if closeErr := a.results.Close(); err == nil {
		err = fault(a.ctx, a.conn, closeErr)
	}
	return err
}

func (a answers) readAll(statements []sqldb.Statement) error {
	for _, s := range statements {
		if s.Read == nil {
			if _, err := a.results.Exec(); err != nil {
				return fault(a.ctx, a.conn, err)
			}
			continue
		}
		r, err := a.results.Query()
		if err == nil {
			err = s.Read(&rows{Rows: r, answers: a})
		}
		r.Close()
		if err == nil {
			err = r.Err()
		}
		if err != nil {
			return fault(a.ctx, a.conn, err)
		}
	}
	return nil
}

// rows are pgx's with this package's errors.
type rows struct {
	pgx.Rows

	answers answers
	alone   bool // closing the rows closes the results
}

func (r *rows) Scan(dest ...any) error {
	return fault(r.answers.ctx, r.answers.conn, r.Rows.Scan(dest...))
}

func (r *rows) Err() error { return fault(r.answers.ctx, r.answers.conn, r.Rows.Err()) }

func (r *rows) Close() {
	r.Rows.Close()
	if r.alone {
		_ = r.answers.results.Close() // Err has told
	}
}
