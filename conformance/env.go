package conformance

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Env is what a case works with.
type Env[S core.Store] struct {
	Store     S // the handle that all cases share
	Info      core.Info
	Limits    core.Limits
	Malformed Malformed
	Seed      uint64     // of the run
	Rand      *rand.Rand // of this case alone: it depends on Seed and the case's id; not for several goroutines

	id      string
	session *session[S]
	names   atomic.Int64
}

func newEnv[S core.Store](s *session[S], id string) *Env[S] {
	sub := fnv.New64a()
	_, _ = fmt.Fprintf(sub, "%d %s", s.options.Seed, id) // a hash takes all
	return &Env[S]{
		Store: s.store, Info: s.info, Limits: s.info.Limits, Malformed: s.harness.Malformed, Seed: s.options.Seed,
		Rand: rand.New(rand.NewPCG(s.options.Seed, sub.Sum64())), //nolint:gosec // it must repeat, it need not be secret
		id:   id, session: s,
	}
}

// Second is the handle through which changes are observed: another one on the same data, or Store itself when the harness
// has none.
func (e *Env[S]) Second() S { return e.session.second }

// HasSecond reports whether Second is another handle than Store.
func (e *Env[S]) HasSecond() bool { return !e.session.oneHandle() }

// Name makes a name that nothing else has, in this run or another one. It starts with Prefix.
func (e *Env[S]) Name(what string) string {
	return fmt.Sprintf("%s-%s-%d-%s", e.session.prefix, e.id, e.names.Add(1), what)
}

// Owns reports whether Name of this case made the name, or the start of it.
func (e *Env[S]) Owns(name string) bool {
	return strings.HasPrefix(name, e.session.prefix+"-"+e.id+"-")
}

// Prefix starts the name of everything that the run creates, and of nothing else.
func (e *Env[S]) Prefix() string { return e.session.prefix }

// Fresh opens one more handle, which may be on other data than Store, and closes it with the case.
func (e *Env[S]) Fresh(t T) S {
	t.Helper()
	store := e.session.harness.Open(t)
	if any(store) == nil {
		panic("the harness's Open returned nil")
	}
	e.closeWith(t, store)
	return store
}

// CanReopen reports whether the harness can reopen a store.
func (e *Env[S]) CanReopen() bool { return e.session.harness.Reopen != nil }

// Reopen closes a handle from Fresh and opens its data anew. Without the harness's help it skips the case.
func (e *Env[S]) Reopen(t T, old S) S {
	t.Helper()
	if !e.CanReopen() {
		t.Skip("the harness cannot reopen a store")
	}
	store := e.session.harness.Reopen(t, old)
	e.closeWith(t, store)
	return store
}

func (e *Env[S]) closeWith(t T, store S) {
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			e.session.leftover(e.id, "closing a handle: "+err.Error())
		}
	})
}

// Undo registers the deletion of what the case has just created; the last one goes first. What is gone already, in
// whatever way, needs no deletion. What cannot be deleted is listed in the report.
func (e *Env[S]) Undo(t T, what string, undo func(context.Context) error) {
	const patience = 10 * time.Second
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		err := undo(ctx)
		if err != nil && !errors.Is(err, core.ErrNotFound) && !errors.Is(err, core.ErrClosed) {
			e.session.leftover(e.id, what+": "+err.Error())
		}
	})
}

// Observe calls check with the second handle until it returns nil, for as long as the store may take to show a change;
// then it fails the case with check's error and stops it. The same it asks of Store: a cache may lie to the one who wrote.
func (e *Env[S]) Observe(t T, check func(context.Context, S) error) {
	t.Helper()
	if e.HasSecond() {
		if err := e.poll(t.Context(), e.Second(), check); err != nil {
			t.Fatalf("through a second handle: %v", err)
		}
	}
	if err := e.poll(t.Context(), e.Store, check); err != nil {
		t.Fatalf("%v", err)
	}
}

func (e *Env[S]) poll(ctx context.Context, store S, check func(context.Context, S) error) error {
	const pause = 20 * time.Millisecond
	settle := max(e.Info.Settle, e.session.harness.Settle)
	deadline := time.Now().Add(settle)
	ticks := time.NewTicker(pause)
	defer ticks.Stop()
	for {
		err := check(ctx, store)
		if err == nil || !time.Now().Before(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-ticks.C:
		}
	}
}

// CheckTime fails the case unless the store's time lies between began and now, give or take the skew of its clock.
func (e *Env[S]) CheckTime(t T, what string, got, began core.Millis) {
	t.Helper()
	skew := core.Millis(e.Info.ClockSkew.Milliseconds())
	if from, to := began-skew, core.Now()+skew; got < from || got > to {
		t.Errorf("%s: got %d, want a time from %d to %d", what, got, from, to)
	}
}
