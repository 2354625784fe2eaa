package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// box is the least that can be a store.
type box struct {
	capabilities []core.Capability
	mu           sync.Mutex
	text         string
	closed       int
}

func (b *box) Describe(context.Context) (core.Info, error) {
	return core.Info{Name: "box", Contract: core.ContractVersion, Capabilities: b.capabilities}, nil
}

func (b *box) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed++
	return nil
}

// purgerBox has an ability.
type purgerBox struct {
	*box
	core.Purger
}

type (
	suite   = conformance.Suite[core.Store]
	harness = conformance.Harness[core.Store]
	kase    = conformance.Case[core.Store]
	env     = conformance.Env[core.Store]
)

func opening(s core.Store) harness {
	return harness{Open: func(conformance.T) core.Store { return s }}
}

func one(run func(conformance.T, *env)) suite {
	return suite{Kind: "box", Cases: []kase{{ID: "XX-001", Name: "box/one", Rule: "Boxes hold.", Run: run}}}
}

func passes(conformance.T, *env) {}

func fails(t conformance.T, _ *env) { t.Errorf("got %d, want %d", 1, 2) }

func run(t *testing.T, s suite, h harness, o conformance.Options) conformance.Report {
	t.Helper()
	return conformance.Run(t.Context(), s, h, o)
}

func wantVerdict(t *testing.T, r conformance.Report, want conformance.Verdict, text string) {
	t.Helper()
	if r.Verdict() != want {
		t.Errorf("run: got %s, want %s: %+v", r.Verdict(), want, r)
	}
	all := strings.Join(r.Problems, "\n")
	for _, x := range r.Results {
		all += "\n" + x.Explain()
	}
	if !strings.Contains(all, text) {
		t.Errorf("report lacks %q:\n%s", text, all)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		run           func(conformance.T, *env)
		single, whole conformance.Verdict
		text          string
	}{
		{"pass", passes, conformance.Pass, conformance.Pass, ""},
		{"fail", fails, conformance.Fail, conformance.Fail, "got 1, want 2"},
		{"fatal", func(t conformance.T, _ *env) { t.Fatal("no more"); panic("unreached") }, conformance.Fail, conformance.Fail, "no more"},
		{"panic", func(conformance.T, *env) { panic("ouch") }, conformance.Broken, conformance.Broken, "ouch"},
		{"skip", func(t conformance.T, _ *env) { t.Skip("no second") }, conformance.Skipped, conformance.Broken, "no second"},
		{
			"clean-up fails", func(t conformance.T, _ *env) { t.Cleanup(func() { t.Error("late") }) },
			conformance.Fail, conformance.Fail, "late",
		},
		{
			"clean-up panics", func(t conformance.T, _ *env) { t.Cleanup(func() { panic("late") }) },
			conformance.Broken, conformance.Broken, "late",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := run(t, one(tt.run), opening(&box{}), conformance.Options{})
			wantVerdict(t, r, tt.whole, tt.text)
			if len(r.Results) != 1 || r.Results[0].Verdict != tt.single {
				t.Errorf("case: got %+v, want %s", r.Results, tt.single)
			}
		})
	}
}

func TestFailureExplainsItself(t *testing.T) {
	t.Parallel()
	r := run(t, one(fails), opening(&box{}), conformance.Options{Seed: 7})
	text := r.Results[0].Explain()
	for _, want := range []string{"XX-001", "box/one", "Boxes hold.", "got 1, want 2", "run_test.go:", "--only XX-001 --seed 7"} {
		if !strings.Contains(text, want) {
			t.Errorf("explanation lacks %q:\n%s", want, text)
		}
	}
}

func TestNoCaseRanIsAnError(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]conformance.Options{
		"only": {Only: []string{"YY-*"}}, "skip": {Skip: []string{"XX-*"}},
	} {
		wantVerdict(t, run(t, one(passes), opening(&box{}), o), conformance.Broken, "no case ran")
		_ = name
	}
	wantVerdict(t, run(t, suite{Kind: "box"}, opening(&box{}), conformance.Options{}), conformance.Broken, "no case ran")
}

