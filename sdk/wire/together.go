package wire

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

// Together returns a connection to a plugin on which small batches share one stream, and messages on it: those that callers
// log at the same time go out together. All else about them is as without it: each has its own deadline, cancellation and
// error. A plugin that does not serve the stream is called for each batch. What runs for it ends with the connection.
func Together(conn grpc.ClientConnInterface) grpc.ClientConnInterface {
	return &together{ClientConnInterface: conn}
}

type together struct {
	grpc.ClientConnInterface
	refused atomic.Bool // the plugin does not serve the stream

	mu   sync.Mutex
	line *line // the latest; nil before the first call
}

// largest is how many bytes a batch that shares a stream may have: a larger one gains nothing.
const largest = 16 << 10

// errAlone is the result of a call that has not reached a store, and must be made by itself.
var errAlone = errors.New("the call must be made by itself")

// Invoke makes a call.
func (t *together) Invoke(ctx context.Context, method string, request, reply any, o ...grpc.CallOption) error {
	if method == trackingv1.TrackingService_LogBatch_FullMethodName && !t.refused.Load() && usual(o) {
		if c := newCall(ctx, request); c != nil {
			if err := t.log(ctx, c); !errors.Is(err, errAlone) {
				return err
			}
		}
	}
	return t.ClientConnInterface.Invoke(ctx, method, request, reply, o...)
}

// usual reports whether a call has no options but that which generated code gives to every call.
func usual(options []grpc.CallOption) bool {
	for _, o := range options {
		if _, ok := o.(grpc.StaticMethodCallOption); !ok {
			return false
		}
	}
	return true
}

// newCall makes a call that can share a stream, or nil when the request is large, cannot be encoded, or comes with metadata
// besides its instance.
func newCall(ctx context.Context, request any) *call {
	message, ok := request.(*trackingv1.LogBatchRequest)
	md, _ := metadata.FromOutgoingContext(ctx)
	ids := md.Get(InstanceKey)
	if !ok || len(md) != 1 || len(ids) != 1 {
		return nil
	}
	encoded, err := proto.Marshal(message)
	if err != nil || len(encoded) > largest {
		return nil
	}
	return &call{BatchCall: &trackingv1.BatchCall{Instance: ids[0], Request: encoded}, result: make(chan error, 1)}
}

// log makes a call on the stream. It returns when there is a result, or when the context ends.
func (t *together) log(ctx context.Context, c *call) error {
	l := t.current(ctx)
	if l == nil || !l.join(ctx, c) {
		return errAlone
	}
	select {
	case err := <-c.result:
		return err
	case <-ctx.Done():
		l.leave(c)
		return status.FromContextError(ctx.Err()).Err()
	}
}

// current is the stream that is open, or else a new one; nil when the plugin has refused one meanwhile.
func (t *together) current(ctx context.Context) *line {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.line == nil || t.line.isOver() {
		if t.refused.Load() {
			return nil
		}
		t.line = newLine()
		go t.run(context.WithoutCancel(ctx), t.line) // it serves all who call, not only who came first
	}
	return t.line
}

// run opens a stream and works it to its end.
func (t *together) run(ctx context.Context, l *line) {
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(ctx, nil))
	defer cancel()
	err := l.run(ctx, trackingv1.NewTrackingServiceClient(t.ClientConnInterface))
	if !l.answered && !severed(err) {
		t.refused.Store(true)
		err = errAlone
	}
	l.end(err)
}

// severed reports whether a stream ended for another reason than that the plugin refuses it. One that does not serve it should
// say UNIMPLEMENTED, but what it looks at before, such as the instance that the metadata name, may give another status.
func severed(err error) bool {
	return slices.Contains([]codes.Code{codes.Unavailable, codes.Canceled, codes.DeadlineExceeded}, status.Code(err))
}
