package supervise_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/supervise"
)

// endless yields bytes for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// streams are the two ways in which bytes go through a plugin, each until it fails. between is called when some have gone.
func streams(t *testing.T, r core.ArtifactRepository) map[string]func(ctx context.Context, between func()) error {
	t.Helper()
	_, err := r.Put(t.Context(), "f", io.LimitReader(endless{}, 32<<20), core.PutOptions{}) // more than any window
	check(t, err)
	return map[string]func(context.Context, func()) error{
		"down": func(ctx context.Context, between func()) error {
			f, err := r.Open(ctx, "f", core.ReadOptions{})
			if err != nil {
				return err
			}
			defer f.Close()
			if _, err := io.ReadFull(f, make([]byte, 1<<20)); err != nil {
				return err
			}
			between()
			_, err = io.Copy(io.Discard, f)
			return err
		},
		"up": func(ctx context.Context, between func()) error {
			pipe, w := io.Pipe()
			go func() {
				_, _ = io.CopyN(w, endless{}, 3<<20) // Put tells of errors
				between()
				_, _ = io.Copy(w, endless{}) // likewise
			}()
			_, err := r.Put(ctx, "g", pipe, core.PutOptions{})
			_ = pipe.CloseWithError(errors.New("Put has returned")) // never fails
			return err
		},
	}
}

func TestAFrozenStreamIsEnded(t *testing.T) {
	t.Parallel()
	h := newHost(t, "stuck", func(o *supervise.Options, _ *supervise.Program) {
		o.Timing.Watch, o.Timing.Probe = 50*time.Millisecond, 300*time.Millisecond
		o.Timing.Crashes = -1
	})
	for _, name := range []string{"down", "up"} {
		flow := streams(t, repository(t, h))[name]
		within(t, 8*time.Second, func() {
			err := flow(t.Context(), func() { watch(t, h.pid(t)).freeze(t) })
			wantError(t, err, supervise.ReasonFrozen, "plugin test", "health")
		})
	}
}

func TestAFrozenStreamMeetsTheCallersDeadline(t *testing.T) {
	t.Parallel()
	h := newHost(t, "stuck", func(o *supervise.Options, _ *supervise.Program) { o.Timing.Crashes = -1 })
	for _, name := range []string{"down", "up"} {
		flow := streams(t, repository(t, h))[name]
		const given, more = 300 * time.Millisecond, 1500 * time.Millisecond // less than what the watch needs
		ctx, cancel := context.WithTimeout(t.Context(), given)
		within(t, given+more, func() {
			if err := flow(ctx, func() { watch(t, h.pid(t)).freeze(t) }); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: got %v, want DeadlineExceeded", name, err)
			}
		})
		cancel()
		h.kill(t)
	}
}