func TestBadHarness(t *testing.T) {
	t.Parallel()
	var none *box
	tests := map[string]struct {
		h    harness
		text string
	}{
		"no Open":          {harness{}, "no Open"},
		"Open panics":      {harness{Open: func(conformance.T) core.Store { panic("ouch") }}, "ouch"},
		"Open fails":       {harness{Open: func(t conformance.T) core.Store { t.Fatal("no database"); return nil }}, "no database"},
		"Open skips":       {harness{Open: func(t conformance.T) core.Store { t.Skip("no database"); return nil }}, "no database"},
		"Open returns nil": {opening(nil), "returned nil"},
		"nil pointer":      {opening(none), "returned nil"},
		"Second is nil": {harness{
			Open:   func(conformance.T) core.Store { return &box{} },
			Second: func(conformance.T, core.Store) core.Store { return nil },
		}, "Second returned nil"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantVerdict(t, run(t, one(passes), tt.h, conformance.Options{}), conformance.Broken, tt.text)
		})
	}
}

func TestBadTable(t *testing.T) {
	t.Parallel()
	good := one(passes).Cases[0]
	tests := map[string]suite{
		"two cases have the id": {Cases: []kase{good, good}},
		"lacks its id":          {Cases: []kase{{ID: "XX-002", Name: "box/two", Run: passes}}},
		"exactly one of Run":    {Cases: []kase{{ID: "XX-002", Name: "box/two", Rule: "r"}}},
	}
	for text, s := range tests {
		wantVerdict(t, run(t, s, opening(&box{}), conformance.Options{}), conformance.Broken, text)
	}
	wantVerdict(t, run(t, one(passes), opening(&box{}), conformance.Options{Only: []string{"[", "XX*"}}), conformance.Broken, "bad pattern")
}

func TestForbiddenSkip(t *testing.T) {
	t.Parallel()
	s := one(passes)
	s.Cases = append(s.Cases, kase{ID: "XX-002", Name: "box/two", Rule: "r", Run: func(t conformance.T, _ *env) { t.Skip("lazy") }})
	wantVerdict(t, run(t, s, opening(&box{}), conformance.Options{}), conformance.Pass, "lazy")
	wantVerdict(t, run(t, s, opening(&box{}), conformance.Options{ForbidSkip: true}), conformance.Broken, "forbidden: lazy")
	skip := conformance.Options{ForbidSkip: true, Skip: []string{"XX-002"}}
	wantVerdict(t, run(t, s, opening(&box{}), skip), conformance.Broken, "forbidden: left out")
}

func TestKnownFailures(t *testing.T) {
	t.Parallel()
	soon, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	known := func(id string, until time.Time) conformance.Options {
		return conformance.Options{Known: []conformance.KnownFailure{{ID: id, Reason: "bug 7", Expires: until}}}
	}
	two := func(run func(conformance.T, *env)) suite {
		s := one(run)
		s.Cases = append(s.Cases, kase{ID: "XX-002", Name: "box/two", Rule: "r", Run: passes})
		return s
	}
	wantVerdict(t, run(t, two(fails), opening(&box{}), known("XX-001", soon)), conformance.Pass, "known failure: bug 7")
	wantVerdict(t, run(t, two(fails), opening(&box{}), known("XX-001", past)), conformance.Fail, "the excuse ended on")
	wantVerdict(t, run(t, two(passes), opening(&box{}), known("XX-001", soon)), conformance.Fail, "take it off the list")
	wantVerdict(t, run(t, two(passes), opening(&box{}), known("XX-009", soon)), conformance.Broken, "no such case")
	panics := two(func(conformance.T, *env) { panic("ouch") })
	wantVerdict(t, run(t, panics, opening(&box{}), known("XX-001", soon)), conformance.Broken, "ouch")
}

func TestDecoyTouched(t *testing.T) {
	t.Parallel()
	for _, touched := range []bool{false, true} {
		b := &box{text: "decoy"}
		s := one(func(conformance.T, *env) {
			if touched {
				b.text = ""
			}
		})
		s.Cases = append(s.Cases, kase{ID: "XX-002", Name: "sandbox/decoy", Rule: "Strangers are left alone.", Around: func(t conformance.T, _ *env) func() {
			before := b.text
			return func() { conformance.Equal(t, "decoy", b.text, before) }
		}})
		want, text := conformance.Pass, ""
		if touched {
			want, text = conformance.Fail, `decoy: got "", want "decoy"`
		}
		r := run(t, s, opening(b), conformance.Options{})
		wantVerdict(t, r, want, text)
		if len(r.Results) != 2 {
			t.Errorf("got %d results, want 2", len(r.Results))
		}
	}
}

