package pgdb

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mlstore/mlstore/core"
)

// repeated calls f again, after a short and growing wait, when it lost against another transaction: the server has rolled
// it back and says so. Nothing else is repeated.
func repeated(ctx context.Context, f func() error) error {
	const (
		longest = 200 * time.Millisecond // a wait
		enough  = 15 * time.Second       // in all; a serializable server with many writers fails a transaction often
	)
	began := time.Now()
	wait := 2 * time.Millisecond
	for {
		err := f()
		if !lostRace(err) || time.Since(began) > enough {
			return err
		}
		pause := time.Duration(rand.Int64N(int64(wait)) + 1) //nolint:gosec // jitter, so that the two do not meet again
		select {
		case <-ctx.Done():
			return core.Interrupted(ctx)
		case <-time.After(pause):
		}
		wait = min(2*wait, longest)
	}
}

// lostRace reports whether err is a serialization failure or a deadlock.
func lostRace(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pgErr.Code == "40001" || pgErr.Code == "40P01")
}

// onceMore calls f again when the connection was dead, as a pooled one is after the server has restarted. f only reads.
func onceMore(ctx context.Context, f func() error) error {
	err := repeated(ctx, f)
	if errors.Is(err, core.ErrUnavailable) && ctx.Err() == nil {
		err = repeated(ctx, f)
	}
	return err
}
