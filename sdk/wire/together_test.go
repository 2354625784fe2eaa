package wire_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/sdk/wire"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/artifactv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

// taker is a tracking store whose LogBatch does what the test wants.
type taker struct {
	core.TrackingStore
	log func(context.Context, core.RunID) error
}

func (s taker) LogBatch(ctx context.Context, id core.RunID, _ core.Batch) error {
	return s.log(ctx, id)
}

// traffic is a connection that counts what goes over it. It opens the stream of batches only when the gate is open.
type traffic struct {
	grpc.ClientConnInterface
	gate     chan struct{}
	singles  atomic.Int64 // calls of LogBatch
	streams  atomic.Int64
	messages atomic.Int64 // sent on streams
}

func newTraffic(conn grpc.ClientConnInterface) *traffic {
	return &traffic{ClientConnInterface: conn, gate: make(chan struct{})}
}

func (c *traffic) Invoke(ctx context.Context, method string, request, reply any, o ...grpc.CallOption) error {
	if strings.HasSuffix(method, "/LogBatch") {
		c.singles.Add(1)
	}
	return c.ClientConnInterface.Invoke(ctx, method, request, reply, o...)
}

func (c *traffic) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, o ...grpc.CallOption,
) (grpc.ClientStream, error) {
	<-c.gate
	c.streams.Add(1)
	s, err := c.ClientConnInterface.NewStream(ctx, desc, method, o...)
	return &countedStream{s, &c.messages}, err
}

type countedStream struct {
	grpc.ClientStream
	messages *atomic.Int64
}

func (s *countedStream) SendMsg(message any) error {
	s.messages.Add(1)
	return s.ClientStream.SendMsg(message)
}

// dialTaker serves a store whose LogBatch is log.
func dialTaker(t *testing.T, log func(context.Context, core.RunID) error) *grpc.ClientConn {
	t.Helper()
	quiet := wire.ServerOptions{Logger: slog.New(slog.DiscardHandler)}
	return dial(t, wire.NewServer(core.Manifest{}, opens(taker{mem.NewTracking(), log}), quiet))
}

// logAll logs to runs at the same time and returns the errors.
func logAll(t *testing.T, store core.TrackingStore, runs ...string) map[string]error {
	t.Helper()
	var mu sync.Mutex
	var callers sync.WaitGroup
	errs := map[string]error{}
	for _, run := range runs {
		callers.Go(func() {
			err := store.LogBatch(t.Context(), core.RunID(run), core.Batch{Tags: []core.Tag{{Key: "k", Value: run}}})
			mu.Lock()
			defer mu.Unlock()
			errs[run] = err
		})
	}
	callers.Wait()
	return errs
}

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint("run", i)
	}
	return all
}

// TestBatchesShareMessages: what comes while nothing can be sent goes out in one message.
func TestBatchesShareMessages(t *testing.T) {
	t.Parallel()
	const callers = 16
	arrived := make(chan core.RunID, callers)
	conn := newTraffic(dialTaker(t, func(_ context.Context, id core.RunID) error {
		arrived <- id
		return nil
	}))
	store := open(t, wire.NewClient(wire.Together(conn)), "xx://").Tracking
	var begun sync.WaitGroup
	var done sync.WaitGroup
	begun.Add(callers)
	for _, run := range names(callers) {
		done.Go(func() {
			ctx := announced{t.Context(), begun.Done}
			if err := store.LogBatch(ctx, core.RunID(run), core.Batch{}); err != nil {
				t.Error(err)
			}
		})
	}
	begun.Wait() // each has joined the line, and waits
	close(conn.gate)
	done.Wait()
	if len(arrived) != callers || conn.messages.Load() != 1 || conn.singles.Load() != 0 {
		t.Errorf("%d batches arrived in %d messages and %d calls", len(arrived), conn.messages.Load(), conn.singles.Load())
	}
}

// announced is a context that tells when somebody waits for its end.
type announced struct {
	context.Context
	waits func()
}

func (a announced) Done() <-chan struct{} {
	a.waits()
	return a.Context.Done()
}

// TestBatchesFailAlone: each of the batches on a stream ends as it ends without the stream, a panic included.
func TestBatchesFailAlone(t *testing.T) {
	t.Parallel()
	conn := dialTaker(t, func(_ context.Context, id core.RunID) error {
		switch id {
		case "missing":
			return core.Missing("run", id)
		case "later":
			return &core.Error{Code: core.Unavailable, Outcome: core.OutcomeUnknown, RetryAfter: 3 * time.Second, Err: errors.New("busy")}
		case "fields":
			return core.Invalid("tags[0].key", "no such key")
		case "untyped":
			return errors.New("something")
		case "panics":
			panic("of one batch")
		}
		return nil
	})
	runs := append(names(8), "missing", "later", "fields", "untyped", "panics")
	single := newTraffic(conn)
	want := logAll(t, open(t, wire.NewClient(single), "xx://").Tracking, runs...)
	shared := newTraffic(conn)
	close(shared.gate)
	got := logAll(t, open(t, wire.NewClient(wire.Together(shared)), "xx://").Tracking, runs...)
	for _, run := range runs {
		if diff := cmp.Diff(shown(want[run]), shown(got[run])); diff != "" {
			t.Errorf("%s (-by itself +on the stream):\n%s", run, diff)
		}
		if plain := strings.HasPrefix(run, "run"); plain != (got[run] == nil) {
			t.Errorf("%s: %v", run, got[run])
		}
	}
	if shared.streams.Load() != 1 || shared.singles.Load() != 0 || single.singles.Load() != int64(len(runs)) {
		t.Errorf("%d streams and %d calls", shared.streams.Load(), shared.singles.Load())
	}
}

