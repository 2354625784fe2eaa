package wire

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/pluginv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

// Sizes of messages and windows, in bytes. Frames are what package grpc moves best: its pool of buffers has a tier of
// 1 MiB, and the message around the data needs a few bytes of it.
const (
	maxRequest   = 64 << 20
	maxReply     = 16 << 20
	frameSize    = 1<<20 - 64
	streamWindow = 4 << 20
	connWindow   = 8 << 20
	transportBuf = 256 << 10
)

// streamWorkers is how many goroutines stay to serve calls, so that their stacks have grown already; further calls get one
// of their own each.
const streamWorkers = 8

// Options are the options of the gRPC server on which the services are registered: limits, windows, and what resolves
// instances, counts calls and turns errors and panics into statuses.
func (s *Server) Options() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxRequest), grpc.ForceServerCodecV2(newCodec()),
		grpc.InitialWindowSize(streamWindow), grpc.InitialConnWindowSize(connWindow),
		grpc.ReadBufferSize(transportBuf), grpc.WriteBufferSize(transportBuf), grpc.NumStreamWorkers(streamWorkers),
		grpc.ChainUnaryInterceptor(s.unary), grpc.ChainStreamInterceptor(s.stream),
	}
}

// DialOptions are the options of a connection to a plugin: limits and windows.
func DialOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxReply), grpc.MaxCallSendMsgSize(maxRequest)),
		grpc.WithDisableRetry(), // who keeps the connection knows what may be repeated
		grpc.WithInitialWindowSize(streamWindow), grpc.WithInitialConnWindowSize(connWindow),
		grpc.WithReadBufferSize(transportBuf), grpc.WithWriteBufferSize(transportBuf),
	}
}

func (s *Server) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if !ours(info.FullMethod) {
		return next(ctx, request)
	}
	var reply any
	err := s.serve(ctx, info.FullMethod, func(ctx context.Context) (err error) {
		reply, err = next(ctx, request)
		return err
	})
	return reply, err
}

func (s *Server) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if !ours(info.FullMethod) {
		return next(server, stream)
	}
	return s.serve(stream.Context(), info.FullMethod, func(ctx context.Context) error {
		return next(server, &serverStream{stream, ctx})
	})
}

// ours reports whether a method is of the services here: other people's are registered on the same server.
func ours(method string) bool { return strings.HasPrefix(method, "/mlstore.") }

type serverStream struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // a stream has a context by its nature
}

func (s *serverStream) Context() context.Context { return s.ctx }

// serve resolves the instance of a call, makes it, and gives its error the form of the wire.
func (s *Server) serve(ctx context.Context, method string, call func(context.Context) error) error {
	in, err := s.instanceFor(ctx)
	if err == nil {
		if in != nil {
			ctx = withInstance(ctx, in)
		}
		err = s.counted(ctx, method, call)
	}
	if st := formed(err, in); st != nil {
		return &answered{st}
	}
	return nil
}

// formed gives the error of a call the form of the wire; nil stays nil.
func formed(err error, in *instance) *status.Status {
	if err == nil {
		return nil
	}
	if made, ok := err.(*answered); ok { //nolint:errorlint // a status that a store got from elsewhere is not one of ours
		return made.Status
	}
	return toStatus(err, in.hide)
}

// instanceFor returns the instance that the metadata name, or nil when they name none.
func (s *Server) instanceFor(ctx context.Context) (*instance, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	switch ids := md.Get(InstanceKey); len(ids) {
	case 0:
		return nil, nil //nolint:nilnil // calls such as Describe have no instance
	case 1:
		return s.find(ids[0])
	default:
		return nil, core.Invalid(InstanceKey, "the call names %d instances, not one", len(ids))
	}
}

// counted counts the call, unless it is one that a plugin answers to its end.
func (s *Server) counted(ctx context.Context, method string, call func(context.Context) error) error {
	switch method {
	case pluginv1.IdentityService_Describe_FullMethodName, pluginv1.LifecycleService_Close_FullMethodName,
		pluginv1.LifecycleService_Drain_FullMethodName,
		trackingv1.TrackingService_LogBatches_FullMethodName: // what comes on it is counted, batch by batch
	default:
		end, err := s.begin()
		if err != nil {
			return err
		}
		defer end()
	}
	return s.recovered(ctx, method, call)
}

// recovered turns a panic into an error: one call ends, the others go on.
func (s *Server) recovered(ctx context.Context, method string, call func(context.Context) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			text := fmt.Sprint(cause)
			if in, known := instanceOf(ctx); known == nil {
				text = in.hide(text)
			}
			s.options.Logger.ErrorContext(ctx, "a call panicked", "method", method, "panic", text, "stack", string(debug.Stack()))
			err = &core.Error{
				Code: core.Internal, Reason: core.ReasonInternalError, Op: operation(method), Outcome: core.OutcomeUnknown,
				Err: errors.New("the plugin panicked: " + text + " (its log has the stack)"),
			}
		}
	}()
	return call(ctx)
}

// operation is the name of a method for people: "create run".
func operation(method string) string {
	name := method[strings.LastIndexByte(method, '/')+1:]
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
