package rest_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// What writes itself must say what encoding/json says of the same value.
func TestAppendedJSONIsThatOfTheStructs(t *testing.T) {
	t.Parallel()
	bare := rest.RunOf(core.Run{RunInfo: core.RunInfo{ID: "r", Status: core.Running}})
	whole := rest.RunOf(wholeRun())
	twice := whole
	twice.Data.Tags = []rest.Tag{{Key: "bad \xff utf-8", Value: "\x1f\t\"\\/"}, {Key: "", Value: ""}}
	for name, v := range map[string]interface{ AppendJSON(b []byte) []byte }{
		"whole run": rest.RunAnswer{Run: whole},
		"bare run":  rest.RunAnswer{Run: bare},
		"info":      rest.UpdateRunAnswer{RunInfo: whole.Info},
		"odd tags":  rest.RunAnswer{Run: twice},
	} {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(anything(t, want), anything(t, v.AppendJSON(nil))); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if got := string(v.AppendJSON([]byte("x"))); got != "x"+string(v.AppendJSON(nil)) {
			t.Errorf("%s: what is before is not kept: %s", name, got)
		}
	}
}

func TestAppendedRunsAreAList(t *testing.T) {
	t.Parallel()
	runs := []core.Run{wholeRun(), {RunInfo: core.RunInfo{ID: "r", Status: core.Running}}, wholeRun()}
	for n := range len(runs) + 1 {
		want := make([]rest.Run, n)
		for i, r := range runs[:n] {
			want[i] = rest.RunOf(r)
		}
		text, err := json.Marshal(want)
		must(t, err)
		got := append(rest.AppendRuns([]byte(`[`), runs[:n]), ']')
		if d := cmp.Diff(anything(t, text), anything(t, got)); d != "" {
			t.Errorf("%d runs: %s", n, d)
		}
	}
}

func anything(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

func TestHistoriesSurviveTheWire(t *testing.T) {
	t.Parallel()
	points := []core.Metric{
		{Key: "k", Value: math.NaN(), Timestamp: 0, Step: -1},
		{Key: "k", Value: -0.1, Timestamp: math.MaxInt64, Step: math.MinInt64, ModelID: "m", DatasetName: "d", DatasetDigest: "e"},
		{Key: "k", Value: math.MaxFloat64},
		{Key: "k", Value: math.SmallestNonzeroFloat64},
		{Key: "k", Value: math.Inf(1)},
	}
	for n := range len(points) + 1 {
		var page rest.MetricsPage
		text := append(rest.AppendMetrics([]byte(`{"metrics":[`), points[:n]), ']')
		must(t, json.Unmarshal(append(rest.AppendToken(text, "t"), '}'), &page))
		var runs rest.Histories
		for i, m := range points[:n] {
			if d := cmp.Diff(m, page.Metrics[i].Core(), cmpopts.EquateNaNs()); d != "" {
				t.Error(d)
			}
			runs = append(runs, core.RunMetric{RunID: "r", Metric: m})
		}
		if len(page.Metrics) != n || page.NextPageToken != "t" {
			t.Errorf("%d of %d points, token %q", len(page.Metrics), n, page.NextPageToken)
		}
		if text := runs.AppendJSON(nil); !strings.HasPrefix(string(text), `{"metrics":[`) {
			t.Errorf("%d points in bulk: %s", n, text)
		}
		var bulk rest.MetricsPage
		must(t, json.Unmarshal(runs.AppendJSON(nil), &bulk))
		for i, m := range runs {
			if d := cmp.Diff(m, bulk.Metrics[i].RunMetric(), cmpopts.EquateNaNs()); d != "" {
				t.Error(d)
			}
		}
		if len(bulk.Metrics) != n {
			t.Errorf("%d of %d points in bulk", len(bulk.Metrics), n)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
