package tracking_test

import (
	"context"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// weak is a store that promises as little as the contract allows.
type weak struct{ core.TrackingStore }

func (w weak) Describe(ctx context.Context) (core.Info, error) {
	info, err := w.TrackingStore.Describe(ctx)
	info.Capabilities = []core.Capability{core.FloatInf, core.SearchNative}
	return info, err
}

// Ability hides what the store below has.
func (w weak) Ability(any) bool { return false }

// A store without abilities and with few promises, reached through one handle, passes too: the rest is n/a or skipped.
func TestWeakStore(t *testing.T) {
	t.Parallel()
	h := tracking.Harness{Open: func(conformance.T) core.TrackingStore { return weak{mem.NewTracking()} }}
	r := conformance.Run(t.Context(), tracking.Suite(), h, conformance.Options{Level: conformance.Extended})
	for _, f := range r.Failures() {
		t.Error(f.Explain())
	}
	if r.Verdict() != conformance.Pass || r.Count(conformance.NotApplicable) < 20 || r.Count(conformance.Skipped) != 2 || !r.OneHandle {
		t.Errorf("%s, problems %q, left behind %q: want a pass with many n/a and TS-193 and TS-199 skipped", r.Summary(), r.Problems, r.Leftovers)
	}
}

// forward keeps the abilities of the store below without declaring them.
type forward struct{ weak }

func (f forward) Ability(target any) bool {
	m, ok := f.TrackingStore.(*mem.Tracking)
	return ok && core.Provide[core.Purger](target, m)
}

func TestUndeclaredAbilityIsFound(t *testing.T) {
	t.Parallel()
	h := tracking.Harness{Open: func(conformance.T) core.TrackingStore { return forward{weak{mem.NewTracking()}} }}
	r := conformance.Run(t.Context(), tracking.Suite(), h,
		conformance.Options{Level: conformance.Extended, Only: []string{"TS-195", "TS-217"}})
	if r.Count(conformance.Fail) != 2 {
		t.Errorf("%s: want two failures of a store that purges without declaring it", r.Summary())
	}
}
