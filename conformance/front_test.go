package conformance_test

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

var _ conformance.T = (*testing.T)(nil)

func ExampleRun() {
	s := conformance.Suite[core.Store]{Kind: "box", Cases: []conformance.Case[core.Store]{{
		ID: "XX-001", Name: "box/describe", Rule: "A store has a name.",
		Run: func(t conformance.T, e *conformance.Env[core.Store]) {
			if e.Info.Name == "" {
				t.Error("got no name")
			}
		},
	}}}
	h := conformance.Harness[core.Store]{Open: func(conformance.T) core.Store { return &box{} }}
	r := conformance.Run(context.Background(), s, h, conformance.Options{Seed: 7})
	os.Stdout.WriteString(r.Summary())
	// Output: box conformance of "box", level core, seed 7, through one handle only: 1 pass, 0 fail, 0 error, 0 n/a, 0 skipped
}

func TestRunTests(t *testing.T) {
	t.Parallel()
	b := &box{}
	t.Run("suite", func(t *testing.T) {
		s := one(func(t conformance.T, e *env) {
			if !strings.HasPrefix(e.Name("x"), e.Prefix()) {
				t.Error("a name outside of the sandbox")
			}
		})
		s.Cases = append(s.Cases, kase{ID: "XX-002", Name: "box/two", Rule: "r", Needs: []core.Capability{"float.inf"}, Run: fails})
		conformance.RunTests(t, s, opening(b), conformance.Options{})
	})
	if b.closed == 0 {
		t.Error("the store was not closed")
	}
}

func TestHandles(t *testing.T) {
	t.Parallel()
	first, second, third := &box{text: "first"}, &box{text: "second"}, &box{text: "third"}
	h := opening(first)
	h.Second = func(_ conformance.T, of core.Store) core.Store {
		if of != core.Store(first) {
			t.Errorf("Second got %v", of)
		}
		return second
	}
	h.Reopen = func(_ conformance.T, old core.Store) core.Store {
		_ = old.Close()
		return third
	}
	r := run(t, one(func(t conformance.T, e *env) {
		conformance.Equal(t, "Second", e.Second(), core.Store(second))
		conformance.Equal(t, "HasSecond", e.HasSecond(), true)
		conformance.Equal(t, "Reopen", e.Reopen(t, e.Fresh(t)), core.Store(third))
	}), h, conformance.Options{})
	wantVerdict(t, r, conformance.Pass, "")
	if r.OneHandle || second.closed != 1 || third.closed != 1 || first.closed != 3 {
		t.Errorf("one handle %v, closed: first %d, second %d, third %d", r.OneHandle, first.closed, second.closed, third.closed)
	}
}

