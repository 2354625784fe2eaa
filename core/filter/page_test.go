package filter_test

import (
	"errors"
	"iter"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// drawRun makes a run from few values, so that ties abound.
func drawRun(t *rapid.T, id int) core.Run {
	r := run(strconv.Itoa(id))
	r.StartTime = core.Millis(rapid.IntRange(0, 3).Draw(t, "start"))
	r.EndTime = core.Millis(rapid.IntRange(0, 2).Draw(t, "end"))
	rank(t, &r)
	if text := rapid.SampledFrom([]string{"none", "", "a", "B", "ä\x00"}).Draw(t, "param"); text != "none" {
		r.Params["p"] = text
	}
	return r
}

// rank gives the run another metric to be ordered by.
func rank(t *rapid.T, r *core.Run) {
	values := []float64{0, math.Copysign(0, -1), 1, .1 + .2, math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN()}
	if n := rapid.IntRange(0, len(values)).Draw(t, "metric"); n < len(values) {
		r.Metrics = map[string]core.Metric{"m": {Key: "m", Value: values[n]}}
	} else {
		r.Metrics = nil
	}
}

func drawOrder(t *rapid.T) []string {
	keys := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"metrics.m", "params.p", "start_time", "end_time", "run_id", "status"}),
		0, 3, rapid.ID).Draw(t, "order")
	for i := range keys {
		keys[i] += rapid.SampledFrom([]string{"", " DESC"}).Draw(t, "direction")
	}
	return keys
}

func runID(r core.Run) string { return string(r.ID) }

// stream yields the items.
func stream[T any](items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func TestPagesAreTheWholeInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var runs []core.Run
		for id := range rapid.IntRange(0, 12).Draw(t, "runs") {
			runs = append(runs, drawRun(t, id))
		}
		q := core.RunQuery{Experiments: []core.ExperimentID{"1"}, OrderBy: drawOrder(t)}
		q.Filter = rapid.SampledFrom([]string{"", "metrics.m != 1", "params.p IS NULL", "start_time > 0"}).Draw(t, "filter")
		query := func(limit int, token string) *filter.Query[core.Run] {
			q.PageOptions = core.PageOptions{Limit: limit, Token: token}
			parsed, err := filter.Runs(q, core.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			return parsed
		}
		whole := query(0, "").Slice(runs)
		if whole.Next != "" {
			t.Fatal("the only page has a token")
		}
		want := names(whole.Items, runID)
		if len(want) != len(slices.Compact(slices.Sorted(slices.Values(want)))) {
			t.Fatalf("runs appear twice: %v", want)
		}
		for _, limit := range []int{1, 2, 3, max(1, len(want)-1), max(1, len(want)), len(want) + 1} {
			var got []string
			for token := ""; ; {
				parsed := query(limit, token)
				page, err := parsed.Page(stream(runs))
				if err != nil {
					t.Fatal(err)
				}
				if same := parsed.Slice(runs); !cmp.Equal(page, same, cmpopts.EquateNaNs()) {
					t.Fatalf("Page and Slice differ:\n%s", cmp.Diff(page, same, cmpopts.EquateNaNs()))
				}
				if less := collectLess(t, parsed, runs); !cmp.Equal(page, less, cmpopts.EquateNaNs()) {
					t.Fatalf("Page and a Collector that is spared the hopeless differ:\n%s", cmp.Diff(page, less, cmpopts.EquateNaNs()))
				}
				got = append(got, names(page.Items, runID)...)
				if page.Next == "" {
					break
				}
				if last := &page.Items[len(page.Items)-1]; parsed.Token(last) != page.Next {
					t.Fatal("Token and Next differ")
				}
				if at, _ := query(limit, page.Next).After(); parsed.TokenAt(at) != page.Next {
					t.Fatal("TokenAt and Next differ")
				}
				if len(page.Items) != limit || len(got) >= len(want) {
					t.Fatalf("a page of %d runs, %d in all of %d, has a token", len(page.Items), len(got), len(want))
				}
				token = page.Next
				rapidShuffle(t, runs)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("pages of %d (-want +got):\n%s", limit, diff)
			}
		}
	})
}

