package restclient

import (
	"bytes"
	"context"
	"io"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// sentBody is the body of a request. It remembers an error of the reader that the caller gave, which is not the server's.
type sentBody struct {
	io.ReadCloser
	patience *patience

	mu  sync.Mutex
	err error
}

func (b *sentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.patience.moved()
	if err != nil && err != io.EOF {
		b.mu.Lock()
		b.err = err
		b.mu.Unlock()
	}
	return n, err
}

func (b *sentBody) failed() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// answerBody is the body of an answer. An answer that breaks off is ErrUnavailable.
type answerBody struct {
	body     io.ReadCloser
	patience *patience
	ctx      context.Context //nolint:containedctx // of the attempt, which lasts as long as the body
	done     func()
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.patience.moved()
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, broken(b.ctx, b.ctx, err)
}

func (b *answerBody) Close() error {
	err := b.body.Close()
	b.done()
	return err
}

// peek reads the first n bytes, which are what the body begins with nevertheless. What has come whole needs its connection no
// longer.
func (a *Answer) peek(n int) error {
	if n == 0 {
		return nil
	}
	if a.Size >= 0 && a.Size < int64(n) {
		n = int(a.Size) + 1 // for the end
	}
	head := make([]byte, n)
	n, err := io.ReadFull(a.Body, head)
	begun := bytes.NewReader(head[:n])
	switch {
	case err == nil:
		a.Body = peeked{io.MultiReader(begun, a.Body), a.Body}
	case err == io.EOF, err == io.ErrUnexpectedEOF: // as they are: one that broke off is an error of its own
		_ = a.Close() // nothing was to come
		a.Body = io.NopCloser(begun)
	default:
		return err
	}
	return nil
}

// peeked is a body some of which was read before.
type peeked struct {
	io.Reader
	io.Closer
}

// Drain reads what is left of a short answer, so that its connection serves the next request, and closes it.
func (a *Answer) Drain() {
	const most = 64 << 10
	_, _ = io.CopyN(io.Discard, a.Body, most)
	_ = a.Close() // nothing was to come
}

// All reads an answer of up to most bytes and closes it.
func (a *Answer) All(most int64) ([]byte, error) {
	defer a.Close()
	if a.Size > most {
		return nil, tooLong(most)
	}
	body, err := io.ReadAll(io.LimitReader(a.Body, most+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(body)) > most:
		return nil, tooLong(most)
	}
	return body, nil
}

func tooLong(most int64) error {
	return core.Errorf(core.ResourceExhausted, "the server's answer has more than %d MiB: ask for shorter pages", most>>20)
}
