package supervise

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
)

// invoke makes a call in this life, which may last as long as limit; 0 is without one.
func (l *life) invoke(ctx context.Context, limit time.Duration, method string, request, reply any, o []grpc.CallOption) error {
	defer l.begin()()
	if limit <= 0 {
		return l.conn.Invoke(ctx, method, request, reply, o...)
	}
	limited, cancel := context.WithTimeoutCause(ctx, limit, errTooLong)
	defer cancel()
	err := l.conn.Invoke(limited, method, request, reply, o...)
	if end, _ := limited.Deadline(); err != nil && !time.Now().Before(end) {
		<-limited.Done() // gRPC looks at the clock, and may be a moment ahead of the context's timer
	}
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(limited), errTooLong) {
		return &overdue{limit}
	}
	return err
}

var errTooLong = errors.New("it took too long")

// overdue is the error of a call that the plugin did not answer in time.
type overdue struct{ limit time.Duration }

func (o *overdue) Error() string { return fmt.Sprintf("it did not answer within %v", o.limit) }

// cause is why the life ended, or nil if it goes on. After a broken connection the end may take a moment to show.
func (l *life) cause(broken bool) *fault {
	if !broken || l.program == nil {
		select {
		case <-l.ended:
			return l.fault
		default:
			return nil
		}
	}
	limit := 3 * time.Second
	if l.stopping.Load() {
		limit = 10 * time.Second // it certainly ends
	}
	patience := time.NewTimer(limit)
	defer patience.Stop()
	select {
	case <-l.ended:
		return l.fault
	case <-patience.C:
		return nil
	}
}
