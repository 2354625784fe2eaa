package tracking_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/mutants"
	"github.com/mlstore/mlstore/conformance/reference"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// path is a way to a store that does what a test makes of a fault.
type path struct {
	mu    sync.Mutex
	armed conformance.Fault
}

func (p *path) Break(f conformance.Fault) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = f
	return true
}

func (p *path) Heal() { p.Break("") }

func (p *path) is(f conformance.Fault) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.armed == f
}

// crooked is a store of which something is wrong when its path breaks: what is not nil stands instead of the method.
type crooked struct {
	core.TrackingStore
	p      *path
	log    func(ctx context.Context, below core.TrackingStore, p *path, id core.RunID, b core.Batch) error
	run    func(ctx context.Context, below core.TrackingStore, p *path, id core.RunID) (core.Run, error)
	search func(ctx context.Context, below core.TrackingStore, p *path, q core.RunQuery) (core.Page[core.Run], error)
}

func (c crooked) LogBatch(ctx context.Context, id core.RunID, b core.Batch) error {
	if c.log == nil {
		return c.TrackingStore.LogBatch(ctx, id, b)
	}
	return c.log(ctx, c.TrackingStore, c.p, id, b)
}

func (c crooked) Run(ctx context.Context, id core.RunID) (core.Run, error) {
	if c.run == nil {
		return c.TrackingStore.Run(ctx, id)
	}
	return c.run(ctx, c.TrackingStore, c.p, id)
}

func (c crooked) SearchRuns(ctx context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	if c.search == nil {
		return c.TrackingStore.SearchRuns(ctx, q)
	}
	return c.search(ctx, c.TrackingStore, c.p, q)
}

var errLost = core.Errorf(core.Unavailable, "the connection broke")

// The cases on faults fail where a fault does harm.
func TestCrookedPathsFail(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		id  string
		how crooked
	}{
		"a lost request is a success": {"TS-187", crooked{log: func(ctx context.Context, below core.TrackingStore, p *path, id core.RunID, b core.Batch) error {
			if p.is(conformance.LoseRequest) {
				return nil
			}
			return below.LogBatch(ctx, id, b)
		}}},
		"a lost request is internal": {"TS-187", crooked{log: func(ctx context.Context, below core.TrackingStore, p *path, id core.RunID, b core.Batch) error {
			if p.is(conformance.LoseRequest) {
				return core.Errorf(core.Internal, "EOF")
			}
			return below.LogBatch(ctx, id, b)
		}}},
		"half an answer": {"TS-188", crooked{run: func(ctx context.Context, below core.TrackingStore, p *path, id core.RunID) (core.Run, error) {
			r, err := below.Run(ctx, id)
			if p.is(conformance.Reset) {
				r.Tags = nil
			}
			return r, err
		}}},
		"no end": {"TS-189", crooked{run: func(ctx context.Context, below core.TrackingStore, p *path, id core.RunID) (core.Run, error) {
			for p.is(conformance.Stall) {
				spin(time.Millisecond)
			}
			return below.Run(ctx, id)
		}}},
		"a lost page is skipped": {"TS-191", crooked{search: func(ctx context.Context, below core.TrackingStore, p *path, q core.RunQuery) (core.Page[core.Run], error) {
			page, err := below.SearchRuns(ctx, q)
			if p.is(conformance.LoseReply) && err == nil && page.Next != "" {
				q.Token = page.Next
				return below.SearchRuns(ctx, q)
			}
			return page, err
		}}},
		"half a batch": {"TS-200", crooked{log: func(ctx context.Context, below core.TrackingStore, p *path, id core.RunID, b core.Batch) error {
			if p.is(conformance.Reset) {
				b.Tags = b.Tags[:1]
				_ = below.LogBatch(ctx, id, b)
				return errLost
			}
			return below.LogBatch(ctx, id, b)
		}}},
		"a loss that comes back": {"TS-200", crooked{log: lateLog()}},
		"a loss that is a success": {"TS-200", crooked{log: func(ctx context.Context, below core.TrackingStore, p *path, id core.RunID, b core.Batch) error {
			if p.is(conformance.LoseRequest) {
				return nil
			}
			return below.LogBatch(ctx, id, b)
		}}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h := reference.Tracking()
			h.Faults = func(t conformance.T, first core.TrackingStore) (core.TrackingStore, conformance.Faults) {
				how := tt.how
				how.TrackingStore, how.p = h.Second(t, first), &path{}
				return how, how.p
			}
			dies(t, h, tt.id)
		})
	}
}

// lateLog carries a lost batch out when the next but one comes.
func lateLog() func(context.Context, core.TrackingStore, *path, core.RunID, core.Batch) error {
	var mu sync.Mutex
	var held []core.Batch
	return func(ctx context.Context, below core.TrackingStore, p *path, id core.RunID, b core.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		if p.is(conformance.LoseRequest) {
			held = append(held, b)
			return errLost
		}
		err := below.LogBatch(ctx, id, b)
		if len(held) > 2 {
			_ = below.LogBatch(ctx, id, held[0])
			held = held[1:]
		}
		return err
	}
}

