package core_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

// purging is a store with one ability.
type purging struct{ core.Store }

func (purging) PurgeRun(context.Context, core.RunID) error               { return nil }
func (purging) PurgeExperiment(context.Context, core.ExperimentID) error { return nil }
func (purging) PurgeLoggedModel(context.Context, core.ModelID) error     { return nil }

// guarded hides the ability of the store within, or passes it on.
type guarded struct {
	purging
	open bool
}

func (g guarded) Ability(target any) bool {
	return g.open && core.Provide[core.Purger](target, g.purging)
}

func TestAs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		store core.Store
		want  bool
	}{
		"implemented": {purging{}, true}, "passed on": {guarded{open: true}, true}, "withheld": {guarded{}, false}, "no store": {nil, false},
	} {
		purger, ok := core.As[core.Purger](test.store)
		if ok != test.want || (purger != nil) != test.want {
			t.Errorf("%s: %v, %v", name, purger, ok)
		}
		if _, ok := core.As[core.Lineage](test.store); ok {
			t.Errorf("%s: has Lineage", name)
		}
	}
}

func TestCapabilitiesOf(t *testing.T) {
	t.Parallel()
	got := core.CapabilitiesOf(purging{}, core.FloatInf, core.AtomicBatch, core.FloatInf)
	want := []core.Capability{core.AtomicBatch, core.FloatInf, "purger"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := core.CapabilitiesOf(guarded{}); len(got) != 0 {
		t.Errorf("a withheld ability is declared: %v", got)
	}
}

func TestAll(t *testing.T) {
	t.Parallel()
	fetch := func(_ context.Context, o core.PageOptions) (core.Page[int], error) {
		switch o.Token {
		case "":
			return core.Page[int]{Items: []int{1, 2}, Next: "a"}, nil
		case "a": // a page may be empty and not the last
			return core.Page[int]{Next: "b"}, nil
		case "b":
			return core.Page[int]{Items: []int{3}}, nil
		}
		return core.Page[int]{}, errors.New("unknown token")
	}
	var got []int
	for item, err := range core.All(t.Context(), fetch, core.PageOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, item)
	}
	if diff := cmp.Diff([]int{1, 2, 3}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for start := range 5 { // pages before the circle
		for length := 1; length < 9; length++ {
			rounds := 0
			circle := func(_ context.Context, o core.PageOptions) (core.Page[int], error) {
				rounds++
				next := len(o.Token) + 1
				if next > start+length {
					next = start + 1
				}
				return core.Page[int]{Next: strings.Repeat("x", next)}, nil
			}
			for _, err := range core.All(t.Context(), circle, core.PageOptions{}) {
				if !errors.Is(err, core.ErrInternal) {
					t.Errorf("tokens in a circle: %v", err)
				}
			}
			if rounds > 4*(start+length+1) {
				t.Errorf("%d rounds in a circle of %d after %d", rounds, length, start)
			}
		}
	}
}

func TestCheckPage(t *testing.T) {
	t.Parallel()
	bound := core.Bound{Default: 10, Max: 20}
	for limit, want := range map[int]int{0: 10, 1: 1, 20: 20, -1: 0, 21: 0} {
		got, err := core.CheckPage(core.PageOptions{Limit: limit}, bound)
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("CheckPage(%d) = %d, %v", limit, got, err)
		}
	}
}

// Every promise that capability.go declares is among the names, which are sorted.
func TestPromiseNames(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "capability.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []core.Capability
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil {
			return true
		}
		if ident, ok := spec.Type.(*ast.Ident); ok && ident.Name == "Capability" {
			text, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			declared = append(declared, core.Capability(text))
		}
		return false
	})
	slices.Sort(declared)
	if diff := cmp.Diff(declared, core.PromiseNames()); diff != "" {
		t.Errorf("(-declared +named):\n%s", diff)
	}
}
