package sqldb

import "context"

// DB is a database. Its errors are *core.Error: NotFound never, AlreadyExists for a unique key that is taken,
// FailedPrecondition for a foreign key or check that does not hold, Aborted for a serialization failure that outlived its
// retries, DeadlineExceeded for a statement that took too long, Unavailable for a database that cannot be reached. After a
// write whose end is not known, because the connection broke while it committed, Outcome is unknown.
type DB interface {
	Dialect() Dialect

	// Fetch reads with all the queries of the batch in one snapshot: what one transaction wrote is seen entirely or not
	// at all. On Postgres it costs one round trip.
	Fetch(ctx context.Context, b *Batch) error

	// Apply writes with all the statements of the batch in one transaction. On Postgres it costs one round trip, so that
	// no statement can depend on what another one answered: a function that reads rows runs when all is committed, and its
	// error undoes nothing.
	Apply(ctx context.Context, b *Batch) error

	// Read calls f with a transaction that reads in one snapshot.
	Read(ctx context.Context, f func(Tx) error) error

	// Write calls f with a transaction that writes, and commits it when f returns nil. SQLite runs one at a time, and
	// several callers may share one commit. f is called again after a serialization failure, a deadlock, or another
	// caller's failure in a shared commit, so it must not keep what an earlier call learned.
	Write(ctx context.Context, f func(Tx) error) error

	// Close releases the connections. Calls that run end with an error, later ones with core.ErrClosed. A second Close
	// succeeds.
	Close() error
}

// Tx is a transaction. It is for one goroutine and ends with the function that it was given to.
type Tx interface {
	// Exec runs one statement and returns the number of rows that it changed.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)

	// Query runs one query; the caller must close the rows before it uses the transaction again.
	Query(ctx context.Context, sql string, args ...any) (Rows, error)

	// Do runs the statements of the batch, on Postgres in one round trip, and calls their functions in order.
	Do(ctx context.Context, b *Batch) error

	// Insert writes many rows and returns the number of those that it wrote.
	Insert(ctx context.Context, in Insert) (int64, error)
}

// Rows is the answer of a query. Scan takes pointers to string, []byte, int, int64, float64 and bool, and, for columns
// that may be NULL, pointers to pointers to these.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}