// shown is all that a caller can see of an error.
func shown(err error) []any {
	e, ok := errors.AsType[*core.Error](err)
	if !ok {
		return []any{err}
	}
	return []any{e.Error(), e.Code, e.Reason, e.Op, e.Key, e.Fields, e.Outcome, e.RetryAfter}
}

// TestBatchesEndWithTheirContexts: one caller's deadline or cancellation reaches the store, and ends no other's call.
func TestBatchesEndWithTheirContexts(t *testing.T) {
	t.Parallel()
	began, saw := make(chan time.Time, 1), make(chan error, 1)
	conn := newTraffic(dialTaker(t, func(ctx context.Context, id core.RunID) error {
		if id != "waits" {
			return nil
		}
		end, _ := ctx.Deadline()
		began <- end
		<-ctx.Done()
		saw <- ctx.Err()
		return ctx.Err()
	}))
	close(conn.gate)
	store := open(t, wire.NewClient(wire.Together(conn)), "xx://").Tracking
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	result := make(chan error, 1)
	go func() { result <- store.LogBatch(ctx, "waits", core.Batch{}) }()
	want, _ := ctx.Deadline()
	if got := <-began; got.Sub(want).Abs() > 10*time.Minute {
		t.Errorf("the store has the deadline %v, want %v", got, want)
	}
	for run, err := range logAll(t, store, names(8)...) {
		if err != nil {
			t.Errorf("%s beside it: %v", run, err)
		}
	}
	cancel()
	err := <-result
	if e, _ := errors.AsType[*core.Error](err); !errors.Is(err, context.Canceled) || e.Outcome != core.OutcomeUnknown {
		t.Errorf("got %v, want a cancellation with the outcome unknown", err)
	}
	if err := <-saw; !errors.Is(err, context.Canceled) {
		t.Errorf("the store saw %v, want a cancellation", err)
	}
	soon, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if err := store.LogBatch(soon, "waits", core.Batch{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
	if conn.singles.Load() != 0 {
		t.Errorf("%d calls by themselves", conn.singles.Load())
	}
}

// TestBatchOfOneWhoLeavesIsNotSent: who leaves before anything was sent asks nothing of the store.
func TestBatchOfOneWhoLeavesIsNotSent(t *testing.T) {
	t.Parallel()
	asked := make(chan core.RunID, 2)
	conn := newTraffic(dialTaker(t, func(_ context.Context, id core.RunID) error {
		asked <- id
		return nil
	}))
	store := open(t, wire.NewClient(wire.Together(conn)), "xx://").Tracking
	ctx, cancel := context.WithCancel(t.Context())
	if err := store.LogBatch(announced{ctx, cancel}, "leaves", core.Batch{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a cancellation", err)
	}
	close(conn.gate)
	if err := store.LogBatch(t.Context(), "stays", core.Batch{}); err != nil {
		t.Error(err)
	}
	if id := <-asked; id != "stays" || len(asked) > 0 {
		t.Errorf("the store was asked to log to %q", id)
	}
}

// TestPluginsWithoutTheStream are asked for it once, whatever they say to a method that they do not know.
func TestPluginsWithoutTheStream(t *testing.T) {
	t.Parallel()
	for instead, method := range map[string]string{
		"UNIMPLEMENTED":    trackingv1.TrackingService_LogBatches_FullMethodName + "Unknown",
		"INVALID_ARGUMENT": artifactv1.ArtifactService_Upload_FullMethodName, // which looks for the instance first
	} {
		t.Run(instead, func(t *testing.T) {
			t.Parallel()
			conn := newTraffic(without{dialTaker(t, func(context.Context, core.RunID) error { return nil }), method})
			close(conn.gate)
			store := open(t, wire.NewClient(wire.Together(conn)), "xx://").Tracking
			for range 3 {
				for run, err := range logAll(t, store, names(8)...) {
					if err != nil {
						t.Errorf("%s: %v", run, err)
					}
				}
			}
			if conn.streams.Load() != 1 || conn.singles.Load() != 24 {
				t.Errorf("%d streams and %d calls, want 1 and 24", conn.streams.Load(), conn.singles.Load())
			}
		})
	}
}

// without is a connection to a plugin that has no method LogBatches: it calls another one of the server instead.
type without struct {
	*grpc.ClientConn
	method string
}

func (w without) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, _ string, o ...grpc.CallOption,
) (grpc.ClientStream, error) {
	return w.ClientConn.NewStream(ctx, desc, w.method, o...)
}

// TestBatchesThatHaveNoPlace are called by themselves: nobody waits for another's result.
func TestBatchesThatHaveNoPlace(t *testing.T) {
	t.Parallel()
	const callers = 300
	var arrived sync.WaitGroup
	arrived.Add(callers)
	conn := newTraffic(dialTaker(t, func(context.Context, core.RunID) error {
		arrived.Done()
		arrived.Wait()
		return nil
	}))
	close(conn.gate)
	store := open(t, wire.NewClient(wire.Together(conn)), "xx://").Tracking
	for run, err := range logAll(t, store, names(callers)...) {
		if err != nil {
			t.Errorf("%s: %v", run, err)
		}
	}
	if conn.streams.Load() != 1 || conn.singles.Load() != callers-256 {
		t.Errorf("%d streams and %d calls", conn.streams.Load(), conn.singles.Load())
	}
}

// TestBatchesThatGoAlone are large, or have metadata of their own.
func TestBatchesThatGoAlone(t *testing.T) {
	t.Parallel()
	conn := newTraffic(dialTaker(t, func(context.Context, core.RunID) error { return nil }))
	store := open(t, wire.NewClient(wire.Together(conn)), "xx://").Tracking
	large := core.Batch{Tags: []core.Tag{{Key: "k", Value: strings.Repeat("x", 20<<10)}}}
	traced := metadata.AppendToOutgoingContext(t.Context(), "traceparent", "00-1-2-01")
	if err := errors.Join(store.LogBatch(t.Context(), "r", large), store.LogBatch(traced, "r", core.Batch{})); err != nil {
		t.Error(err)
	}
	if conn.singles.Load() != 2 {
		t.Errorf("%d calls", conn.singles.Load())
	}
}

// TestBatchesOfABrokenStream: all that wait hear of it, and the next ones get a new stream.
func TestBatchesOfABrokenStream(t *testing.T) {
	t.Parallel()
	const callers = 8
	var arrived sync.WaitGroup
	arrived.Add(callers)
	var first atomic.Bool
	first.Store(true)
	conn := dialTaker(t, func(ctx context.Context, _ core.RunID) error {
		if first.Load() {
			arrived.Done()
			<-ctx.Done()
		}
		return ctx.Err()
	})
	breaks := &breaking{ClientConn: conn}
	store := open(t, wire.NewClient(wire.Together(breaks)), "xx://").Tracking
	go func() {
		arrived.Wait()
		first.Store(false)
		breaks.end()
	}()
	for run, err := range logAll(t, store, names(callers)...) {
		if e, _ := errors.AsType[*core.Error](err); e == nil || e.Code != core.Canceled || e.Outcome != core.OutcomeUnknown {
			t.Errorf("%s: got %v", run, err)
		}
	}
	if err := store.LogBatch(t.Context(), "r", core.Batch{}); err != nil {
		t.Errorf("the next batch: %v", err)
	}
}

// breaking is a connection whose first stream a test can end.
type breaking struct {
	*grpc.ClientConn
	mu   sync.Mutex
	stop context.CancelFunc
}

func (b *breaking) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, o ...grpc.CallOption,
) (grpc.ClientStream, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ctx, stop := context.WithCancel(ctx)
	if b.stop == nil {
		b.stop = stop
	}
	context.AfterFunc(ctx, stop)
	return b.ClientConn.NewStream(ctx, desc, method, o...)
}

func (b *breaking) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stop()
}

