package http

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
)

// Open reads a file or a part of it as a stream. A server that knows no ranges sends the whole file, of which the part is
// taken.
func (a *Artifacts) Open(ctx context.Context, at string, o core.ReadOptions) (io.ReadCloser, error) {
	r, err := a.open(ctx, at, o)
	if err != nil {
		return nil, core.Do("open artifact", at, err)
	}
	return r, nil
}

func (a *Artifacts) open(ctx context.Context, at string, o core.ReadOptions) (io.ReadCloser, error) {
	inner, done, err := a.begin(ctx)
	if err != nil {
		return nil, err
	}
	r := &reader{of: a, outer: ctx, done: done, left: -1}
	if o.Length != nil {
		r.left = *o.Length
	}
	if err := a.start(inner, at, o, r); err != nil {
		done()
		return nil, err
	}
	return r, nil
}

// start asks for the file and puts the reader at its first byte.
func (a *Artifacts) start(ctx context.Context, at string, o core.ReadOptions, r *reader) error {
	if err := cmp.Or(a.check(ctx, at), a.sendable(ctx, at)); err != nil {
		return err
	}
	if err := core.CheckRead(o); err != nil {
		return err
	}
	answer, err := a.get(ctx, at, o)
	if errors.Is(err, core.ErrRange) {
		return a.pastEnd(ctx, at, o, r)
	}
	if err != nil {
		return err
	}
	r.answer = answer
	if answer.Status == http.StatusPartialContent {
		return nil
	}
	skipped, err := io.CopyN(io.Discard, answer.Body, o.Offset)
	if err != nil {
		_ = answer.Close() // the error that counts is the other one
		if errors.Is(err, io.EOF) {
			return outOfRange(at, o.Offset, skipped)
		}
		return err
	}
	return nil
}

// peek is how much of a file is read at once, in bytes. MLflow's server looks at a file and opens it after that: when it was
// replaced meanwhile by one of another length, the answer breaks off. It is asked for again while the caller has seen nothing.
const peek = 64 << 10

// get asks for a file, and looks into what is wrong when the server says that it failed.
func (a *Artifacts) get(ctx context.Context, at string, o core.ReadOptions) (*restclient.Answer, error) {
	r := restclient.Request{Method: http.MethodGet, Path: a.url(at), Direct: true, Peek: peek}
	if o.Offset > 0 || o.Length != nil && *o.Length > 0 {
		span := fmt.Sprintf("bytes=%d-", o.Offset)
		if o.Length != nil && *o.Length > 0 && *o.Length <= math.MaxInt64-o.Offset {
			span += strconv.FormatInt(o.Offset+*o.Length-1, 10)
		}
		r.Header = map[string]string{"Range": span}
	}
	p, err := a.profile(ctx)
	if err != nil {
		return nil, err
	}
	if a.direct.reads(p.passes) {
		if answer, err := a.fetch(ctx, at, r.Header); err == nil || p.passes.only || ctx.Err() != nil {
			return answer, err
		}
	}
	answer, err := a.client.Send(ctx, r)
	if err == nil || unreachable(err) && outcomeOf(err) == core.NoEffect && core.CodeOf(err) != core.Unavailable {
		return answer, err
	}
	if e, ok := errors.AsType[*core.Error](err); ok && e.Code == core.OutOfRange {
		return nil, err
	}
	found, bad := a.stat(ctx, at)
	switch {
	case bad != nil && !errors.Is(bad, core.ErrNotFound):
		return nil, err
	case bad != nil:
		return nil, bad
	case found.Dir:
		return nil, core.Invalid(at, "%q is a directory, which cannot be read", at)
	}
	r.Direct = false
	return a.client.Send(ctx, r)
}

// pastEnd serves a part that starts at the end, where there is nothing, or refuses one past it.
func (a *Artifacts) pastEnd(ctx context.Context, at string, o core.ReadOptions, r *reader) error {
	found, err := a.stat(ctx, at)
	if err != nil {
		return err
	}
	if o.Offset > found.Size {
		return outOfRange(at, o.Offset, found.Size)
	}
	r.left = 0
	return nil
}

func outOfRange(at string, offset, size int64) error {
	return &core.Error{Code: core.OutOfRange, Key: at, Err: fmt.Errorf("offset %d is past the end at %d", offset, size)}
}

// reader reads an answer, or as much of it as is wanted.
type reader struct {
	of     *Artifacts
	outer  context.Context //nolint:containedctx // of the caller, which ends the reading
	done   func()
	answer *restclient.Answer // nil where there is nothing to read
	left   int64              // bytes to read; below 0 is to the end
	closed bool
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.of.alive(r.outer); err != nil {
		return 0, err
	}
	switch {
	case r.closed:
		return 0, core.Errorf(core.FailedPrecondition, "the reader is closed")
	case r.left == 0 || r.answer == nil:
		return 0, io.EOF
	case r.left > 0 && int64(len(p)) > r.left:
		p = p[:r.left]
	}
	n, err := r.answer.Body.Read(p)
	if r.left > 0 {
		r.left -= int64(n)
	}
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	if ended := r.of.alive(r.outer); ended != nil {
		err = ended
	}
	return n, err
}

func (r *reader) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	var err error
	if r.answer != nil {
		err = r.answer.Close()
	}
	r.done()
	return err
}