func TestCleanUp(t *testing.T) {
	t.Parallel()
	var order []string
	undo := func(what string, err error) func(context.Context) error {
		return func(ctx context.Context) error {
			order = append(order, what)
			return errors.Join(err, ctx.Err())
		}
	}
	r := run(t, one(func(t conformance.T, e *env) {
		e.Undo(t, "experiment", undo("experiment", core.Missing("experiment", "7")))
		e.Undo(t, "run", undo("run", errors.New("no way")))
		e.Undo(t, "tag", undo("tag", nil))
		t.FailNow()
	}), opening(&box{}), conformance.Options{})
	wantVerdict(t, r, conformance.Fail, "")
	if diff := cmp.Diff([]string{"tag", "run", "experiment"}, order); diff != "" {
		t.Errorf("order of clean-up (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"XX-001: run: no way"}, r.Leftovers); diff != "" {
		t.Errorf("leftovers (-want +got):\n%s", diff)
	}
}

func TestObserveWaitsForTheStoreToSettle(t *testing.T) {
	t.Parallel()
	calls := 0
	late := one(func(t conformance.T, e *env) {
		e.Observe(t, func(context.Context, core.Store) error {
			if calls++; calls < 3 {
				return errors.New("not yet")
			}
			return nil
		})
	})
	wantVerdict(t, run(t, late, opening(&box{}), conformance.Options{}), conformance.Fail, "not yet")
	calls = 0
	h := opening(&box{})
	h.Settle = time.Minute
	wantVerdict(t, run(t, late, h, conformance.Options{}), conformance.Pass, "")
}

func TestExpectations(t *testing.T) {
	t.Parallel()
	bare := errors.New("no row")
	tests := map[string]struct {
		check func(conformance.T)
		want  string // empty: it passes
	}{
		"refused": {func(t conformance.T) {
			conformance.Refused(t, "get", core.Missing("run", "r7"), core.ErrNotFound, "r7")
		}, ""},
		"not refused": {func(t conformance.T) { conformance.Refused(t, "get", nil, core.ErrNotFound) }, "got error <nil>, want not found"},
		"other code":  {func(t conformance.T) { conformance.Refused(t, "get", core.Missing("run", "r7"), core.ErrExists) }, "want already exists"},
		"key not named": {func(t conformance.T) {
			conformance.Refused(t, "get", core.Missing("run", "r7"), core.ErrNotFound, "r8")
		}, `does not name "r8"`},
		"bare error": {func(t conformance.T) { conformance.Refused(t, "get", bare, bare) }, "want a *core.Error"},
		"one of two": {func(t conformance.T) {
			conformance.RefusedAs(t, "get", core.Missing("run", "r7"), core.ErrInvalid, core.ErrNotFound)
		}, ""},
		"none of two":    {func(t conformance.T) { conformance.RefusedAs(t, "get", bare, core.ErrInvalid, core.ErrNotFound) }, "want one of"},
		"no error":       {func(t conformance.T) { conformance.NoError(t, "get", bare) }, "want success"},
		"within":         {func(t conformance.T) { conformance.Within(t, time.Minute, "get", func() {}) }, ""},
		"not within":     {func(t conformance.T) { conformance.Within(t, time.Millisecond, "get", func() { <-t.Context().Done() }) }, "no end after 1ms"},
		"equal, not nil": {func(t conformance.T) { conformance.Equal(t, "tags", map[string]string{}, nil) }, ""},
		"not equal":      {func(t conformance.T) { conformance.Equal(t, "tags", []int{1}, []int{2}) }, "tags[0]: got 1, want 2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, one(func(t conformance.T, _ *env) { tt.check(t) }), opening(&box{}), conformance.Options{})
			want := conformance.Pass
			if tt.want != "" {
				want = conformance.Fail
			}
			wantVerdict(t, r, want, tt.want)
		})
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	type point struct {
		Value float64
		Tags  map[string]string
		Next  *point
	}
	nan2 := math.Float64frombits(math.Float64bits(math.NaN()) ^ 1)
	tests := []struct {
		a, b any
		want bool
	}{
		{0.0, math.Copysign(0, -1), false},
		{math.NaN(), nan2, true},
		{point{Tags: map[string]string{}}, point{}, true},
		{point{Tags: map[string]string{"a": ""}}, point{Tags: map[string]string{"b": ""}}, false},
		{point{Next: &point{Value: 1}}, point{Next: &point{Value: 1}}, true},
		{point{Next: &point{Value: 1}}, point{Next: &point{Value: 2}}, false},
		{point{Next: &point{}}, point{}, false},
		{[]int{1, 2}, []int{2, 1}, false},
		{[]int(nil), []int{}, true},
		{1, int64(1), false},
		{nil, 1, false},
	}
	for _, tt := range tests {
		if got := conformance.Same(tt.a, tt.b); got != tt.want {
			t.Errorf("Same(%+v, %+v): got %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestClauses(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"store.go": {Data: []byte("package core\n\n// Put MUST keep [XX-001\n// XX-003], as AR-001 says.\nvar text = \"XX-009\" // see XX-002\n")},
		"x.txt":    {Data: []byte("XX-008")},
	}
	got, err := conformance.Clauses(files, "XX")
	if diff := cmp.Diff([]string{"XX-001", "XX-002", "XX-003"}, got); diff != "" || err != nil {
		t.Errorf("clauses (-want +got): %s, error %v", diff, err)
	}
	cases := []conformance.Entry{{ID: "XX-001"}, {ID: "XX-007"}}
	faults := conformance.Uncovered(got, cases, map[string]string{"XX-001": "soon", "XX-002": "", "XX-008": "soon"})
	want := []string{
		"XX-001 is pending and has a case", "XX-002 is pending without a reason", "XX-008 is pending, but no comment mentions it",
		"clause XX-003 has no case and is not pending",
	}
	if diff := cmp.Diff(want, faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"XX-007"}, conformance.Unmentioned(got, cases)); diff != "" {
		t.Errorf("cases without a clause (-want +got):\n%s", diff)
	}
}
