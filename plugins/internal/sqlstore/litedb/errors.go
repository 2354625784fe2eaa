package litedb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/mlstore/mlstore/core"
)

// fault gives an error of the driver its code. What is a *core.Error already, such as a store's own, stays as it is.
func fault(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*core.Error](err); ok {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &core.Error{Code: core.CodeOf(err), Err: err}
	}
	e := &core.Error{Code: core.Internal, Err: err}
	lite, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return e
	}
	switch lite.Code() {
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_ROWID:
		e.Code = core.AlreadyExists
		return e
	}
	switch lite.Code() & 0xff { // the primary code
	case sqlite3.SQLITE_CONSTRAINT:
		e.Code = core.FailedPrecondition
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		e.Code, e.RetryAfter = core.Unavailable, time.Second
		e.Err = fmt.Errorf("another program holds the database: %w", err)
	case sqlite3.SQLITE_READONLY:
		e.Code = core.PermissionDenied
		e.Err = fmt.Errorf("%s: %w", whyReadOnly(lite.Code()), err)
	case sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		e.Code = core.PermissionDenied
	case sqlite3.SQLITE_FULL:
		e.Code = core.ResourceExhausted
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		e.Code = core.DataLoss
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR:
		e.Code = core.Unavailable
	case sqlite3.SQLITE_TOOBIG:
		e.Code = core.InvalidArgument
	case sqlite3.SQLITE_INTERRUPT:
		e.Code = core.Canceled
	}
	return e
}

// whyReadOnly says what a database lacks that SQLite calls read-only.
func whyReadOnly(code int) string {
	if code == sqlite3.SQLITE_READONLY_DIRECTORY || code == sqlite3.SQLITE_READONLY_CANTINIT {
		return "the folder of the database must be writable for its write-ahead log, also to read: change that, or copy the " +
			"file to one that is"
	}
	return "this process may not write to the file of the database"
}

// isReadOnly reports whether this process may not write to the database.
func isReadOnly(err error) bool {
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && lite.Code()&0xff == sqlite3.SQLITE_READONLY
}

// isBusy reports whether another process holds a lock.
func isBusy(err error) bool {
	lite, ok := errors.AsType[*sqlite.Error](err)
	return ok && lite.Code()&0xff == sqlite3.SQLITE_BUSY
}

// uncertain marks the error of a commit that may be found on the disk after a crash: one of input and output.
func uncertain(err error) error {
	lite, ok := errors.AsType[*sqlite.Error](err)
	if !ok || lite.Code()&0xff != sqlite3.SQLITE_IOERR {
		return fault(err)
	}
	return &core.Error{Code: core.Unavailable, Outcome: core.OutcomeUnknown, Err: err}
}
