package wire

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/mlstore/mlstore/core"
)

// caller makes calls whose errors are *core.Error.
type caller struct{ conn grpc.ClientConnInterface }

var _ grpc.ClientConnInterface = caller{}

func (c caller) Invoke(ctx context.Context, method string, request, reply any, o ...grpc.CallOption) error {
	if err := core.Interrupted(ctx); err != nil {
		return core.Do(operation(method), "", err)
	}
	err := c.conn.Invoke(ctx, method, request, reply, o...)
	if err == nil {
		return nil
	}
	if field := notUTF8(request); field != "" { // then the message never left
		return core.Do(operation(method), "", core.Invalid(field, "'%s' is not valid UTF-8", field))
	}
	return failure(ctx, method, err)
}

func (c caller) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, o ...grpc.CallOption,
) (grpc.ClientStream, error) {
	if err := core.Interrupted(ctx); err != nil {
		return nil, core.Do(operation(method), "", err)
	}
	stream, err := c.conn.NewStream(ctx, desc, method, o...)
	if err != nil {
		return nil, failure(ctx, method, err)
	}
	return stream, nil
}

// failure is what a call that failed returns: what the store said, or what the transport did. Where nobody knows what the
// store did, it says so.
func failure(ctx context.Context, method string, err error) error {
	if _, ours := errors.AsType[*core.Error](err); ours {
		return core.Do(operation(method), "", err)
	}
	st := status.Convert(err)
	e, meant := fromStatus(st)
	if meant {
		return core.Do(operation(method), "", e)
	}
	if !NatureOf(method, nil, Opened{}).Reads && !definite(e.Code) {
		e.Outcome = core.OutcomeUnknown
	}
	switch e.Code {
	case core.Canceled, core.DeadlineExceeded:
		if cause := ctx.Err(); cause != nil {
			e.Err = cause
		}
	case core.ResourceExhausted: // a message over the limit: the store has not run out of anything
		e.Code = core.Internal
		e.Err = fmt.Errorf("the message does not fit on the wire: %s", st.Message())
	case core.Unknown:
		e.Code = core.Internal
	default:
	}
	return core.Do(operation(method), "", e)
}

// definite reports whether a status of this code comes from the store even without details, so that it means what the store
// promises: a refusal without effect.
func definite(c core.Code) bool {
	switch c {
	case core.InvalidArgument, core.NotFound, core.AlreadyExists, core.PermissionDenied, core.Unauthenticated,
		core.FailedPrecondition, core.Aborted, core.OutOfRange, core.Unimplemented:
		return true
	default:
		return false
	}
}

// link makes calls on an instance.
type link struct {
	caller
	id    string
	alive context.Context //nolint:containedctx // Close has no context: it uses the values of the one that opened
}

func (l link) Invoke(ctx context.Context, method string, request, reply any, o ...grpc.CallOption) error {
	return l.caller.Invoke(metadata.AppendToOutgoingContext(ctx, InstanceKey, l.id), method, request, reply, o...)
}

func (l link) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, o ...grpc.CallOption,
) (grpc.ClientStream, error) {
	return l.caller.NewStream(metadata.AppendToOutgoingContext(ctx, InstanceKey, l.id), desc, method, o...)
}

// notUTF8 names the first text of a message that is not valid UTF-8, or is empty when there is none.
func notUTF8(message any) string {
	m, ok := message.(proto.Message)
	if !ok {
		return ""
	}
	return firstNotUTF8(m.ProtoReflect())
}
