package pgdb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mlstore/mlstore/core"
)

// fault gives an error of pgx its code. What is a *core.Error already, such as a store's own, stays as it is.
func fault(ctx context.Context, conn *pgx.Conn, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*core.Error](err); ok {
		return err
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return serverError(pgErr, ctx.Err())
	}
	switch {
	case ctx.Err() != nil:
		return &core.Error{Code: core.CodeOf(ctx.Err()), Err: err}
	case conn.IsClosed():
		return &core.Error{
			Code: core.Unavailable, RetryAfter: time.Second, Err: fmt.Errorf("the connection to Postgres broke: %w", err),
		}
	}
	return &core.Error{Code: core.Internal, Err: err}
}

// serverError is what the server answered; interrupted is the error of the call's context, if that has ended. Source of
// the codes: PostgreSQL's documentation, appendix A.
func serverError(err *pgconn.PgError, interrupted error) error {
	e := &core.Error{Code: core.Internal, Err: err}
	switch class := err.Code[:min(2, len(err.Code))]; {
	case err.Code == "57014" && interrupted != nil: // query_canceled, by us
		e.Code = core.CodeOf(interrupted)
	case err.Code == "57014": // by statement_timeout
		e.Code = core.DeadlineExceeded
	case err.Code == "23505":
		e.Code = core.AlreadyExists
	case class == "23":
		e.Code = core.FailedPrecondition
	case err.Code == "22021": // character_not_in_repertoire
		e.Code, e.Err = core.InvalidArgument, fmt.Errorf("text cannot hold NUL characters in Postgres: %w", err)
	case class == "22":
		e.Code = core.InvalidArgument
	case err.Code == "40003": // statement_completion_unknown
		e.Code = core.Unavailable
	case class == "40":
		e.Code = core.Aborted
	case err.Code == "25006": // read_only_sql_transaction
		e.Code, e.RetryAfter = core.Unavailable, time.Second
		e.Err = fmt.Errorf("the server takes no changes; if it is a standby, name all hosts and "+
			"target_session_attrs=read-write: %w", err)
	case class == "28":
		e.Code = core.Unauthenticated
	case err.Code == "42501":
		e.Code = core.PermissionDenied
	case err.Code == "3D000" || err.Code == "3F000":
		e.Code = core.NotFound
	case err.Code == "42P01" || err.Code == "42703":
		e.Code = core.FailedPrecondition
		e.Err = fmt.Errorf("the database lacks a table or column of MLflow's schema; see mlstore db status: %w", err)
	case class == "53":
		e.Code, e.RetryAfter = core.ResourceExhausted, time.Second
	case class == "08" || class == "57":
		e.Code, e.RetryAfter = core.Unavailable, time.Second
	}
	return e
}

// connectError is databaseError of an attempt to connect. pgx leaves passwords out of its errors.
func connectError(err error) error {
	if _, ok := errors.AsType[*core.Error](err); ok {
		return err
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return serverError(pgErr, nil)
	}
	if untrusted(err) { // which does not pass with time
		return &core.Error{Code: core.Unauthenticated, Err: fmt.Errorf("the server's certificate is not to be trusted; "+
			"name its authority with sslrootcert=FILE, and the host as the certificate does: %w", err)}
	}
	code := core.CodeOf(err)
	if code == core.Unknown {
		code = core.Unavailable
	}
	return &core.Error{Code: code, RetryAfter: time.Second, Err: fmt.Errorf("no connection to Postgres: %w", err)}
}

// untrusted reports whether a certificate was refused, by TLS itself or by pgx, which checks that of verify-ca.
func untrusted(err error) bool {
	_, byTLS := errors.AsType[*tls.CertificateVerificationError](err)
	_, ofUnknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	return byTLS || ofUnknown || invalid
}

// ambiguous marks the error of a call that may have committed: every one of the connection or of the context, but those
// that the server answered with while it was alive and well. What pgx says about that itself is not to be trusted: a
// commit whose answer was lost counts as safe to retry there.
func ambiguous(err error) error {
	e, ok := errors.AsType[*core.Error](err)
	if !ok {
		return err
	}
	switch e.Code {
	case core.Unavailable, core.Canceled, core.DeadlineExceeded, core.Internal:
	default:
		return err
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch class := pgErr.Code[:min(2, len(pgErr.Code))]; {
		case pgErr.Code == "57014": // canceled before it committed
			return err
		case class != "08" && class != "57" && pgErr.Code != "40003":
			return err
		}
	}
	marked := *e
	marked.Outcome = core.OutcomeUnknown
	return &marked
}
