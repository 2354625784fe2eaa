package file

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// chunkSize is how many bytes are read, digested and written at once.
const chunkSize = 256 << 10

// pump reads in a goroutine of its own, one chunk ahead, so that a read that blocks does not keep its caller when the
// context ends. Such a read is left behind with a buffer that nobody else uses, and its goroutine ends with it.
type pump struct {
	free    *sync.Pool // of *[chunkSize]byte
	full    chan chunk // at most two chunks are on the way, one in each hand
	stopped chan struct{}
	taken   *[chunkSize]byte // under the caller's hands
}

// chunk is a part of what a reader yields. The last one has an error, io.EOF when all is well.
type chunk struct {
	buffer   *[chunkSize]byte
	n        int
	err      error
	panicked any
}

func newPump(free *sync.Pool, r io.Reader) *pump {
	p := &pump{free: free, full: make(chan chunk), stopped: make(chan struct{})}
	go p.run(r)
	return p
}

// next returns the next chunk, which is good until the call after. With an error it is the last one.
func (p *pump) next(ctx context.Context) ([]byte, error) {
	p.release()
	select {
	case <-ctx.Done():
		return nil, core.Interrupted(ctx)
	case c := <-p.full:
		if c.panicked != nil {
			panic(c.panicked) // the caller's reader did: it is the caller's to recover
		}
		if c.buffer == nil {
			return nil, c.err
		}
		p.taken = c.buffer
		return c.buffer[:c.n], c.err
	}
}

func (p *pump) release() {
	if p.taken != nil {
		p.free.Put(p.taken)
		p.taken = nil
	}
}

// stop ends the reading.
func (p *pump) stop() {
	p.release()
	close(p.stopped)
}

func (p *pump) run(r io.Reader) {
	ended := false
	defer func() {
		if !ended { // r has panicked, or has ended this goroutine
			p.hand(chunk{panicked: recover(), err: errors.New("the reader ended its goroutine")})
		}
	}()
	for !ended {
		buffer, _ := p.free.Get().(*[chunkSize]byte)
		if buffer == nil {
			buffer = new([chunkSize]byte)
		}
		n, err := fill(r, buffer[:])
		ended = !p.hand(chunk{buffer: buffer, n: n, err: err}) || err != nil
	}
}

// hand gives a chunk to the caller; false when the caller does not want it any more.
func (p *pump) hand(c chunk) bool {
	select {
	case p.full <- c:
		return true
	case <-p.stopped:
		if c.buffer != nil {
			p.free.Put(c.buffer)
		}
		return false
	}
}

// fill reads until the buffer is full. A reader that makes no progress is io.ErrNoProgress.
func fill(r io.Reader, buffer []byte) (int, error) {
	const patience = 100
	n := 0
	for idle := 0; n < len(buffer); idle++ {
		m, err := r.Read(buffer[n:])
		if m < 0 || m > len(buffer)-n {
			return n, errors.New("the reader returned an impossible count")
		}
		n += m
		switch {
		case err != nil:
			return n, err
		case m > 0:
			idle = 0
		case idle == patience:
			return n, io.ErrNoProgress
		}
	}
	return n, nil
}
