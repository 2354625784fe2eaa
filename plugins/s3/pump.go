package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/mlstore/mlstore/core"
)

const (
	partSize  = 8 << 20  // of uploads in parts, as boto3's; also the longest artifact that goes up in one request
	smallSize = 64 << 10 // of the buffers of short artifacts
	growAfter = 1000     // parts; then parts are twice as long, so that 10,000 reach beyond what an object may have
)

// buffers are kept for other uploads.
type buffers struct{ small, large sync.Pool }

// chunk is a part of what a reader yields. The last one may be empty.
type chunk struct {
	buffer []byte
	n      int
	pool   *sync.Pool
}

func (c chunk) bytes() []byte { return c.buffer[:c.n] }

// free gives the buffer to other uploads. Nobody may use it any more, be it a request that was broken off.
func (c chunk) free() {
	if c.pool != nil {
		c.pool.Put(&c.buffer)
	}
}

// pump reads parts in a goroutine of its own, one ahead, so that a read that blocks does not keep its caller when the
// context ends. Such a read is left behind with a buffer that nobody else uses, and its goroutine ends with it.
type pump struct {
	kept    *buffers
	full    chan pumped
	stopped chan struct{}
}

type pumped struct {
	chunk
	err      error
	panicked any
}

func newPump(r io.Reader, kept *buffers) *pump {
	p := &pump{kept: kept, full: make(chan pumped), stopped: make(chan struct{})}
	go p.run(r)
	return p
}

// next returns the next chunk, which belongs to the caller. It is as long as a part but for the last one, which comes with
// io.EOF. Another error is the reader's.
func (p *pump) next(ctx context.Context) (chunk, error) {
	select {
	case <-ctx.Done():
		return chunk{}, core.Interrupted(ctx)
	case c := <-p.full:
		if c.panicked != nil {
			panic(c.panicked) // the caller's reader did: it is the caller's to recover
		}
		if c.err != nil && !errors.Is(c.err, io.EOF) {
			return chunk{}, core.Do("", "", fmt.Errorf("read the content: %w", c.err))
		}
		return c.chunk, c.err
	}
}

// stop ends the reading.
func (p *pump) stop() { close(p.stopped) }

func (p *pump) run(r io.Reader) {
	ended := false
	defer func() {
		if !ended { // r has panicked, or has ended this goroutine
			p.hand(pumped{panicked: recover(), err: errors.New("the reader ended its goroutine")})
		}
	}()
	for number := 0; !ended; number++ {
		c, err := p.read(r, number)
		ended = !p.hand(pumped{chunk: c, err: err}) || err != nil
	}
}

// read fills a chunk. The first one begins in a small buffer, since most artifacts end there.
func (p *pump) read(r io.Reader, number int) (chunk, error) {
	size := partSize << (number / growAfter)
	if number > 0 {
		c := p.kept.buffer(size)
		n, err := fill(r, c.buffer)
		c.n = n
		return c, err
	}
	small := p.kept.buffer(smallSize)
	n, err := fill(r, small.buffer)
	small.n = n
	if err != nil {
		return small, err
	}
	c := p.kept.buffer(size)
	copy(c.buffer, small.bytes())
	small.free()
	n, err = fill(r, c.buffer[smallSize:])
	c.n = smallSize + n
	return c, err
}

// buffer returns a buffer of the size.
func (b *buffers) buffer(size int) chunk {
	var pool *sync.Pool
	switch size {
	case smallSize:
		pool = &b.small
	case partSize:
		pool = &b.large
	default:
		return chunk{buffer: make([]byte, size)}
	}
	if kept, ok := pool.Get().(*[]byte); ok {
		return chunk{buffer: *kept, pool: pool}
	}
	return chunk{buffer: make([]byte, size), pool: pool}
}

// hand gives a chunk to the caller; false when the caller does not want it any more.
func (p *pump) hand(c pumped) bool {
	select {
	case p.full <- c:
		return true
	case <-p.stopped:
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
