package supervise

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
)

// stream is a stream of which the frames prove that the plugin lives, and whose end says what became of it. A frame that
// is not taken or does not come in time ends it.
type stream struct {
	grpc.ClientStream
	life    *life
	cancel  context.CancelFunc
	stall   time.Duration
	stalled atomic.Bool
	explain func(error) error
}

func newStream(ctx context.Context, l *life, desc *grpc.StreamDesc, method string, o []grpc.CallOption) (*stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	s, err := l.conn.NewStream(ctx, desc, method, o...)
	if err != nil {
		cancel()
		return nil, err
	}
	context.AfterFunc(s.Context(), cancel) //nolint:contextcheck // the stream has its own
	return &stream{ClientStream: s, life: l, cancel: cancel}, nil
}

// SendMsg sends a frame. The error of a stream that broke is io.EOF, and RecvMsg tells why.
func (s *stream) SendMsg(message any) error {
	defer s.move()()
	return s.ClientStream.SendMsg(message)
}

func (s *stream) RecvMsg(message any) error {
	done := s.move()
	err := s.ClientStream.RecvMsg(message)
	done()
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return err
	case s.stalled.Load():
		err = &overdue{s.stall}
	}
	return s.explain(err)
}

// move gives a frame its time.
func (s *stream) move() (done func()) {
	timer := time.AfterFunc(s.stall, func() {
		s.stalled.Store(true)
		s.cancel()
	})
	return func() {
		timer.Stop()
		s.life.progress.Add(1)
	}
}
