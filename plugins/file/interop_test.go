package file_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
)

// TestInterop lets MLflow and the store work on one folder in turn: each must show what the other has written.
func TestInterop(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.30.1", "2.22.5", "3.18.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			python := testenv.MLflow(t, version)
			dir := filepath.Join(t.TempDir(), "mlruns")
			agree := func(what string) {
				t.Helper()
				want := mlflow(t, python, what, dir)
				if diff := cmp.Diff(want, shownLikeMLflow(t, dir)); diff != "" {
					t.Errorf("after %q (-MLflow +store):\n%s", what, diff)
				}
			}
			agree("write")
			writeForMLflow(t, dir)
			agree("show")
			agree("change")
			continueAfterMLflow(t, dir)
			agree("show")
			for _, problem := range leftovers(t, dir) {
				if !strings.Contains(problem, "has twice") { // MLflow has logged a point twice
					t.Errorf("found %s", problem)
				}
			}
		})
	}
}

func mlflow(t *testing.T, python *testenv.Python, what, dir string) []string {
	t.Helper()
	script, err := os.ReadFile("testdata/interop.py")
	check(t, err)
	answer := filepath.Join(t.TempDir(), "answer.json")
	python.Run(t, string(script), what, dir, answer)
	data, err := os.ReadFile(answer)
	check(t, err)
	var lines []json.RawMessage
	check(t, json.Unmarshal(data, &lines))
	var all []string
	for _, line := range lines {
		var value any
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.UseNumber()
		check(t, decoder.Decode(&value))
		all = append(all, encoded(t, value))
	}
	slices.Sort(all)
	return all
}

func encoded(t *testing.T, value any) string {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	check(t, encoder.Encode(value))
	return b.String()
}

// shownLikeMLflow writes down what the store shows as testdata/interop.py does.
func shownLikeMLflow(t *testing.T, dir string) []string {
	t.Helper()
	s := openTracking(t, dir)
	var all []string
	add := func(fields ...any) { all = append(all, encoded(t, fields)) }
	experiments, err := s.SearchExperiments(t.Context(), core.ExperimentQuery{View: core.AllStages})
	check(t, err)
	for _, e := range experiments.Items {
		add("experiment", e.Name, e.Lifecycle, e.Tags, e.ArtifactLocation)
		runs, err := s.SearchRuns(t.Context(), core.RunQuery{Experiments: []core.ExperimentID{e.ID}, View: core.AllStages})
		check(t, err)
		for _, r := range runs.Items {
			name := r.Tags[core.RunNameTag]
			add("run", e.Name, name, r.Status.String(), r.Lifecycle, r.StartTime, r.EndTime, r.ArtifactURI, r.Params, r.Tags)
			for key, latest := range r.Metrics {
				page, err := s.MetricHistory(t.Context(), r.ID, key, core.HistoryOptions{})
				check(t, err)
				var points []any
				for _, m := range page.Items {
					points = append(points, []any{m.Timestamp, m.Step, pythonFloat(m.Value)})
				}
				add("metric", e.Name, name, key, pythonFloat(latest.Value), points)
			}
		}
	}
	slices.Sort(all)
	return all
}

// pythonFloat is Python's repr of a number.
func pythonFloat(value float64) string {
	switch {
	case math.IsNaN(value):
		return "nan"
	case math.IsInf(value, 0):
		return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(value, 'g', -1, 64)), "+")
	}
	if size := math.Abs(value); size != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.FormatFloat(value, 'e', -1, 64)
	}
	text := strconv.FormatFloat(value, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// writeForMLflow makes experiments and runs that MLflow then reads and goes on with.
func writeForMLflow(t *testing.T, dir string) {
	t.Helper()
	s := openTracking(t, dir)
	ctx := t.Context()
	x, err := s.CreateExperiment(ctx, core.ExperimentSpec{
		Name: "from mlstore", Tags: map[string]string{"note": "a: b # c\n'x' \u2028 \x7f 😀", "12.30": "yes"},
	})
	check(t, err)
	for i, p := range []string{"yes", "to delete", "1e3", "0123", "=", "null", "~", " blank ", "a\r\nb", "é\u0085"} {
		r, err := s.CreateRun(ctx, x.ID, core.RunSpec{
			Name: "run " + p, User: p, StartTime: core.Millis(1 + i), Tags: map[string]string{"t": p, "gone": "x", "sub/tag": ""},
		})
		check(t, err)
		check(t, s.LogBatch(ctx, r.ID, core.Batch{
			Metrics: []core.Metric{
				{Key: "m", Value: 0.75, Timestamp: 5, Step: 5},
				{Key: "m", Value: math.NaN(), Timestamp: 4, Step: 4},
				{Key: "a/b c", Value: math.Copysign(0, -1)},
				{Key: "inf", Value: math.Inf(-1), Step: -3},
				{Key: "big", Value: 1.7976931348623157e308},
				{Key: "edge", Value: 1e16},
				{Key: "small", Value: 0.00001},
			},
			Params: []core.Param{{Key: "p", Value: p}, {Key: "other/p", Value: "x"}},
		}))
	}
	for _, name := range []string{"to rename", "to delete", "to restore"} {
		made, err := s.CreateExperiment(ctx, core.ExperimentSpec{Name: name})
		check(t, err)
		_, err = s.CreateRun(ctx, made.ID, core.RunSpec{Name: "of " + name})
		check(t, err)
		if name == "to restore" {
			check(t, s.UpdateExperiment(ctx, made.ID, core.ExperimentChange{Lifecycle: core.Deleted}))
		}
	}
}

// continueAfterMLflow changes what MLflow has changed last.
func continueAfterMLflow(t *testing.T, dir string) {
	t.Helper()
	s := openTracking(t, dir)
	ctx := t.Context()
	x, err := s.Experiment(ctx, core.ExperimentRef{Name: "from mlstore"})
	check(t, err)
	page, err := s.SearchRuns(ctx, core.RunQuery{Experiments: []core.ExperimentID{x.ID}, Filter: "params.`from mlflow` = '1'"})
	check(t, err)
	if len(page.Items) != 1 {
		t.Fatalf("%d runs that MLflow has changed", len(page.Items))
	}
	id := page.Items[0].ID
	check(t, s.LogBatch(ctx, id, core.Batch{Metrics: []core.Metric{{Key: "m", Value: 10, Timestamp: 10, Step: 10}}}))
	_, err = s.UpdateRun(ctx, id, core.RunChange{Name: "renamed by mlstore", Status: core.Killed})
	check(t, err)
	deleted, err := s.Experiment(ctx, core.ExperimentRef{Name: "deleted by mlflow"})
	check(t, err)
	check(t, s.UpdateExperiment(ctx, deleted.ID, core.ExperimentChange{Lifecycle: core.Active}))
	mine, err := s.Experiment(ctx, core.ExperimentRef{Name: "from mlflow: 1:30 é"})
	check(t, err)
	check(t, s.UpdateExperiment(ctx, mine.ID, core.ExperimentChange{Lifecycle: core.Deleted}))
}
