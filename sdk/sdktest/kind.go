package sdktest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/conformance/boundary"
	"github.com/mlstore/mlstore/conformance/project"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/conformance/report"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// kind is one of the four kinds of store, as manifests name them, with what holds a plugin's stores of it to their suite.
type kind struct {
	name string
	run  func(*testing.T, []way, Options)
}

func kinds() []kind {
	return []kind{
		{"tracking", runKind(tracking.Suite(), boundary.Tracking, takeTracking)},
		{"artifacts", runKind(artifact.Suite(), boundary.Artifacts, takeArtifacts)},
		{"registry", runKind(registrystore.Suite(), boundary.Registry, takeRegistry)},
		{"projects", runKind(project.Suite(), boundary.Projects, takeProjects)},
	}
}

func takeTracking(ctx context.Context, b core.Backend) (core.TrackingStore, error) {
	if b.Tracking == nil {
		return nil, errors.New("the URI offers no tracking store")
	}
	return client.Complete(ctx, b.Tracking)
}

func takeArtifacts(_ context.Context, b core.Backend) (core.ArtifactRepository, error) {
	if b.Artifacts == nil {
		return nil, errors.New("the URI offers no artifact repository")
	}
	return b.Artifacts, nil
}

func takeRegistry(ctx context.Context, b core.Backend) (core.RegistryStore, error) {
	if b.Registry == nil {
		return nil, errors.New("the URI offers no registry")
	}
	return client.CompleteRegistry(ctx, b.Registry)
}

func takeProjects(_ context.Context, b core.Backend) (core.ProjectBackend, error) {
	if b.Projects == nil {
		return nil, errors.New("the URI offers no project backend")
	}
	return b.Projects, nil
}

// take is the store of a kind in what was opened.
type take[S core.Store] func(context.Context, core.Backend) (S, error)

func runKind[S core.Store](
	suite conformance.Suite[S], table func(boundary.Hooks[S]) conformance.Suite[S], of take[S],
) func(*testing.T, []way, Options) {
	return func(t *testing.T, ways []way, o Options) {
		t.Helper()
		var runs []conformance.Report
		for _, w := range ways {
			r := conformance.Report{Kind: suite.Kind, Transport: w.transport}
			options := conformance.Options{Progress: func(one conformance.Result) { r.Results = append(r.Results, one) }}
			if o.Shape != nil {
				o.Shape(&options)
			}
			r.Level = options.Level
			t.Run(string(w.transport), func(t *testing.T) {
				r.Store = described(t, w, o, of)
				conformance.RunTests(t, suite, harness(w, o, of), options)
			})
			runs = append(runs, r)
		}
		if slices.ContainsFunc(runs, func(r conformance.Report) bool { return len(r.Results) == 0 }) {
			runs = nil // go test was told to leave something out
		}
		if len(runs) > 1 {
			for _, difference := range report.Differences(runs...) {
				t.Errorf("the transports differ: %s", difference)
			}
		}
		for _, w := range ways {
			var options conformance.Options
			if o.Shape != nil {
				o.Shape(&options)
			}
			t.Run(string(w.transport)+"/boundary", func(t *testing.T) {
				conformance.RunTests(t, table(hooks(w, of, runs)), harness(w, o, of), options)
			})
		}
	}
}

// described is what a store says of itself over a way.
func described[S core.Store](t *testing.T, w way, o Options, of take[S]) core.Info {
	t.Helper()
	store, err := openStore(t.Context(), w.opener, o.Fresh(t), of)
	if err != nil {
		t.Fatalf("open a store: %v", err)
	}
	info, err := store.Describe(t.Context())
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatalf("describe the store: %v", err)
	}
	return info
}

// openStore opens a URI and takes the store of one kind. What else the URI offers is closed.
func openStore[S core.Store](ctx context.Context, opener core.Opener, request core.OpenRequest, of take[S]) (S, error) {
	var none S
	b, err := opener.Open(ctx, request)
	if err != nil {
		return none, err
	}
	store, err := of(ctx, b)
	if err != nil {
		return none, errors.Join(fmt.Errorf("%s: %w", request.URI, err), b.Close())
	}
	for _, other := range b.Stores() {
		if _, same := other.(S); !same { // what is of the kind is the store, or what it stands on
			err = errors.Join(err, other.Close())
		}
	}
	return store, err
}

// handles remembers what was opened under which request.
type handles struct {
	mu       sync.Mutex
	requests map[any]core.OpenRequest
}

func (h *handles) keep(store any, request core.OpenRequest) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.requests == nil {
		h.requests = map[any]core.OpenRequest{}
	}
	h.requests[store] = request
}

func (h *handles) of(store any) core.OpenRequest {
	request, _ := h.find(store)
	return request
}

func (h *handles) find(store any) (core.OpenRequest, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	request, found := h.requests[store]
	return request, found
}

// harness tells a suite how to reach stores over a way.
func harness[S core.Store](w way, o Options, of take[S]) conformance.Harness[S] {
	var known handles
	open := func(t conformance.T, request core.OpenRequest) S {
		t.Helper()
		store := opened(t, w.opener, request, of)
		known.keep(store, request)
		return store
	}
	h := conformance.Harness[S]{
		Transport: w.transport,
		Open:      func(t conformance.T) S { return open(t, o.Fresh(t)) },
		Second:    func(t conformance.T, first S) S { return open(t, known.of(first)) },
		Reopen: func(t conformance.T, old S) S {
			conformance.NoError(t, "closing the store", old.Close())
			return open(t, known.of(old))
		},
		ReadOnly: func(t conformance.T, first S) S {
			request := known.of(first)
			request.ReadOnly = true
			return open(t, request)
		},
	}
	if w.processes != nil && o.Durable {
		h.Restart = func(t conformance.T, _ S) { end(t, w.processes) }
	}
	return h
}
