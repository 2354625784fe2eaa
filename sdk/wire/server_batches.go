package wire

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

// LogBatches logs what comes on the stream, each batch as if it had come alone.
func (t *trackingServer) LogBatches(stream trackingv1.TrackingService_LogBatchesServer) error {
	b := &batches{
		server: t.server, stream: stream, work: make(chan func()), over: make(chan struct{}),
		cancels: map[uint64]context.CancelFunc{},
	}
	defer b.workers.Wait() // nothing may be sent after the end
	defer close(b.over)
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, c := range m.GetCalls() {
			b.begin(c)
		}
		b.giveUp(m.GetCancelled())
	}
}

// batches are the calls on one stream. They are made by goroutines that stay, so that their stacks have grown already.
type batches struct {
	server  *Server
	stream  trackingv1.TrackingService_LogBatchesServer
	work    chan func() // taken by a worker who waits for it
	over    chan struct{}
	workers sync.WaitGroup
	hired   int

	mu      sync.Mutex
	cancels map[uint64]context.CancelFunc // of calls under way
	results *trackingv1.LogBatchesResponse
	sending bool // somebody sends results, and will send those that come meanwhile
}

// begin has a worker make a call. It waits for one only when the host has more calls under way than it may.
func (b *batches) begin(c *trackingv1.BatchCall) {
	ctx, cancel := within(b.stream.Context(), time.Duration(c.GetTimeout()))
	b.mu.Lock()
	b.cancels[c.GetNumber()] = cancel
	b.mu.Unlock()
	do := func() {
		st := b.log(ctx, c)
		cancel()
		b.end(c.GetNumber(), st)
	}
	select {
	case b.work <- do:
		return
	default:
	}
	if b.hired == mostCalls {
		b.work <- do
		return
	}
	b.hired++
	b.workers.Go(func() { b.serve(do) })
}

// within is a context that ends after limit; 0 is without one.
func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, limit)
}

// serve makes calls as long as the stream lasts.
func (b *batches) serve(do func()) {
	for {
		do()
		select {
		case do = <-b.work:
		case <-b.over:
			return
		}
	}
}

// log makes a call, and returns nil when it succeeds.
func (b *batches) log(ctx context.Context, c *trackingv1.BatchCall) *status.Status {
	in, err := b.server.find(c.GetInstance())
	if err == nil {
		const method = trackingv1.TrackingService_LogBatch_FullMethodName
		err = b.server.counted(withInstance(ctx, in), method, func(ctx context.Context) error {
			request := &trackingv1.LogBatchRequest{}
			if err := proto.Unmarshal(c.GetRequest(), request); err != nil {
				return core.Invalid("request", "it is no LogBatchRequest: %w", err)
			}
			return logBatch(ctx, request)
		})
	}
	return formed(err, in)
}

// giveUp ends the contexts of calls whose callers have gone.
func (b *batches) giveUp(numbers []uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, number := range numbers {
		if cancel := b.cancels[number]; cancel != nil {
			cancel()
		}
	}
}

// end sends the result of a call, together with others that are ready.
func (b *batches) end(number uint64, st *status.Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.cancels, number)
	if b.results == nil {
		b.results = &trackingv1.LogBatchesResponse{}
	}
	if st == nil {
		b.results.Done = append(b.results.Done, number)
	} else {
		encoded, _ := proto.Marshal(st.Proto()) // which can be encoded; without it the host knows at least of the failure
		b.results.Failed = append(b.results.Failed, &trackingv1.BatchFailure{Number: number, Status: encoded})
	}
	if b.sending {
		return
	}
	b.sending = true
	for b.results != nil {
		b.mu.Unlock()
		runtime.Gosched() // a store that commits for many ends their calls at the same time
		b.mu.Lock()
		m := b.results
		b.results = nil
		b.mu.Unlock()
		_ = b.stream.Send(m) // when it fails, who receives hears why
		b.mu.Lock()
	}
	b.sending = false
}
