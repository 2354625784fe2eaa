package supervise

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire"
)

// conn is a connection to a plugin that outlives its processes. A call begins a process if there is none, and opens the
// instance that it is for anew if that was opened in an earlier life. A call that a crash ended is made once more when it
// may be repeated.
type conn struct {
	process *process

	mu        sync.Mutex
	instances map[string]*instance // by the id that the caller knows: that of the first opening
}

var (
	_ grpc.ClientConnInterface = (*conn)(nil)
	_ wire.Blamer              = (*conn)(nil)
)

// Invoke makes a call.
func (c *conn) Invoke(ctx context.Context, method string, request, reply any, o ...grpc.CallOption) error {
	in := c.instance(ctx)
	if method == wire.CloseMethod {
		return c.close(ctx, in, request, reply, o)
	}
	nature := wire.NatureOf(method, request, in.what())
	for first := true; ; first = false {
		l, bound, err := c.bind(ctx, in)
		if err != nil {
			return err
		}
		err = l.invoke(bound, c.limit(nature), method, request, reply, o)
		l.let()
		if reason, answered := wire.Answered(err); answered && reason == wire.ReasonInstanceUnknown && first && in != nil {
			in.forget(l)
			continue
		}
		err, again := c.explain(ctx, l, err, nature)
		if again && first {
			continue
		}
		if err == nil {
			c.note(ctx, l, method, request, reply)
		}
		return err
	}
}

// NewStream begins a stream. A stream that breaks is not begun again.
func (c *conn) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, o ...grpc.CallOption,
) (grpc.ClientStream, error) {
	in := c.instance(ctx)
	nature := wire.NatureOf(method, nil, in.what())
	for first := true; ; first = false {
		l, bound, err := c.bind(ctx, in)
		if err != nil {
			return nil, err
		}
		end := l.begin()
		l.let()
		s, err := newStream(bound, l, desc, method, o)
		if err == nil {
			context.AfterFunc(s.Context(), end) //nolint:contextcheck // the stream has its own
			s.stall = c.process.timing.Stall
			s.explain = func(err error) error {
				err, _ = c.explain(ctx, l, err, nature)
				return err
			}
			return s, nil
		}
		end()
		err, again := c.explain(ctx, l, err, nature)
		if again && first {
			continue
		}
		return nil, err
	}
}

// limit is how long a call may last.
func (c *conn) limit(n wire.Nature) time.Duration {
	switch {
	case n.Moves:
		return 0
	case n.Reads:
		return c.process.timing.Read
	}
	return c.process.timing.Write
}

// bind returns the life to speak with, which the caller lets go, and the context under which it knows the instance.
func (c *conn) bind(ctx context.Context, in *instance) (*life, context.Context, error) {
	for first := true; ; first = false {
		l, err := c.process.running(ctx)
		if err != nil || in == nil {
			return l, ctx, err
		}
		id, err := in.at(ctx, l, c.process.timing.Write)
		if err == nil {
			return l, withInstance(ctx, id), nil
		}
		l.let()
		err, again := c.explain(ctx, l, err, wire.Nature{Reads: true, Repeatable: true})
		if !again || !first {
			return nil, nil, err
		}
	}
}

// note keeps what must be known when the process begins another life.
func (c *conn) note(ctx context.Context, l *life, method string, request, reply any) {
	switch method {
	case wire.OpenMethod:
		opened := wire.OpenedBy(reply)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.instances == nil {
			c.instances = map[string]*instance{}
		}
		if _, known := c.instances[opened.Instance]; known || opened.Instance == "" {
			return // a plugin that gives an id twice will hear of it where it is used
		}
		c.instances[opened.Instance] = newInstance(request, opened, l)
		c.process.opened()
	case wire.UpdateSecretsMethod:
		if in := c.instance(ctx); in != nil {
			in.update(request)
		}
		if given, ok := request.(interface{ GetSecrets() map[string]string }); ok {
			c.process.journal.hide(slices.Collect(maps.Values(given.GetSecrets())))
		}
	}
}

// close closes one store of an instance, or all. For that no process is begun: with the process its instances are gone.
func (c *conn) close(ctx context.Context, in *instance, request, reply any, o []grpc.CallOption) error {
	if in == nil {
		return nil
	}
	last := in.close(wire.Closing(request))
	if last {
		c.forget(ctx)
		defer c.process.shut()
	}
	l := c.process.current()
	id, here := in.in(l)
	if !here {
		return nil
	}
	err := l.invoke(withInstance(ctx, id), c.process.timing.Close, wire.CloseMethod, request, reply, o)
	if reason, answered := wire.Answered(err); err == nil || !answered || reason == wire.ReasonInstanceUnknown {
		return nil // what cannot be reached is closed
	}
	return err
}

func (c *conn) instance(ctx context.Context) *instance {
	id := instanceOf(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.instances[id]
}

func (c *conn) forget(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.instances, instanceOf(ctx))
}

// explain turns the error of a call that the plugin did not answer into one that says what became of the plugin, and
// reports whether the call may be made again. Other errors stay as they are.
func (c *conn) explain(ctx context.Context, l *life, err error, n wire.Nature) (_ error, again bool) {
	if _, answered := wire.Answered(err); err == nil || answered || ctx.Err() != nil {
		return err, false
	}
	if _, ours := asFault(err); ours {
		return err, false
	}
	outcome := core.OutcomeUnknown
	if n.Reads {
		outcome = core.NoEffect
	}
	f := &fault{plugin: c.process.program.name(), reason: ReasonTransport, lines: c.process.journal.last()}
	code := status.Code(err)
	switch late, isLate := errors.AsType[*overdue](err); {
	case isLate:
		f.reason, f.cause = ReasonFrozen, late.Error()
		return f.as(outcome), false
	case c.process.isClosed():
		return core.Closed("plugin " + c.process.program.name()), false
	}
	if ended := l.cause(code == codes.Unavailable); ended != nil {
		return ended.as(outcome), n.Repeatable
	}
	if !slices.Contains([]codes.Code{codes.Unavailable, codes.Unknown, codes.Internal, codes.ResourceExhausted}, code) {
		return err, false
	}
	f.cause, f.lasts = "a message did not come through: "+status.Convert(err).Message(), code != codes.Unavailable
	return f.as(outcome), false
}

// Blame names the plugin, and what it printed last, on the error of a wrong answer.
func (c *conn) Blame(wrong *core.Error) error {
	name, named := c.process.program.name(), *wrong
	named.Reason, named.Key = ReasonWrong, cmp.Or(wrong.Key, name)
	named.Err = &fault{plugin: name, reason: ReasonWrong, cause: wrong.Err.Error(), lines: c.process.journal.last()}
	return &named
}
