package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/sdk/wire"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/pluginv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

// odd is a tracking store whose Run does what the test wants.
type odd struct {
	core.TrackingStore
	run    func(context.Context, core.RunID) (core.Run, error)
	search func(core.RunQuery) (core.Page[core.Run], error)
}

func (o odd) Run(ctx context.Context, id core.RunID) (core.Run, error) { return o.run(ctx, id) }

func (o odd) SearchRuns(_ context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	return o.search(q)
}

// Ability hides what the store within has.
func (odd) Ability(any) bool { return false }

func opens(s core.TrackingStore) core.Opener {
	return core.OpenerFunc(func(context.Context, core.OpenRequest) (core.Backend, error) { return core.Backend{Tracking: s}, nil })
}

// lockedBuffer is a log that a test reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestPanicEndsOneCall(t *testing.T) {
	t.Parallel()
	log := &lockedBuffer{}
	store := odd{TrackingStore: mem.NewTracking(), run: func(context.Context, core.RunID) (core.Run, error) { panic("with hunter2 in it") }}
	server := wire.NewServer(core.Manifest{}, opens(store), wire.ServerOptions{Logger: slog.New(slog.NewTextHandler(log, nil))})
	b, err := wire.NewClient(dial(t, server)).Open(t.Context(), core.OpenRequest{
		URI: uri(t, "xx://"), Secrets: map[string]core.Secret{"password": core.NewSecret("hunter2")},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Tracking.Run(t.Context(), "r")
	if !errors.Is(err, core.ErrInternal) || !strings.Contains(err.Error(), "panicked: with *** in it") || core.ReasonOf(err) != core.ReasonInternalError {
		t.Errorf("got %v", err)
	}
	if _, err := b.Tracking.SearchExperiments(t.Context(), core.ExperimentQuery{}); err != nil {
		t.Errorf("the next call: %v", err)
	}
	if text := log.String(); !strings.Contains(text, "server_test.go") || strings.Contains(text, "hunter2") {
		t.Errorf("the log has no stack, or a secret: %s", text)
	}
}

func uri(t *testing.T, text string) core.URI {
	t.Helper()
	parsed, err := core.ParseURI(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestErrorsOfOpenHideSecrets(t *testing.T) {
	t.Parallel()
	client := serve(t, core.Manifest{}, core.OpenerFunc(func(_ context.Context, r core.OpenRequest) (core.Backend, error) {
		return core.Backend{}, fmt.Errorf("cannot open %s as p@ss with %s", r.URI.Raw(), r.Secrets["key"].Reveal())
	}))
	_, err := client.Open(t.Context(), core.OpenRequest{
		URI: uri(t, "xx://user:p%40ss@host"), Secrets: map[string]core.Secret{"key": core.NewSecret("topsecret")},
	})
	if err == nil || strings.Contains(err.Error(), "ss") || strings.Contains(err.Error(), "topsecret") || !strings.Contains(err.Error(), "host") {
		t.Errorf("got %v", err)
	}
}

func TestInstances(t *testing.T) {
	t.Parallel()
	conn := dial(t, wire.NewServer(core.Manifest{}, mem.NewOpener(), wire.ServerOptions{}))
	client := wire.NewClient(conn)
	a, b := open(t, client, "mem://a"), open(t, client, "mem://b")
	made, err := a.Tracking.CreateExperiment(t.Context(), core.ExperimentSpec{Name: "of a"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Tracking.Experiment(t.Context(), core.ExperimentRef{Name: "of a"}); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("the other instance sees it: %v", err)
	}
	if err := errors.Join(a.Tracking.Close(), a.Tracking.Close()); err != nil {
		t.Error(err)
	}
	if _, err := a.Tracking.Experiment(t.Context(), core.ExperimentRef{ID: made.ID}); !errors.Is(err, core.ErrClosed) {
		t.Errorf("a closed store: %v", err)
	}
	if _, err := a.Tracking.Describe(t.Context()); !errors.Is(err, core.ErrClosed) {
		t.Errorf("a closed store: %v", err)
	}
	if _, err := a.Registry.SearchModels(t.Context(), core.ModelQuery{}); err != nil {
		t.Errorf("the other stores of the instance: %v", err)
	}
	if err := errors.Join(a.Close(), b.Close()); err != nil {
		t.Error(err)
	}
	stores := trackingv1.NewTrackingServiceClient(conn)
	for name, test := range map[string]struct {
		ids  []string
		code codes.Code
	}{
		"none": {nil, codes.InvalidArgument}, "unknown": {[]string{"x-1"}, codes.FailedPrecondition}, "two": {[]string{"a", "b"}, codes.InvalidArgument},
	} {
		ctx := metadata.NewOutgoingContext(t.Context(), metadata.MD{wire.InstanceKey: test.ids})
		_, err := stores.GetRun(ctx, &trackingv1.GetRunRequest{RunId: "r"})
		reason, answered := wire.Answered(err)
		if status.Code(err) != test.code || !answered || (reason == wire.ReasonInstanceUnknown) != (name == "unknown") {
			t.Errorf("%s: got %v (%s)", name, err, reason)
		}
	}
}

func TestUndeclaredAbilitiesAreNotFound(t *testing.T) {
	t.Parallel()
	conn := dial(t, wire.NewServer(core.Manifest{}, opens(odd{TrackingStore: mem.NewTracking()}), wire.ServerOptions{}))
	store := open(t, wire.NewClient(conn), "xx://").Tracking
	if got := core.CapabilitiesOf(store); len(got) != 0 {
		t.Errorf("found %v", got)
	}
	opened, err := pluginv1.NewLifecycleServiceClient(conn).Open(t.Context(), &pluginv1.OpenRequest{Uri: "xx://"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), wire.InstanceKey, opened.GetInstanceId())
	_, err = trackingv1.NewPurgerServiceClient(conn).PurgeRun(ctx, &trackingv1.PurgeRunRequest{RunId: "r"})
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v, want UNIMPLEMENTED", err)
	}
}

func TestDrain(t *testing.T) {
	t.Parallel()
	running, finish := make(chan struct{}), make(chan struct{})
	store := odd{TrackingStore: mem.NewTracking(), run: func(_ context.Context, id core.RunID) (core.Run, error) {
		close(running)
		<-finish
		return core.Run{RunInfo: core.RunInfo{ID: id}}, nil
	}}
	client := serve(t, core.Manifest{}, opens(store))
	b := open(t, client, "xx://")
	result := make(chan error, 1)
	go func() {
		_, err := b.Tracking.Run(t.Context(), "r")
		result <- err
	}()
	<-running
	soon, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := client.Drain(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a drain while a call runs: %v", err)
	}
	if _, err := b.Tracking.SearchExperiments(t.Context(), core.ExperimentQuery{}); !errors.Is(err, core.ErrUnavailable) {
		t.Errorf("a call after the drain began: %v", err)
	}
	close(finish)
	if err := client.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-result; err != nil {
		t.Errorf("the call that ran: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func TestContextsPropagate(t *testing.T) {
	t.Parallel()
	deadlines, ended := make(chan time.Time, 1), make(chan error, 2)
	store := odd{TrackingStore: mem.NewTracking(), run: func(ctx context.Context, _ core.RunID) (core.Run, error) {
		deadline, _ := ctx.Deadline()
		deadlines <- deadline
		<-ctx.Done()
		ended <- ctx.Err()
		return core.Run{}, ctx.Err()
	}}
	b := open(t, serve(t, core.Manifest{}, opens(store)), "xx://")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	want, _ := ctx.Deadline()
	if _, err := b.Tracking.Run(ctx, "r"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
	if got := <-deadlines; got.Sub(want).Abs() > time.Second {
		t.Errorf("the plugin has the deadline %v, want %v", got, want)
	}
	<-ended
	ctx, cancel = context.WithCancel(t.Context())
	go func() {
		<-deadlines
		cancel()
	}()
	if _, err := b.Tracking.Run(ctx, "r"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a cancellation", err)
	}
	<-ended
}

func TestBigMessages(t *testing.T) {
	t.Parallel()
	t.Run("request", func(t *testing.T) {
		t.Parallel()
		r := &recorder{}
		b := open(t, serve(t, core.Manifest{}, r.opener()), "xx://")
		batch := core.Batch{Tags: []core.Tag{{Key: "k", Value: strings.Repeat("x", 10<<20)}}}
		if err := b.Tracking.LogBatch(t.Context(), "r", batch); err != nil {
			t.Fatal(err)
		}
		if asked, _ := r.last(); !cmp.Equal([]any{core.RunID("r"), batch}, asked) {
			t.Error("the batch came changed")
		}
	})
	t.Run("pages of fat runs", func(t *testing.T) {
		t.Parallel()
		const runs = 40
		fat := strings.Repeat("x", 1<<20)
		pages := 0
		store := odd{TrackingStore: mem.NewTracking(), search: func(q core.RunQuery) (core.Page[core.Run], error) {
			pages++
			var page core.Page[core.Run]
			from := len(q.Token)
			for i := from; i < runs && (q.Limit == 0 || len(page.Items) < q.Limit); i++ {
				page.Items = append(page.Items, core.Run{
					RunInfo: core.RunInfo{ID: core.RunID(fmt.Sprint("r", i)), ExperimentID: "0"},
					RunData: core.RunData{Params: map[string]string{"fat": fat}},
				})
			}
			if end := from + len(page.Items); end < runs {
				page.Next = strings.Repeat("t", end)
			}
			return page, nil
		}}
		b := open(t, serve(t, core.Manifest{}, opens(store)), "xx://")
		n := 0
		query := core.RunQuery{Experiments: []core.ExperimentID{"0"}}
		for run, err := range core.All(t.Context(), func(ctx context.Context, o core.PageOptions) (core.Page[core.Run], error) {
			query.PageOptions = o
			return b.Tracking.SearchRuns(ctx, query)
		}, core.PageOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			if want := core.RunID(fmt.Sprint("r", n)); run.ID != want || len(run.Params["fat"]) != len(fat) {
				t.Errorf("run %d is %s", n, run.ID)
			}
			n++
		}
		if n != runs || pages < 4 {
			t.Errorf("%d runs in %d pages", n, pages)
		}
	})
	t.Run("a reply that cannot be split", func(t *testing.T) {
		t.Parallel()
		store := odd{TrackingStore: mem.NewTracking(), run: func(_ context.Context, id core.RunID) (core.Run, error) {
			return core.Run{RunInfo: core.RunInfo{ID: id, Name: strings.Repeat("x", 17<<20)}}, nil
		}}
		b := open(t, serve(t, core.Manifest{}, opens(store)), "xx://")
		if _, err := b.Tracking.Run(t.Context(), "r"); !errors.Is(err, core.ErrInternal) || !strings.Contains(err.Error(), "does not fit") {
			t.Errorf("got %v", err)
		}
	})
}

// TestTextThatIsNotUTF8 never leaves the caller.
func TestTextThatIsNotUTF8(t *testing.T) {
	t.Parallel()
	const bad = "bad\xff"
	r := &recorder{}
	b := open(t, serve(t, core.Manifest{}, r.opener()), "xx://")
	before, _ := r.last()
	for field, call := range map[string]func(context.Context) error{
		"run_id": func(ctx context.Context) error { _, err := b.Tracking.Run(ctx, bad); return err },
		"tags[1].value": func(ctx context.Context) error {
			return b.Tracking.LogBatch(ctx, "r", core.Batch{Tags: []core.Tag{{Key: "k"}, {Key: "k", Value: bad}}})
		},
		"change.set": func(ctx context.Context) error {
			return b.Tracking.ChangeRunTags(ctx, "r", core.TagChange{Set: map[string]string{"k": bad}})
		},
		"metrics.keys[0]": func(ctx context.Context) error {
			return b.Tracking.LogBatch(ctx, "r", core.Batch{Metrics: []core.Metric{{Key: bad}}})
		},
		"path": func(ctx context.Context) error {
			_, err := b.Artifacts.Put(ctx, bad, strings.NewReader("x"), core.PutOptions{})
			return err
		},
		"dir": func(ctx context.Context) error { _, err := b.Artifacts.List(ctx, bad, core.ListOptions{}); return err },
	} {
		err := call(t.Context())
		e, _ := errors.AsType[*core.Error](err)
		if !errors.Is(err, core.ErrInvalid) || e.Key != field {
			t.Errorf("%s: got %v about %q", field, err, e.Key)
		}
	}
	if _, err := b.Artifacts.Open(t.Context(), bad, core.ReadOptions{}); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("download: %v", err)
	}
	if after, _ := r.last(); !cmp.Equal(before, after, exact()) {
		t.Errorf("the store was asked %v", after)
	}
}

func TestValidateConfig(t *testing.T) {
	t.Parallel()
	manifest := core.Manifest{Name: "x", Schemes: []core.ManifestScheme{{Scheme: "xx", Options: []core.ManifestOption{
		{Name: "region", Required: true}, {Name: "key", Secret: true},
	}}}}
	secret := map[string]core.Secret{"key": core.NewSecret("k")}
	client := serve(t, manifest, mem.NewOpener())
	for name, test := range map[string]struct {
		request core.OpenRequest
		fields  []string
	}{
		"good":           {core.OpenRequest{URI: uri(t, "xx://"), Options: map[string]string{"region": "r"}, Secrets: secret}, nil},
		"missing":        {core.OpenRequest{URI: uri(t, "xx://"), Secrets: secret}, []string{"options.region"}},
		"unknown":        {core.OpenRequest{URI: uri(t, "xx://"), Options: map[string]string{"region": "r", "z": ""}}, []string{"options.z"}},
		"secret in open": {core.OpenRequest{URI: uri(t, "xx://"), Options: map[string]string{"region": "r", "key": "k"}}, []string{"options.key"}},
		"scheme":         {core.OpenRequest{URI: uri(t, "yy://")}, []string{"uri"}},
	} {
		faults, err := client.ValidateConfig(t.Context(), test.request)
		var fields []string
		for _, f := range faults {
			fields = append(fields, f.Field)
		}
		if diff := cmp.Diff(test.fields, fields); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}
