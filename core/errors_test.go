package core_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/mlstore/mlstore/core"
)

func TestErrorMatchesTheSentinelOfItsCode(t *testing.T) {
	t.Parallel()
	sentinels := map[core.Code]error{
		core.InvalidArgument: core.ErrInvalid, core.NotFound: core.ErrNotFound, core.AlreadyExists: core.ErrExists,
		core.PermissionDenied: core.ErrPermission, core.Unauthenticated: core.ErrUnauthenticated,
		core.FailedPrecondition: core.ErrState, core.Aborted: core.ErrAborted, core.OutOfRange: core.ErrRange,
		core.Unimplemented: core.ErrUnsupported, core.ResourceExhausted: core.ErrExhausted,
		core.Unavailable: core.ErrUnavailable, core.DataLoss: core.ErrDataLoss, core.Internal: core.ErrInternal,
		core.Canceled: context.Canceled, core.DeadlineExceeded: context.DeadlineExceeded,
	}
	for code, sentinel := range sentinels {
		err := fmt.Errorf("far out: %w", core.Errorf(code, "cause"))
		for other, wanted := range sentinels {
			if got := errors.Is(err, wanted); got != (other == code) {
				t.Errorf("an error of code %v is the sentinel of %v: %v", code, other, got)
			}
		}
		if got := core.CodeOf(err); got != code {
			t.Errorf("CodeOf(%v) = %v", err, got)
		}
		if got := core.CodeOf(sentinel); got != code {
			t.Errorf("CodeOf(the sentinel of %v) = %v", code, got)
		}
	}
}

func TestClosedIsAState(t *testing.T) {
	t.Parallel()
	err := core.Do("log batch", "r1", core.Closed("mem"))
	if !errors.Is(err, core.ErrClosed) || !errors.Is(err, core.ErrState) {
		t.Errorf("%v is neither ErrClosed nor ErrState", err)
	}
	if errors.Is(core.State("r1", "deleted"), core.ErrClosed) {
		t.Error("any ErrState is ErrClosed")
	}
}

func TestDoNamesAndKeeps(t *testing.T) {
	t.Parallel()
	if core.Do("op", "key", nil) != nil {
		t.Error("Do made an error out of none")
	}
	foreign := core.Do("open", "a/b", fs.ErrNotExist)
	if core.CodeOf(foreign) != core.Internal || !errors.Is(foreign, fs.ErrNotExist) {
		t.Errorf("a foreign error: %v (%v)", foreign, core.CodeOf(foreign))
	}
	cause := &core.Error{
		Code: core.Unavailable, Reason: core.ReasonRequestLimitExceeded, Outcome: core.OutcomeUnknown,
		Err: errors.New("try later"),
	}
	for _, inner := range []error{cause, fmt.Errorf("page 2: %w", cause)} {
		named, ok := errors.AsType[*core.Error](core.Do("search runs", "e1", inner))
		if !ok || named.Op != "search runs" || named.Key != "e1" || named.Outcome != core.OutcomeUnknown ||
			core.ReasonOf(named) != core.ReasonRequestLimitExceeded || !errors.Is(named, core.ErrUnavailable) {
			t.Errorf("Do lost something of %v: %+v", inner, named)
		}
	}
	if cause.Op != "" {
		t.Error("Do changed its argument")
	}
}

func TestReasonsAndCodes(t *testing.T) {
	t.Parallel()
	for code := core.Canceled; code <= core.Unauthenticated; code++ {
		want := code
		switch code { //nolint:exhaustive // MLflow has no name of its own for these two
		case core.OutOfRange:
			want = core.InvalidArgument
		case core.Unknown:
			want = core.Internal
		}
		if got := code.Reason().Code(); got != want {
			t.Errorf("%v -> %v -> %v, want %v", code, code.Reason(), got, want)
		}
	}
	reasons := map[core.Reason]core.Code{
		core.ReasonBadRequest: core.InvalidArgument, core.ReasonNotFound: core.NotFound,
		core.ReasonEndpointNotFound: core.Unimplemented, core.ReasonAlreadyExists: core.AlreadyExists,
		core.ReasonResourceConflict: core.Aborted, core.ReasonCustomerUnauthorized: core.Unauthenticated,
		core.ReasonFeatureDisabled: core.Unimplemented, core.ReasonRequestLimitExceeded: core.ResourceExhausted,
		core.ReasonClosed: core.FailedPrecondition, "SOMETHING_NEW": core.Unknown,
	}
	for reason, code := range reasons {
		if got := reason.Code(); got != code {
			t.Errorf("%s.Code() = %v, want %v", reason, got, code)
		}
	}
	if core.ReasonOf(nil) != "" || core.ReasonOf(errors.New("x")) != core.ReasonInternalError {
		t.Error("the reasons of nil and of a foreign error")
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	if core.Interrupted(ctx) != nil {
		t.Error("a living context is interrupted")
	}
	cancel()
	if err := core.Interrupted(ctx); !errors.Is(err, context.Canceled) || core.CodeOf(err) != core.Canceled {
		t.Errorf("a cancelled context: %v", err)
	}
}
