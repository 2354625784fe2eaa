package wire

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

// line is the host's end of a stream of batches. What comes while a message is being sent goes into the next one. A caller who
// is alone waits for nobody and sends by itself.
type line struct {
	wake chan struct{} // has a token while something waits to be sent
	over chan struct{} // closed when the stream has ended

	mu        sync.Mutex
	last      uint64           // number so far
	calls     map[uint64]*call // without a result, also those whose callers have gone
	size      int              // of their requests, in bytes
	waiting   []*trackingv1.BatchCall
	cancelled []uint64
	stream    trackingv1.TrackingService_LogBatchesClient // nil until it is open
	sending   bool
	answered  bool // the plugin has answered anything
}

// call is one caller's batch.
type call struct {
	*trackingv1.BatchCall
	result chan error // has room for it
}

// What may be under way on a stream at once: calls, and bytes of their requests. What does not fit is called by itself, so
// that nobody waits for a place.
const (
	mostCalls = 256
	mostBytes = 256 << 10
)

func newLine() *line {
	return &line{wake: make(chan struct{}, 1), over: make(chan struct{}), calls: map[uint64]*call{}}
}

func (l *line) isOver() bool {
	select {
	case <-l.over:
		return true
	default:
		return false
	}
}

// join lets a call go out, and reports false when there is no place for it.
func (l *line) join(ctx context.Context, c *call) bool {
	l.mu.Lock()
	if l.isOver() || len(l.calls) == mostCalls || l.size+len(c.Request) > mostBytes {
		l.mu.Unlock()
		return false
	}
	if end, limited := ctx.Deadline(); limited {
		c.Timeout = max(1, int64(time.Until(end)))
	}
	l.last++
	c.Number = l.last
	l.calls[c.Number] = c
	l.size += len(c.Request)
	l.waiting = append(l.waiting, c.BatchCall)
	alone := len(l.calls) == 1 && l.stream != nil // nothing is under way, so that sending does not wait for the plugin
	if !alone {
		l.tell()
	}
	l.mu.Unlock()
	if alone {
		_ = l.sendWaiting() // when it fails, who receives hears why
	}
	return true
}

// leave gives a call up. One that was sent keeps its place until the plugin has answered it.
func (l *line) leave(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiting, c.BatchCall); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
		l.finish(c.Number, nil)
	}
	if l.calls[c.Number] != nil {
		l.cancelled = append(l.cancelled, c.Number)
		l.tell()
	}
}

// tell wakes the sender. The lock is held.
func (l *line) tell() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run opens the stream, sends what comes and hands out results, until the stream ends. It returns why that was.
func (l *line) run(ctx context.Context, client trackingv1.TrackingServiceClient) error {
	stream, err := client.LogBatches(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.stream = stream
	l.mu.Unlock()
	go l.send()
	for {
		reply, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return status.Error(codes.Internal, "the plugin ended the stream of batches")
		}
		if err != nil {
			return err
		}
		l.answer(reply)
	}
}

// send sends what waits, as long as the stream lasts.
func (l *line) send() {
	for {
		select {
		case <-l.wake:
		case <-l.over:
			return
		}
		runtime.Gosched() // callers who can go on have something to send, too
		if l.sendWaiting() != nil {
			return // who receives hears why
		}
	}
}

// sendWaiting sends what waits in one message, unless somebody is sending, who then has the sender come back.
func (l *line) sendWaiting() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sending || len(l.waiting)+len(l.cancelled) == 0 {
		return nil
	}
	m := &trackingv1.LogBatchesRequest{Calls: l.waiting, Cancelled: l.cancelled}
	l.waiting, l.cancelled, l.sending = nil, nil, true
	l.mu.Unlock()
	err := l.stream.Send(m)
	l.mu.Lock()
	if l.sending = false; len(l.waiting)+len(l.cancelled) > 0 {
		l.tell()
	}
	return err
}

// answer gives callers their results. Numbers that have none to give are left out.
func (l *line) answer(reply *trackingv1.LogBatchesResponse) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered = true
	for _, number := range reply.GetDone() {
		l.finish(number, nil)
	}
	for _, f := range reply.GetFailed() {
		l.finish(f.GetNumber(), statusError(f.GetStatus()))
	}
}

// finish ends a call. The lock is held.
func (l *line) finish(number uint64, err error) {
	c := l.calls[number]
	if c == nil {
		return
	}
	delete(l.calls, number)
	l.size -= len(c.Request)
	c.result <- err
}

// end ends all calls with what ended the stream.
func (l *line) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.over)
	for number := range l.calls {
		l.finish(number, err)
	}
}

// statusError is the error that an encoded status stands for.
func statusError(encoded []byte) error {
	pb := &statuspb.Status{}
	if err := proto.Unmarshal(encoded, pb); err != nil {
		return status.Errorf(codes.Internal, "the status of a batch cannot be decoded: %v", err)
	}
	if err := status.ErrorProto(pb); err != nil {
		return err
	}
	return status.Error(codes.Internal, "a batch has failed with the status OK")
}