func TestCapabilities(t *testing.T) {
	t.Parallel()
	needs := func(c core.Capability, run func(conformance.T, *env)) suite {
		s := one(run)
		s.Cases[0].Needs = []core.Capability{c}
		s.Cases = append(s.Cases, kase{ID: "XX-002", Name: "box/two", Rule: "r", Run: passes})
		return s
	}
	unsupported := core.Errorf(core.Unimplemented, "no purging here")
	refusing := needs("purger", fails)
	refusing.Refuses = map[core.Capability]func(conformance.T, core.Store) error{
		"purger": func(conformance.T, core.Store) error { return unsupported },
	}
	answering := needs("purger", fails)
	answering.Refuses = map[core.Capability]func(conformance.T, core.Store) error{
		"purger": func(conformance.T, core.Store) error { return errors.New("purged the lot") },
	}
	plain, able := &box{}, purgerBox{box: &box{}}
	tests := map[string]struct {
		s     suite
		store core.Store
		want  conformance.Verdict
		text  string
	}{
		"undeclared promise":          {needs("float.inf", fails), plain, conformance.Pass, "does not declare [float.inf]"},
		"declared promise":            {needs("float.inf", fails), &box{capabilities: []core.Capability{"float.inf"}}, conformance.Fail, "got 1"},
		"undeclared, not found":       {needs("purger", fails), plain, conformance.Pass, "does not declare [purger]"},
		"undeclared, yet found":       {needs("purger", fails), able, conformance.Fail, "and yet core.As finds it"},
		"undeclared, found, refuses":  {refusing, able, conformance.Pass, "does not declare [purger]"},
		"undeclared, found, answers":  {answering, able, conformance.Fail, "purged the lot"},
		"declared, not found":         {needs("purger", passes), &box{capabilities: []core.Capability{"purger"}}, conformance.Fail, "does not find it"},
		"declared and found, in test": {needs("purger", passes), purgerBox{box: &box{capabilities: []core.Capability{"purger"}}}, conformance.Pass, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantVerdict(t, run(t, tt.s, opening(tt.store), conformance.Options{}), tt.want, tt.text)
		})
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	defer close(release)
	s := one(func(conformance.T, *env) { <-release })
	s.Cases = append(s.Cases, kase{ID: "XX-002", Name: "box/two", Rule: "r", Run: passes})
	r := run(t, s, opening(&box{}), conformance.Options{Timeout: 20 * time.Millisecond})
	wantVerdict(t, r, conformance.Fail, "did not end within 20ms")
	if got := r.Count(conformance.Pass); got != 1 {
		t.Errorf("got %d passes, want 1: one case that hangs must not stop the others", got)
	}
	heeding := one(func(t conformance.T, _ *env) { <-t.Context().Done() })
	wantVerdict(t, run(t, heeding, opening(&box{}), conformance.Options{Timeout: 20 * time.Millisecond}), conformance.Fail, "did not end")
}

