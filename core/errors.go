package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code classes an error. The values are those of gRPC's status codes, so that they cross the wire as they are.
type Code int

// The codes. OK is the code of a nil error.
const (
	OK                 Code = 0
	Canceled           Code = 1
	Unknown            Code = 2
	InvalidArgument    Code = 3
	DeadlineExceeded   Code = 4
	NotFound           Code = 5
	AlreadyExists      Code = 6
	PermissionDenied   Code = 7
	ResourceExhausted  Code = 8
	FailedPrecondition Code = 9
	Aborted            Code = 10
	OutOfRange         Code = 11
	Unimplemented      Code = 12
	Internal           Code = 13
	Unavailable        Code = 14
	DataLoss           Code = 15
	Unauthenticated    Code = 16
)

func (c Code) String() string {
	names := [...]string{
		"ok", "canceled", "unknown", "invalid argument", "deadline exceeded", "not found", "already exists",
		"permission denied", "resource exhausted", "failed precondition", "aborted", "out of range", "unimplemented",
		"internal", "unavailable", "data loss", "unauthenticated",
	}
	if c < 0 || int(c) >= len(names) {
		return fmt.Sprintf("code %d", int(c))
	}
	return names[c]
}

// Outcome says what an operation that failed has done to the store (D-17).
type Outcome int

const (
	// NoEffect is a definite failure: nothing was changed.
	NoEffect Outcome = iota
	// OutcomeUnknown means that the operation may have happened, entirely or not at all.
	OutcomeUnknown
)

// Error is what every store returns. It matches the sentinel of its Code and, for Canceled and DeadlineExceeded, the
// context package's errors.
type Error struct {
	Code       Code
	Reason     Reason        // MLflow's finer name; empty is the usual one of Code
	Op         string        // what was tried, such as "create run"; may be empty
	Key        string        // the id, name, key or path at fault; may be empty
	Fields     []FieldError  // the fields at fault, when there are several or their place matters
	Outcome    Outcome       // what the store has done nevertheless
	RetryAfter time.Duration // when trying again makes sense; 0 means that nobody knows
	Err        error         // the cause; never nil in an error that a store returns
}

// FieldError is one field of a request that a store refused, such as "metrics[3].key".
type FieldError struct {
	Field string
	Rule  string
}

func (e *Error) Error() string {
	cause := e.Code.String()
	if e.Err != nil {
		cause = e.Err.Error()
	}
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	b.WriteString(cause)
	if e.Outcome == OutcomeUnknown {
		b.WriteString(" (the outcome is unknown)")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the sentinel of the error's code.
func (e *Error) Is(target error) bool {
	switch {
	case target == context.Canceled:
		return e.Code == Canceled
	case target == context.DeadlineExceeded:
		return e.Code == DeadlineExceeded
	}
	s, ok := target.(sentinel)
	return ok && (Code(s) == e.Code || s == errClosed && e.Reason == ReasonClosed)
}

type sentinel Code

const errClosed sentinel = -1

func (s sentinel) Error() string {
	if s == errClosed {
		return "closed"
	}
	return Code(s).String()
}

// Sentinels for errors.Is, one a code.
var (
	ErrInvalid         error = sentinel(InvalidArgument)
	ErrNotFound        error = sentinel(NotFound)
	ErrExists          error = sentinel(AlreadyExists)
	ErrPermission      error = sentinel(PermissionDenied)
	ErrUnauthenticated error = sentinel(Unauthenticated)
	ErrState           error = sentinel(FailedPrecondition)
	ErrAborted         error = sentinel(Aborted)
	ErrRange           error = sentinel(OutOfRange)
	ErrUnsupported     error = sentinel(Unimplemented)
	ErrExhausted       error = sentinel(ResourceExhausted)
	ErrUnavailable     error = sentinel(Unavailable)
	ErrDataLoss        error = sentinel(DataLoss)
	ErrInternal        error = sentinel(Internal)

	// ErrClosed is the ErrState of a store that has been closed.
	ErrClosed error = errClosed
)

// CodeOf returns the code of err: OK for nil, that of the outermost *Error in its tree, the context's, or Unknown.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	if s, ok := errors.AsType[sentinel](err); ok {
		if s == errClosed {
			return FailedPrecondition
		}
		return Code(s)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return DeadlineExceeded
	}
	return Unknown
}

// Errorf returns an *Error of the code whose cause is the formatted text; %w works as in fmt.Errorf.
func Errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, Err: fmt.Errorf(format, args...)}
}

// Invalid returns an ErrInvalid about the field or key.
func Invalid(key, format string, args ...any) error {
	return &Error{Code: InvalidArgument, Key: key, Err: fmt.Errorf(format, args...)}
}

// Missing returns an ErrNotFound for one entity, such as Missing("run", id).
func Missing[K ~string](kind string, key K) error {
	return &Error{Code: NotFound, Key: string(key), Err: fmt.Errorf("%s %q not found", kind, string(key))}
}

// Exists returns an ErrExists for one entity, such as Exists("experiment", name).
func Exists[K ~string](kind string, key K) error {
	return &Error{Code: AlreadyExists, Key: string(key), Err: fmt.Errorf("%s %q already exists", kind, string(key))}
}

// State returns an ErrState about an entity that is in the wrong state for what was asked.
func State[K ~string](key K, format string, args ...any) error {
	return &Error{Code: FailedPrecondition, Key: string(key), Err: fmt.Errorf(format, args...)}
}

// Closed returns the error of a call on a store that has been closed.
func Closed(store string) error {
	return &Error{Code: FailedPrecondition, Reason: ReasonClosed, Key: store, Err: fmt.Errorf("the %s store is closed", store)}
}

// Interrupted returns nil while ctx lives, and its error as an *Error after it has ended.
func Interrupted(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	return &Error{Code: CodeOf(err), Err: err}
}

// Do names the operation and its key on an error on its way out; what an inner *Error says already, stays. It returns nil
// for nil. A foreign error becomes an *Error of its CodeOf, Unknown turned into Internal.
func Do(op, key string, err error) error {
	if err == nil {
		return nil
	}
	inner, ok := errors.AsType[*Error](err)
	if !ok {
		code := CodeOf(err)
		if code == Unknown {
			code = Internal
		}
		return &Error{Code: code, Op: op, Key: key, Err: err}
	}
	if inner != err { //nolint:errorlint // identity: was the *Error wrapped by somebody else's text?
		return &Error{
			Code: inner.Code, Reason: inner.Reason, Op: op, Key: cmp.Or(inner.Key, key), Fields: inner.Fields,
			Outcome: inner.Outcome, RetryAfter: inner.RetryAfter, Err: err,
		}
	}
	named := *inner
	if named.Op == "" {
		named.Op = op
	}
	named.Key = cmp.Or(named.Key, key)
	return &named
}