func dies(t *testing.T, h tracking.Harness, id string) {
	t.Helper()
	if fault := mutants.Dies(t.Context(), tracking.Suite(), h, id); fault != "" {
		t.Error(fault)
	}
}

func TestRestartThatForgetsFails(t *testing.T) {
	t.Parallel()
	var gone atomic.Bool
	h := tracking.Harness{
		Open: func(conformance.T) core.TrackingStore {
			return crooked{TrackingStore: mem.NewTracking(), run: func(ctx context.Context, below core.TrackingStore, _ *path, id core.RunID) (core.Run, error) {
				if gone.Load() {
					return core.Run{}, errLost
				}
				return below.Run(ctx, id)
			}}
		},
		Restart: func(conformance.T, core.TrackingStore) { gone.Store(true) },
	}
	dies(t, h, "TS-190")
}

func TestReadOnlyThatWritesFails(t *testing.T) {
	t.Parallel()
	h := reference.Tracking()
	h.ReadOnly = h.Second
	dies(t, h, "TS-192")
}

// stale shows readers a run as it was some reads ago.
func TestStaleReadsFail(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[core.RunID]core.Run{}
	n := 0
	h := tracking.Harness{Open: func(conformance.T) core.TrackingStore {
		return crooked{TrackingStore: mem.NewTracking(), run: func(ctx context.Context, below core.TrackingStore, _ *path, id core.RunID) (core.Run, error) {
			r, err := below.Run(ctx, id)
			mu.Lock()
			defer mu.Unlock()
			if n++; n%3 != 0 {
				if old, ok := seen[id]; ok {
					return old, err
				}
			}
			seen[id] = r
			return r, err
		}}
	}}
	dies(t, h, "TS-201")
}

// Stores whose cost grows where it should not.
func TestSlowStoresFail(t *testing.T) {
	t.Parallel()
	var pages sync.Map // from a token to how many pages came before
	for what, tt := range map[string]struct {
		id  string
		how crooked
	}{
		"a batch point by point": {"TS-202", crooked{log: func(ctx context.Context, below core.TrackingStore, _ *path, id core.RunID, b core.Batch) error {
			for _, m := range b.Metrics {
				spin(200 * time.Microsecond)
				if err := below.LogBatch(ctx, id, core.Batch{Metrics: []core.Metric{m}}); err != nil {
					return err
				}
			}
			return nil
		}}},
		"pages by offset": {"TS-203", crooked{search: func(ctx context.Context, below core.TrackingStore, _ *path, q core.RunQuery) (core.Page[core.Run], error) {
			before := 0
			if n, ok := pages.Load(q.Token); ok {
				before = n.(int)
			}
			for range before {
				spin(500 * time.Microsecond)
			}
			page, err := below.SearchRuns(ctx, q)
			pages.Store(page.Next, before+1)
			return page, err
		}}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dies(t, tracking.Harness{Open: func(conformance.T) core.TrackingStore {
				how := tt.how
				how.TrackingStore = mem.NewTracking()
				return how
			}}, tt.id)
		})
	}
}

// spin is work that takes so long.
func spin(d time.Duration) {
	for began := time.Now(); time.Since(began) < d; {
		continue
	}
}

func TestCallsOfAPage(t *testing.T) {
	t.Parallel()
	for _, everyRun := range []bool{false, true} {
		var calls atomic.Int64
		h := tracking.Harness{
			Open: func(conformance.T) core.TrackingStore {
				return crooked{TrackingStore: mem.NewTracking(), search: func(ctx context.Context, below core.TrackingStore, _ *path, q core.RunQuery) (core.Page[core.Run], error) {
					page, err := below.SearchRuns(ctx, q)
					calls.Add(1)
					if everyRun {
						calls.Add(int64(len(page.Items)))
					}
					return page, err
				}}
			},
			Calls: func(core.TrackingStore) int64 { return calls.Load() },
		}
		r := conformance.Run(t.Context(), tracking.Suite(), h, conformance.Options{Level: conformance.Performance, Only: []string{"TS-204"}})
		want := conformance.Pass
		if everyRun {
			want = conformance.Fail
		}
		if r.Count(want) != 1 {
			t.Errorf("a request for every run, %v: %s %v", everyRun, r.Summary(), r.Failures())
		}
	}
}

// hoarding keeps every page of a history that it gave.
type hoarding struct {
	core.TrackingStore
	pages *[]core.Page[core.Metric]
}

func (h hoarding) MetricHistory(ctx context.Context, id core.RunID, key string, o core.HistoryOptions) (core.Page[core.Metric], error) {
	page, err := h.TrackingStore.MetricHistory(ctx, id, key, o)
	*h.pages = append(*h.pages, page)
	return page, err
}

//nolint:paralleltest // it looks at the heap of the process
func TestHoardingFails(t *testing.T) {
	var pages []core.Page[core.Metric]
	dies(t, tracking.Harness{Open: func(conformance.T) core.TrackingStore { return hoarding{mem.NewTracking(), &pages} }}, "TS-205")
	if len(pages) == 0 {
		t.Error("no page was kept")
	}
}
