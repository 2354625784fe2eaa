package supervise

import (
	"context"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire"
)

// instance is what one URI offers, through all lives of its process.
type instance struct {
	request any // of its opening
	opened  wire.Opened
	turn    chan struct{} // held by who opens it anew

	mu      sync.Mutex
	secrets any // the request that changed its secrets last
	closed  []string
	life    uint64 // in which it is open
	id      string // by which that life knows it
}

func newInstance(request any, opened wire.Opened, l *life) *instance {
	return &instance{request: request, opened: opened, turn: make(chan struct{}, 1), life: l.number, id: opened.Instance}
}

// what is nothing for no instance.
func (in *instance) what() wire.Opened {
	if in == nil {
		return wire.Opened{}
	}
	return in.opened
}

// in is the id by which a life knows the instance, and whether it does.
func (in *instance) in(l *life) (string, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.id, l != nil && in.life == l.number
}

// at is the id of the instance in a life, in which it is opened if it is not.
func (in *instance) at(ctx context.Context, l *life, limit time.Duration) (string, error) {
	if id, here := in.in(l); here {
		return id, nil
	}
	select {
	case in.turn <- struct{}{}:
		defer func() { <-in.turn }()
	case <-ctx.Done():
		return "", core.Interrupted(ctx)
	}
	if id, here := in.in(l); here {
		return id, nil
	}
	return in.reopen(withoutInstance(ctx), l, limit)
}

// reopen opens the instance in a life, and closes in it what the caller has closed.
func (in *instance) reopen(ctx context.Context, l *life, limit time.Duration) (string, error) {
	in.mu.Lock()
	update, closed := in.secrets, slices.Clone(in.closed)
	in.mu.Unlock()
	request, reply := wire.Reopen(in.request, update)
	if err := l.invoke(ctx, limit, wire.OpenMethod, request, reply, nil); err != nil {
		return "", err
	}
	id := wire.OpenedBy(reply).Instance
	for _, kind := range closed {
		request, reply := wire.CloseKind(kind)
		if err := l.invoke(withInstance(ctx, id), limit, wire.CloseMethod, request, reply, nil); err != nil {
			return "", err
		}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.life, in.id = l.number, id
	return id, nil
}

// forget notes that a life does not know the instance after all.
func (in *instance) forget(l *life) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.life == l.number {
		in.life = 0
	}
}

func (in *instance) update(request any) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.secrets = request
}

// close notes that the caller has closed a kind, or all with an empty one, and reports whether that was the last.
func (in *instance) close(kind string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	open := len(in.opened.Kinds) - len(in.closed)
	if kind == "" {
		in.closed = in.opened.Kinds
	} else if slices.Contains(in.opened.Kinds, kind) && !slices.Contains(in.closed, kind) {
		in.closed = append(in.closed, kind)
	}
	return open > 0 && len(in.opened.Kinds) == len(in.closed)
}

func instanceOf(ctx context.Context) string {
	md, _ := metadata.FromOutgoingContext(ctx)
	if ids := md.Get(wire.InstanceKey); len(ids) > 0 {
		return ids[len(ids)-1]
	}
	return ""
}

func withInstance(ctx context.Context, id string) context.Context {
	md, _ := metadata.FromOutgoingContext(ctx)
	md = md.Copy()
	md.Set(wire.InstanceKey, id)
	return metadata.NewOutgoingContext(ctx, md)
}

func withoutInstance(ctx context.Context) context.Context {
	md, _ := metadata.FromOutgoingContext(ctx)
	md = md.Copy()
	md.Delete(wire.InstanceKey)
	return metadata.NewOutgoingContext(ctx, md)
}
