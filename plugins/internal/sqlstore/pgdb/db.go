package pgdb

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// acquireTimeout bounds the wait for a free connection of the pool.
const acquireTimeout = 10 * time.Second

// cancelGrace is how long a call that was interrupted waits for the server to say that it has stopped.
const cancelGrace = 5 * time.Second

// DB is a database of Postgres. It is safe for concurrent use.
type DB struct {
	pool   *pgxpool.Pool
	weighs bool // the server can be told not to keep plans
	doubt  doubt
	closed atomic.Bool
	life   context.Context //nolint:containedctx // it ends with Close, so that no call outlives the database
	end    context.CancelFunc
}

// Open connects to the database. It makes one connection at once, so that a wrong address or password shows here, and to
// see whether a pooler stands before the server.
func Open(ctx context.Context, c Config) (*DB, error) {
	config, err := c.pool()
	if err != nil {
		return nil, err
	}
	server, err := look(ctx, config.ConnConfig)
	if err != nil {
		return nil, connectError(err)
	}
	suit(config.ConnConfig, server.pooler)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, connectError(err)
	}
	db := &DB{pool: pool, weighs: server.weighs, doubt: newDoubt(c.Patience, server.timeout)}
	db.life, db.end = context.WithCancel(context.WithoutCancel(ctx))
	return db, nil
}

// answering is what the server at the other end is.
type answering struct {
	pooler bool // a pooler stands before it
	weighs bool // it can be told not to keep plans, as Postgres 12 and newer can

	timeout string // statement_timeout, as it shows it
}

// look compares the process that the connection was told to cancel with the one that answers: a pooler gives itself out as
// the server.
func look(ctx context.Context, config *pgx.ConnConfig) (_ answering, err error) {
	config = config.Copy()
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return answering{}, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var pid int64
	var weighs bool
	const question = "SELECT pg_backend_pid(), " +
		"current_setting('plan_cache_mode', true) IS NOT NULL AND current_setting('random_page_cost', true) IS NOT NULL, " +
		"COALESCE(current_setting('statement_timeout', true), '')"
	var timeout string
	if err := conn.QueryRow(ctx, question).Scan(&pid, &weighs, &timeout); err != nil {
		return answering{}, err
	}
	return answering{pooler: pid != int64(conn.PgConn().PID()), weighs: weighs, timeout: timeout}, nil
}

// Dialect is Postgres.
func (db *DB) Dialect() sqldb.Dialect { return sqldb.Postgres }

// Close ends the calls that run and closes the connections.
func (db *DB) Close() error {
	if !db.closed.Swap(true) {
		db.end()
		db.pool.Close()
	}
	return nil
}

// with calls f with a connection of the pool. A call that Close interrupted ends with core.ErrClosed.
func (db *DB) with(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	if err := core.Interrupted(ctx); err != nil {
		return err
	}
	if db.closed.Load() {
		return core.Closed("postgresql")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(db.life, cancel)() //nolint:contextcheck // the life of the database is not the caller's
	conn, err := db.acquire(ctx)
	if err != nil {
		return db.unlessClosed(err)
	}
	defer release(ctx, conn)
	return db.unlessClosed(f(ctx, conn.Conn()))
}

// release gives a connection back to the pool. After an interrupted call it is closed, which the pool notices: the server
// may heed the request to cancel late, and would then end the statement of another call.
func release(ctx context.Context, conn *pgxpool.Conn) {
	if ctx.Err() != nil {
		short, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Conn().Close(short) // it is closed in any case
	}
	conn.Release()
}

func (db *DB) unlessClosed(err error) error {
	if err == nil || !db.closed.Load() {
		return err
	}
	closed := core.Closed("postgresql")
	if e, ok := errors.AsType[*core.Error](err); ok && e.Outcome == core.OutcomeUnknown {
		closed.(*core.Error).Outcome = core.OutcomeUnknown //nolint:errorlint,forcetypeassert // made one line above
	}
	return closed
}

func (db *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	wait, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	conn, err := db.pool.Acquire(wait)
	switch {
	case err == nil:
		return conn, nil
	case ctx.Err() != nil:
		return nil, core.Interrupted(ctx)
	case wait.Err() != nil:
		return nil, &core.Error{
			Code: core.Unavailable, RetryAfter: time.Second,
			Err: errors.New("no connection became free in 10 s: raise pool_max_conns, or call less at once"),
		}
	}
	return nil, connectError(err)
}

// Fetch reads with all queries of the batch in one snapshot. It tries again once when the connection had died.
func (db *DB) Fetch(ctx context.Context, b *sqldb.Batch) error {
	return onceMore(ctx, func() error {
		return db.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			if b.Len() == 1 { // a statement sees one snapshot
				return run(ctx, conn, b.Statements())
			}
			t := tx{conn: conn, begin: beginRead}
			if err := t.end(ctx, b.Statements()); err != nil {
				t.rollback(ctx)
				return err
			}
			return nil
		})
	})
}

// Apply writes with all statements of the batch in one transaction and one round trip. One statement, and a pipeline
// without BEGIN, are a transaction by themselves.
func (db *DB) Apply(ctx context.Context, b *sqldb.Batch) error {
	return repeated(ctx, func() error {
		return db.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			return ambiguous(run(ctx, conn, b.Statements()))
		})
	})
}

// Read calls f with a transaction that reads in one snapshot. It calls f again once when the connection had died, and when a
// search in it took so long that the statistics by which it was planned are made anew.
func (db *DB) Read(ctx context.Context, f func(sqldb.Tx) error) error {
	return onceMore(ctx, func() error {
		limit := db.doubt.now()
		err := db.transact(ctx, tx{begin: beginRead, limit: limit}, f)
		if limit.exceeded(ctx, err) {
			db.analyze(ctx)
			err = db.transact(ctx, tx{begin: beginRead}, f)
		}
		return err
	})
}

// Write calls f with a transaction that writes.
func (db *DB) Write(ctx context.Context, f func(sqldb.Tx) error) error {
	return repeated(ctx, func() error { return db.transact(ctx, tx{begin: "BEGIN"}, f) })
}

func (db *DB) transact(ctx context.Context, t tx, f func(sqldb.Tx) error) error {
	return db.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		t := &t
		t.conn, t.weighs = conn, db.weighs
		defer t.rollback(ctx) // of a transaction that did not end, also when f panics
		if err := f(t); err != nil {
			return err
		}
		return t.commit(ctx)
	})
}