// collectLess makes a page of the runs that are not hopeless, as they look to somebody who has not read their attributes.
func collectLess(t *rapid.T, q *filter.Query[core.Run], runs []core.Run) core.Page[core.Run] {
	c := q.Collect()
	for _, r := range runs {
		unread := core.Run{RunData: r.RunData}
		unread.StartTime = core.Millis(rapid.IntRange(0, 3).Draw(t, "unread"))
		if !c.Hopeless(&unread) {
			c.Add(&r)
		}
	}
	return c.Page()
}

func rapidShuffle(t *rapid.T, runs []core.Run) {
	copy(runs, rapid.Permutation(runs).Draw(t, "shuffled"))
}

// TestWalksWhileRunsChange: a walk shows every run that is there all along and keeps its place exactly once, whatever else
// comes, goes and moves between its pages; what moves appears at most twice.
func TestWalksWhileRunsChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var runs []core.Run
		next := rapid.IntRange(1, 12).Draw(t, "runs")
		steady := map[string]bool{}
		for id := range next {
			runs = append(runs, drawRun(t, id))
			steady[strconv.Itoa(id)] = true
		}
		q := core.RunQuery{Experiments: []core.ExperimentID{"1"}, OrderBy: drawOrder(t)}
		seen := map[string]int{}
		for pages := 0; ; pages++ {
			if pages > 60 {
				t.Fatal("the walk does not end")
			}
			q.Limit = rapid.IntRange(1, 5).Draw(t, "limit") // another length each time
			parsed, err := filter.Runs(q, core.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			page := parsed.Slice(runs)
			for _, r := range page.Items {
				seen[runID(r)]++
			}
			if page.Next == "" {
				break
			}
			q.Token = page.Next
			if pages > 20 {
				continue
			}
			for range rapid.IntRange(0, 3).Draw(t, "changes") {
				at := -1
				if len(runs) > 0 {
					at = rapid.IntRange(0, len(runs)-1).Draw(t, "which")
				}
				switch what := rapid.SampledFrom([]string{"insert", "delete", "delete last", "rank"}).Draw(t, "what"); {
				case what == "insert" || at < 0:
					runs = append(runs, drawRun(t, next))
					next++
				case what == "rank":
					steady[runID(runs[at])] = false
					rank(t, &runs[at])
				default:
					if what == "delete last" && len(page.Items) > 0 { // the one that the token names
						gone := page.Items[len(page.Items)-1].ID
						at = slices.IndexFunc(runs, func(r core.Run) bool { return r.ID == gone })
					}
					if at >= 0 {
						steady[runID(runs[at])] = false
						runs = slices.Delete(runs, at, at+1)
					}
				}
			}
		}
		for id, times := range seen {
			if steady[id] && times != 1 {
				t.Fatalf("run %s, there all along, appeared %d times", id, times)
			}
		}
		for id, still := range steady {
			if still && seen[id] == 0 {
				t.Fatalf("run %s, there all along, did not appear", id)
			}
		}
	})
}

func TestPageStopsAtTheFirstError(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	q := must[core.Run](t)(runsIn())
	page, err := q.Page(func(yield func(core.Run, error) bool) {
		if yield(run("a"), nil) && yield(core.Run{}, broken) {
			t.Error("it went on")
		}
	})
	if !errors.Is(err, broken) || len(page.Items) > 0 {
		t.Errorf("got %v and %d items", err, len(page.Items))
	}
}

func TestPageLengths(t *testing.T) {
	t.Parallel()
	l := core.DefaultLimits()
	limit := func(n int) (int, error) {
		q, err := filter.Models(core.ModelQuery{PageOptions: core.PageOptions{Limit: n}}, l)
		if err != nil {
			return 0, err
		}
		return q.Limit(), nil
	}
	for asked, want := range map[int]int{0: 100, 1: 1, 1000: 1000} {
		if got, err := limit(asked); got != want || err != nil {
			t.Errorf("for %d the limit is %d (%v), want %d", asked, got, err, want)
		}
	}
	for _, asked := range []int{-1, 1001} {
		_, err := limit(asked)
		wantInvalid(t, err, "max_results", strconv.Itoa(asked))
	}
	if _, err := filter.Models(core.ModelQuery{}, core.Limits{}); !errors.Is(err, core.ErrInternal) {
		t.Errorf("a store without page lengths: %v", err)
	}
}
