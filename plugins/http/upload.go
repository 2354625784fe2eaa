package http

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// upload gives the bytes of a reader to one attempt after the other.
type upload struct {
	source io.Reader
	seeker io.Seeker // nil when the source cannot seek
	from   int64     // where it began
	size   int64     // bytes to send, as the caller or the reader says; below 0 is unknown
	want   core.PutOptions
	ended  func() error // says that the caller wants no more of it

	mu      sync.Mutex
	current *checked
}

func newUpload(ctx context.Context, r io.Reader, o core.PutOptions) *upload {
	u := &upload{source: r, want: o, size: -1, ended: func() error { return core.Interrupted(ctx) }}
	if s, ok := r.(io.Seeker); ok {
		if at, err := s.Seek(0, io.SeekCurrent); err == nil {
			u.seeker, u.from = s, at
			u.size = u.length()
		}
	}
	if o.Size != nil {
		u.size = *o.Size
	}
	return u
}

func (u *upload) seeks() bool { return u.seeker != nil }

// length is how many bytes the reader has; below 0 is unknown.
func (u *upload) length() int64 {
	end, err := u.seeker.Seek(0, io.SeekEnd)
	if _, back := u.seeker.Seek(u.from, io.SeekStart); err != nil || back != nil {
		return -1
	}
	return end - u.from
}

// start makes the body of an attempt.
func (u *upload) start() (io.Reader, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.current != nil {
		u.current.stop()
		if u.current.touched() {
			if u.seeker == nil {
				return nil, core.Errorf(core.Unavailable, "the upload broke, and its reader cannot start again")
			}
			if _, err := u.seeker.Seek(u.from, io.SeekStart); err != nil {
				return nil, core.Errorf(core.Internal, "start the upload again: %w", err)
			}
		}
	}
	const buffer = 64 << 10
	u.current = &checked{r: u.source, want: u.want, ended: u.ended, hash: sha256.New(), buf: make([]byte, buffer)}
	return u.current, nil
}

// end sees to it that nobody reads from the source any longer, unless the context has ended, when a read may be stuck.
func (u *upload) end(ctx context.Context) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.current == nil {
		return
	}
	if ctx.Err() != nil {
		go u.current.stop()
		return
	}
	u.current.stop()
}

// sent is what went out.
func (u *upload) sent() (size int64, digest string, whole bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.current == nil {
		return 0, "", false
	}
	return u.current.state()
}

// checked reads a file and holds its last byte back until size and digest are known to be right.
type checked struct {
	r     io.Reader
	want  core.PutOptions
	ended func() error
	hash  hash.Hash

	mu         sync.Mutex
	stopped    bool
	read       bool
	eof        bool
	size       int64
	buf        []byte
	start, end int
}

var errStopped = errors.New("the upload is over")

func (c *checked) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return 0, errStopped
	}
	if len(p) == 0 {
		return 0, nil
	}
	if err := c.fill(); err != nil {
		return 0, err
	}
	ready := c.end - c.start
	if !c.eof {
		ready--
	}
	if ready == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.buf[c.start:c.start+ready])
	c.start += n
	return n, nil
}

// fill reads on until there is a byte to give beside the one to hold back.
func (c *checked) fill() error {
	for empty := 0; c.end-c.start <= 1 && !c.eof; {
		copy(c.buf, c.buf[c.start:c.end])
		c.end -= c.start
		c.start = 0
		c.read = true
		n, err := c.r.Read(c.buf[c.end:])
		c.hash.Write(c.buf[c.end : c.end+n])
		c.end += n
		c.size += int64(n)
		if c.want.Size != nil && c.size > *c.want.Size {
			return core.Invalid("size", "there are more than the %d bytes that were declared", *c.want.Size)
		}
		switch {
		case err == io.EOF:
			c.eof = true
			return c.verify()
		case err != nil:
			return err
		case n == 0:
			const most = 100
			if empty++; empty > most {
				return io.ErrNoProgress
			}
		}
	}
	return nil
}

func (c *checked) verify() error {
	if err := c.ended(); err != nil {
		return err
	}
	if c.want.Size != nil && c.size != *c.want.Size {
		return core.Invalid("size", "there are %d bytes, and %d were declared", c.size, *c.want.Size)
	}
	if got := c.digest(); c.want.SHA256 != "" && !strings.EqualFold(got, c.want.SHA256) {
		return &core.Error{Code: core.DataLoss, Key: "sha256", Err: fmt.Errorf("the bytes have the digest %s, and %s was declared",
			got, c.want.SHA256)}
	}
	return nil
}

func (c *checked) digest() string { return hex.EncodeToString(c.hash.Sum(nil)) }

// stop lets nobody read any longer.
func (c *checked) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
}

func (c *checked) touched() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read
}

func (c *checked) state() (size int64, digest string, whole bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size, c.digest(), c.eof && c.start == c.end
}
