package supervise_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/supervise"
)

// A store that has got new secrets is opened with them after a crash, and the old ones are forgotten.
func TestNewSecretsSurviveACrash(t *testing.T) {
	t.Parallel()
	h := newHost(t, "keeper")
	q := request(t, "a")
	q.Secrets = map[string]core.Secret{"token": core.NewSecret("first-token")}
	b, err := h.Open(t.Context(), q)
	check(t, err)
	defer b.Close()
	updater, ok := core.As[core.SecretUpdater](b.Tracking)
	if !ok {
		t.Fatal("the store takes no new secrets")
	}
	check(t, updater.UpdateSecrets(t.Context(), map[string]core.Secret{"token": core.NewSecret("second-token")}))
	h.kill(t)
	works(t, b.Tracking)
	_, err = h.Open(t.Context(), q)
	if !errors.Is(err, core.ErrUnauthenticated) || strings.Contains(err.Error(), "first-token") {
		t.Errorf("opening with the old secret: %v, want ErrUnauthenticated without it", err)
	}
}

// What the caller has closed of an instance stays closed when it is opened anew.
func TestClosedKindsStayClosed(t *testing.T) {
	t.Parallel()
	h := newHost(t, "everything")
	uri, err := core.ParseURI("mem://a")
	check(t, err)
	b, err := h.Open(t.Context(), core.OpenRequest{URI: uri})
	check(t, err)
	check(t, b.Registry.Close())
	check(t, b.Projects.Close())
	h.kill(t)
	works(t, b.Tracking)
	_, err = b.Registry.SearchModels(t.Context(), core.ModelQuery{})
	if !errors.Is(err, core.ErrClosed) {
		t.Errorf("a registry that was closed: %v, want ErrClosed", err)
	}
	check(t, b.Artifacts.Close())
	if st := h.status(); st.Open != 1 {
		t.Errorf("%d instances, want 1", st.Open)
	}
	check(t, b.Tracking.Close())
	if st := h.status(); st.Open != 0 {
		t.Errorf("%d instances, want none", st.Open)
	}
}

func repository(t *testing.T, h host) core.ArtifactRepository {
	t.Helper()
	uri, err := core.ParseURI("mem://a")
	check(t, err)
	b, err := h.Open(t.Context(), core.OpenRequest{URI: uri})
	check(t, err)
	t.Cleanup(func() { _ = b.Close() })
	return b.Artifacts
}

func TestAStreamThatStandsStillEnds(t *testing.T) {
	t.Parallel()
	h := newHost(t, "stuck", func(o *supervise.Options, _ *supervise.Program) { o.Timing.Stall = 300 * time.Millisecond })
	r := repository(t, h)
	within(t, 5*time.Second, func() {
		f, err := r.Open(t.Context(), "stuck", core.ReadOptions{})
		if err == nil {
			_, err = io.Copy(io.Discard, f)
			check(t, f.Close())
		}
		wantError(t, err, supervise.ReasonFrozen, "plugin test", "300ms")
	})
	if _, err := r.Stat(t.Context(), "absent"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("after that: %v, want ErrNotFound", err)
	}
}

func TestStreamsEndWithTheirProcess(t *testing.T) {
	t.Parallel()
	h := newHost(t, "stuck")
	r := repository(t, h)
	pipe, w := io.Pipe()
	put := make(chan error, 1)
	go func() {
		_, err := r.Put(t.Context(), "half", pipe, core.PutOptions{})
		_ = pipe.CloseWithError(errors.New("Put has returned")) // never fails
		put <- err
	}()
	_, err := w.Write(make([]byte, 3<<20))
	check(t, err)
	h.kill(t)
	_, _ = w.Write(make([]byte, 3<<20)) // Put tells
	_ = w.Close()                       // never fails
	err = <-put
	wantError(t, err, supervise.ReasonCrashed, "plugin test", "killed")
	if _, err := r.Stat(t.Context(), "half"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("half of a file: %v, want ErrNotFound", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f, err := r.Open(ctx, "stuck", core.ReadOptions{})
	check(t, err)
	cancel()
	if _, err := io.Copy(io.Discard, f); !errors.Is(err, context.Canceled) {
		t.Errorf("a download that was cancelled: %v", err)
	}
	check(t, f.Close())
}
