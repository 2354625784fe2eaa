package http

import (
	"context"
	"errors"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
)

// handle is what all stores of a server have: the way to it, and an end.
type handle struct {
	*remote
	kind     string
	readOnly bool

	life context.Context //nolint:containedctx // of the store: Close ends it, and with it the calls that run
	end  context.CancelFunc
}

func newHandle(r *remote, kind string, readOnly bool) handle {
	h := handle{remote: r, kind: kind, readOnly: readOnly}
	h.life, h.end = context.WithCancel(context.Background()) //nolint:forbidigo // no caller's context lasts as long as the store
	return h
}

// Close ends the calls that run.
func (h *handle) Close() error {
	h.end()
	h.client.Close()
	return nil
}

// begin is the first thing that a call does. The context that it returns ends with the caller's and with the store; done must
// be called when the call is over.
func (h *handle) begin(ctx context.Context) (_ context.Context, done func(), _ error) {
	if err := h.alive(ctx); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(h.life, cancel)
	return ctx, func() { stop(); cancel() }, nil
}

func (h *handle) alive(ctx context.Context) error {
	if err := core.Interrupted(ctx); err != nil {
		return err
	}
	if h.life.Err() != nil {
		return core.Closed(h.kind)
	}
	return nil
}

// read performs a call that changes nothing.
func (h *handle) read(ctx context.Context, op, key string, do func(context.Context) error) error {
	return core.Do(op, key, h.during(ctx, do))
}

// write performs a call that changes something.
func (h *handle) write(ctx context.Context, op, key string, do func(context.Context) error) error {
	return core.Do(op, key, h.during(ctx, func(ctx context.Context) error {
		if h.readOnly {
			return core.Errorf(core.PermissionDenied, "the store was opened for reading only")
		}
		return do(ctx)
	}))
}

func (h *handle) during(ctx context.Context, do func(context.Context) error) error {
	inner, done, err := h.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	err = withoutSQL(do(inner))
	if err == nil || h.life.Err() == nil || ctx.Err() != nil || core.CodeOf(err) != core.Canceled {
		return err
	}
	closed := core.Closed(h.kind)
	if e, ok := errors.AsType[*core.Error](closed); ok {
		e.Outcome = outcomeOf(err)
	}
	return closed
}

// byDatabase reports a refusal of MLflow's database, whose text MLflow passes on.
func byDatabase(err error) bool {
	e, ok := errors.AsType[*core.Error](err)
	return ok && e.Err != nil && strings.Contains(e.Err.Error(), "[SQL: ")
}

// withoutSQL cuts the statement and its arguments out of the text of an error, which MLflow passes on from its database.
func withoutSQL(err error) error {
	e, ok := errors.AsType[*core.Error](err)
	if !ok || !byDatabase(err) {
		return err
	}
	text := e.Err.Error()
	for _, mark := range []string{"[SQL: ", "(raised as a result of", " Error: ("} {
		text, _, _ = strings.Cut(text, mark)
	}
	plain := *e
	plain.Err = errors.New(strings.TrimSpace(text) + " (the server's database refuses)")
	return &plain
}

func outcomeOf(err error) core.Outcome {
	if e, ok := errors.AsType[*core.Error](err); ok {
		return e.Outcome
	}
	return core.NoEffect
}

// reasonIs reports a refusal of the server for this reason.
func refusedAs(err error, reasons ...core.Reason) bool {
	e, ok := errors.AsType[*core.Error](err)
	if !ok {
		return false
	}
	for _, r := range reasons {
		if e.Reason == r {
			return true
		}
	}
	return false
}

// badRequest reports a refusal that may have any cause: some servers call everything that a caller did wrong so.
func badRequest(err error) bool {
	return refusedAs(err, core.ReasonInvalidParameterValue, core.ReasonBadRequest, core.ReasonInvalidState,
		core.ReasonInternalError)
}

// call makes a call of the API.
func (r *remote) call(ctx context.Context, c restclient.Call) error {
	p := r.known.Load()
	if p == nil || p.ours {
		c.Honest = p != nil
		return r.client.Call(ctx, c)
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return core.Interrupted(ctx)
	}
	return r.client.Call(ctx, c)
}