// answering is a connection to a plugin that answers the first message on the stream of batches and then ends it.
func answering(t *testing.T, reply *trackingv1.LogBatchesResponse) *grpc.ClientConn {
	t.Helper()
	return connect(t, grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		if err := stream.RecvMsg(&emptypb.Empty{}); err != nil {
			return err
		}
		if method, _ := grpc.MethodFromServerStream(stream); method == trackingv1.TrackingService_LogBatches_FullMethodName {
			return stream.SendMsg(reply)
		}
		return stream.SendMsg(everything())
	})))
}

// TestStrangeResultsOfBatches: a plugin that answers what it should not ends the call with an error, and nothing else.
func TestStrangeResultsOfBatches(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]*trackingv1.LogBatchesResponse{
		"no status":    {Failed: []*trackingv1.BatchFailure{{Number: 1}}},
		"not a status": {Failed: []*trackingv1.BatchFailure{{Number: 1, Status: []byte{0xff}}}},
		"an end":       {Done: []uint64{7}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := open(t, wire.NewClient(wire.Together(answering(t, reply))), "xx://").Tracking
			e, _ := errors.AsType[*core.Error](store.LogBatch(t.Context(), "r", core.Batch{}))
			if e == nil || e.Code != core.Internal || e.Outcome != core.OutcomeUnknown {
				t.Errorf("got %v", e)
			}
		})
	}
}