func TestSeed(t *testing.T) {
	t.Parallel()
	draw := func(seed uint64, only ...string) (map[string]uint64, uint64) {
		var mu sync.Mutex
		drawn := map[string]uint64{}
		var s suite
		for i := range 3 {
			id := fmt.Sprintf("XX-00%d", i)
			s.Cases = append(s.Cases, kase{ID: id, Name: "box/seed", Rule: "r", Run: func(_ conformance.T, e *env) {
				mu.Lock()
				defer mu.Unlock()
				drawn[id] = e.Rand.Uint64()
			}})
		}
		r := run(t, s, opening(&box{}), conformance.Options{Seed: seed, Only: only})
		return drawn, r.Seed
	}
	all, seed := draw(7)
	again, _ := draw(7)
	if diff := cmp.Diff(all, again); diff != "" || seed != 7 {
		t.Errorf("the same seed (%d) draws other numbers (-first +second):\n%s", seed, diff)
	}
	if alone, _ := draw(7, "XX-001"); alone["XX-001"] != all["XX-001"] {
		t.Errorf("alone the case draws %d, among others %d", alone["XX-001"], all["XX-001"])
	}
	if all["XX-001"] == all["XX-002"] {
		t.Error("two cases draw the same numbers")
	}
	_, one := draw(0)
	if _, two := draw(0); one == two || one == 0 {
		t.Errorf("seeds drawn: %d and %d, want two different ones", one, two)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := one(func(conformance.T, *env) { cancel() })
	for i := range 20 {
		s.Cases = append(s.Cases, kase{ID: fmt.Sprintf("XX-1%02d", i), Name: "box/more", Rule: "r", Run: func(conformance.T, *env) { <-ctx.Done() }})
	}
	r := conformance.Run(ctx, s, opening(&box{}), conformance.Options{Parallel: 1})
	wantVerdict(t, r, conformance.Broken, "interrupted")
}

// faulty is what a harness offers to break a box.
type faulty struct{ healed int }

func (*faulty) Break(f conformance.Fault) bool { return f == conformance.Stall }
func (f *faulty) Heal()                        { f.healed++ }

func TestHooks(t *testing.T) {
	t.Parallel()
	all := []conformance.Hook{
		conformance.FaultsHook, conformance.RestartHook, conformance.ReadOnlyHook, conformance.CallsHook, conformance.FarSide,
		conformance.OwnProcess, "magic",
	}
	s := one(func(t conformance.T, e *env) {
		_, faults := e.Faulty(t)
		conformance.Equal(t, "a fault that it knows", faults.Break(conformance.Stall), true)
		e.Restart(t, e.ReadOnly(t))
		conformance.Equal(t, "calls", e.Calls(e.Store), 7)
		conformance.Equal(t, "transport", e.Transport(), conformance.Process)
	})
	s.Cases[0].Hooks = all
	h := opening(&box{})
	r := run(t, s, h, conformance.Options{})
	if diff := cmp.Diff(all, r.Results[0].Lacks); diff != "" || r.Transport != conformance.Linked {
		t.Errorf("without any hook: transport %s, lacking (-want +got):\n%s", r.Transport, diff)
	}
	wantVerdict(t, r, conformance.Broken, `n/a (the harness does not offer ["faults" "restart"`) // since no case ran
	restarts, f := 0, &faulty{}
	h.Faults = func(_ conformance.T, first core.Store) (core.Store, conformance.Faults) { return first, f }
	h.Restart = func(conformance.T, core.Store) { restarts++ }
	h.ReadOnly = func(_ conformance.T, first core.Store) core.Store { return first }
	h.Calls = func(core.Store) int64 { return 7 }
	h.Transport = conformance.Process
	s.Offers = []conformance.Hook{"magic"}
	r = run(t, s, h, conformance.Options{})
	wantVerdict(t, r, conformance.Pass, "")
	if r.Count(conformance.Pass) != 1 || restarts != 1 || f.healed != 1 || r.Transport != conformance.Process {
		t.Errorf("%s over %s, %d restarts, healed %d times", r.Summary(), r.Transport, restarts, f.healed)
	}
}

func TestAloneMeansAlone(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int64
	enter := func(conformance.T, *env) {
		running.Add(1)
		defer running.Add(-1)
		runtime.Gosched() // let the others come
	}
	s := suite{Kind: "box"}
	for i := range 40 {
		c := kase{ID: fmt.Sprintf("XX-%03d", i), Name: "box/n", Rule: "r", Run: enter}
		if i%10 == 5 {
			c.Alone, c.Run = true, func(conformance.T, *env) {
				for range 100 {
					most.Store(max(most.Load(), running.Load()))
					runtime.Gosched()
				}
			}
		}
		s.Cases = append(s.Cases, c)
	}
	r := run(t, s, opening(&box{}), conformance.Options{Parallel: 8})
	wantVerdict(t, r, conformance.Pass, "")
	if most.Load() != 0 {
		t.Errorf("%d cases ran beside one that must be alone", most.Load())
	}
}
