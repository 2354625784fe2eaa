package interop_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

// written names what weWrite has written and the tests go on with.
type written struct {
	run, deletedRun               core.RunID
	experiment, deletedExperiment core.ExperimentID
}

// writer writes with a store, and fails the test when the store does not.
type writer struct {
	t testing.TB
	s *file.Tracking
}

func (w writer) experiment(spec core.ExperimentSpec) core.Experiment {
	w.t.Helper()
	e, err := w.s.CreateExperiment(w.t.Context(), spec)
	check(w.t, err)
	return e
}

func (w writer) run(in core.ExperimentID, spec core.RunSpec) core.Run {
	w.t.Helper()
	r, err := w.s.CreateRun(w.t.Context(), in, spec)
	check(w.t, err)
	return r
}

func (w writer) change(id core.RunID, c core.RunChange) {
	w.t.Helper()
	_, err := w.s.UpdateRun(w.t.Context(), id, c)
	check(w.t, err)
}

func (w writer) changeExperiment(id core.ExperimentID, c core.ExperimentChange) {
	w.t.Helper()
	check(w.t, w.s.UpdateExperiment(w.t.Context(), id, c))
}

// log may be called by any goroutine.
func (w writer) log(id core.RunID, b core.Batch) {
	w.t.Helper()
	if err := w.s.LogBatch(w.t.Context(), id, b); err != nil {
		w.t.Error(err)
	}
}

func (w writer) artifacts(r core.Run, files map[string]string) {
	w.t.Helper()
	a, err := file.NewArtifacts(r.ArtifactURI, file.ArtifactsOptions{})
	check(w.t, err)
	for path, text := range files {
		_, err := a.Put(w.t.Context(), path, strings.NewReader(text), core.PutOptions{})
		check(w.t, err)
	}
	check(w.t, a.Close())
}

// oddNames are names that YAML, file systems and search languages have trouble with.
func oddNames() []string {
	return []string{
		"Ünïcödé: 'q' \"d\" #1", "0123", "1e3", "null", "yes", "~", "1:30", "2020-01-01", " spaced ", "[a, b]", "emoji 🎉",
		"line\nbreak", "back\\slash\t\u2028\u0085", "%percent", "#hash: ", "&a *b !c", "- dash", "|", "0x1F", "-.inf", "=", "<<",
		strings.Repeat("x", 150),
	}
}

// oddValues are floating-point numbers whose texts are easy to get wrong.
func oddValues() []float64 {
	return []float64{
		0, math.Copysign(0, -1), 1, 0.1, 1.0 / 3, 1e22, 1e16, 1e15, 1e-4, 1e-5, 5e-324, math.MaxFloat64, 123456789.123456789,
		math.NaN(), math.Inf(1), math.Inf(-1), -1.5, 1<<53 + 2,
	}
}

// oddTexts are values by keys, both odd.
func oddTexts() map[string]string {
	return map[string]string{
		"plain": "x", "empty": "", "newline": "a\nb", "at the end": "a\n\n", "only": "\n", "unicode": "Ünïcödé 🎉 日本語", "spaces": "  x  ",
		"quotes": "'\"`", "tab": "\ta\t", "percent": "100%", "folder/deep/key": "deep", "folder/other": "other", "dots.in.key": "d",
		"dash-and_underscore": "u", "ünï": "k", "yaml": "{a: [1, 2]}", "separator": "a\u2028b\u0085c", "number": "017",
		"None": "None", "long": strings.Repeat("ü", 250), strings.Repeat("k", 200): "long key",
	}
}

// weWrite writes into the folder what this major version of MLflow can read.
func weWrite(t testing.TB, root string, major int) written {
	t.Helper()
	w := writer{t, open(t, root)}
	tags := map[string]string{"empty": "", "a/b": "ü\nx", "other.key -": "yes"}
	for i, name := range oddNames() {
		w.experiment(core.ExperimentSpec{Name: name, Tags: map[string]string{"n": strconv.Itoa(i)}})
	}
	far := w.experiment(core.ExperimentSpec{Name: "elsewhere", ArtifactLocation: root + "-elsewhere", Tags: tags})
	w.artifacts(w.run(far.ID, core.RunSpec{Name: "far"}), map[string]string{"far.txt": "far away"})

	e := w.experiment(core.ExperimentSpec{Name: "runs", Tags: tags})
	r := w.run(e.ID, core.RunSpec{Name: "values", User: "me", StartTime: 1600000000123})
	w.values(r)
	for _, name := range oddNames() {
		w.run(e.ID, core.RunSpec{Name: name, StartTime: 3})
	}
	w.searched(w.experiment(core.ExperimentSpec{Name: "searched"}).ID)
	if major >= 2 {
		w.lineage(w.experiment(core.ExperimentSpec{Name: "lineage"}).ID, major)
	}

	deleted := w.run(e.ID, core.RunSpec{Name: "deleted"})
	w.log(deleted.ID, core.Batch{Metrics: []core.Metric{{Key: "before", Value: 1, Timestamp: 1}}})
	w.change(deleted.ID, core.RunChange{Lifecycle: core.Deleted})
	restored := w.run(e.ID, core.RunSpec{Name: "restored"})
	w.change(restored.ID, core.RunChange{Lifecycle: core.Deleted})
	w.change(restored.ID, core.RunChange{Lifecycle: core.Active})
	trashed := w.experiment(core.ExperimentSpec{Name: "trashed", Tags: tags})
	w.run(trashed.ID, core.RunSpec{Name: "in the trash"})
	w.changeExperiment(trashed.ID, core.ExperimentChange{Lifecycle: core.Deleted})
	back := w.experiment(core.ExperimentSpec{Name: "back"})
	w.run(back.ID, core.RunSpec{Name: "back too"})
	w.changeExperiment(back.ID, core.ExperimentChange{Lifecycle: core.Deleted})
	w.changeExperiment(back.ID, core.ExperimentChange{Lifecycle: core.Active})
	name := "renamed: 'twice'"
	w.changeExperiment(back.ID, core.ExperimentChange{Name: &name})
	return written{run: r.ID, deletedRun: deleted.ID, experiment: back.ID, deletedExperiment: trashed.ID}
}

// there checks that what MLflow and we see is what weWrite was to write.
func (w written) there(t *testing.T, seen shown) {
	t.Helper()
	names := map[string]bool{}
	var r shownRun
	for _, e := range seen.Experiments {
		names["experiment "+e.Name] = true
		for id, run := range e.Runs {
			names["run "+run.Name] = true
			if id == w.run {
				r = run
			}
		}
	}
	for _, name := range oddNames() {
		if !names["experiment "+name] || !names["run "+name] {
			t.Errorf("no experiment or no run is called %q", name)
		}
	}
	for i, value := range oddValues() {
		want := []shownPoint{{numberOf(value), int64(i), core.Millis(i)}}
		if key := fmt.Sprint("value ", i); r.Latest[key] != numberOf(value) || !slices.Equal(r.History[key], want) {
			t.Errorf("metric %s is %s with history %v, want %v", key, r.Latest[key], r.History[key], want)
		}
	}
	for key, value := range oddTexts() {
		if r.Params[key] != value || r.Tags[key] != value {
			t.Errorf("param %q is %q and the tag %q, want %q", key, r.Params[key], r.Tags[key], value)
		}
	}
	for key, want := range map[string]int{"steps": 6, "times": 4, "tie": 4, "many": 3000, "single": 20, "a/b c/d.e": 1} {
		if got := len(r.History[key]); got != want {
			t.Errorf("metric %s has %d points, want %d", key, got, want)
		}
	}
	if tie, steps := r.Latest["tie"], r.Latest["steps"]; tie != "3" || steps != "3" {
		t.Errorf("the latest values are %s and %s, want 3 and 3", tie, steps)
	}
	if len(r.Artifacts) != 11 || r.Artifacts["dir/big.bin"].Size != 300000 {
		t.Errorf("artifacts %v", r.Artifacts)
	}
}

// values logs every kind of value to a run.
func (w writer) values(r core.Run) {
	w.t.Helper()
	var b core.Batch
	for i, v := range oddValues() {
		b.Metrics = append(b.Metrics, core.Metric{Key: fmt.Sprint("value ", i), Value: v, Timestamp: core.Millis(i), Step: int64(i)})
	}
	for i, step := range []int64{0, math.MinInt64, 7, math.MaxInt64, -5, 7} {
		b.Metrics = append(b.Metrics, core.Metric{Key: "steps", Value: float64(i), Timestamp: 1, Step: step})
	}
	for i, at := range []core.Millis{3, 0, 1 << 53, 9} {
		b.Metrics = append(b.Metrics, core.Metric{Key: "times", Value: float64(i), Timestamp: at, Step: 1})
	}
	for _, v := range []float64{1, 3, 2, 3, math.Inf(-1)} {
		b.Metrics = append(b.Metrics, core.Metric{Key: "tie", Value: v, Timestamp: 4, Step: 4})
	}
	for _, key := range []string{"deep/down/here", "deep/other", "with.dots", "with space", "ünï", "a/b c/d.e", strings.Repeat("m", 200)} {
		b.Metrics = append(b.Metrics, core.Metric{Key: key, Value: 1, Timestamp: 1, Step: 1})
	}
	for key, value := range oddTexts() {
		b.Params = append(b.Params, core.Param{Key: key, Value: value})
		b.Tags = append(b.Tags, core.Tag{Key: key, Value: value})
	}
	b.Params = append(b.Params, core.Param{Key: "lr", Value: "0.1"})
	b.Tags = append(b.Tags, core.Tag{Key: "removed", Value: "x"}, core.Tag{Key: "replaced", Value: "x"})
	w.log(r.ID, b)
	w.log(r.ID, b) // changes nothing
	for start := range 3 {
		var many core.Batch
		for n := start * 1000; n < (start+1)*1000; n++ {
			many.Metrics = append(many.Metrics, core.Metric{Key: "many", Value: 1 / float64(n+1), Timestamp: core.Millis(n), Step: int64(n)})
		}
		w.log(r.ID, many)
	}
	for n := range 20 { // one by one
		w.log(r.ID, core.Batch{Metrics: []core.Metric{{Key: "single", Value: float64(n) / 3, Timestamp: core.Millis(n), Step: int64(n)}}})
	}
	check(w.t, w.s.ChangeRunTags(w.t.Context(), r.ID, core.TagChange{Set: map[string]string{"late": "ü", "gone": "x"}}))
	check(w.t, w.s.ChangeRunTags(w.t.Context(), r.ID, core.TagChange{Delete: []string{"gone"}}))
	w.artifacts(r, map[string]string{
		"plain.txt": "text", "empty": "", "dir/sub/ünï cødé 🎉.txt": "ü", ".hidden": "h", "dir/..dots": "d", "a&b=c;d,e.txt": "s",
		"'q' \"d\".txt": "q", "[x]{y}(z)!.txt": "b", "space ": "trailing", "back~tick`$HOME": "t", "dir/big.bin": strings.Repeat("0123456789", 30000),
	})
}

// searched makes the runs that searches look for.
func (w writer) searched(in core.ExperimentID) {
	w.t.Helper()
	statuses := []core.RunStatus{core.Finished, core.Failed, core.Killed, core.Scheduled, core.Running}
	for i, status := range statuses {
		r := w.run(in, core.RunSpec{Name: "is " + status.String(), User: "me", StartTime: core.Millis(1700000000000 + i)})
		end := core.Millis(1700000000500 + i)
		if !status.Terminal() {
			end = 0
		}
		w.change(r.ID, core.RunChange{Status: status, EndTime: &end})
		w.run(in, core.RunSpec{StartTime: 1700000001000, Tags: map[string]string{core.ParentRunTag: string(r.ID)}})
	}
	named := w.run(in, core.RunSpec{Name: "old name", StartTime: 2})
	check(w.t, w.s.ChangeRunTags(w.t.Context(), named.ID, core.TagChange{Set: map[string]string{core.RunNameTag: "named by tag"}}))
	gone := w.run(in, core.RunSpec{Name: "gone", StartTime: 1})
	w.change(gone.ID, core.RunChange{Lifecycle: core.Deleted})
	scores := []float64{0.5, 0.25, 0.75, math.NaN(), math.Inf(1), math.Inf(-1), 0, 0.5, -1}
	for i, score := range scores {
		r := w.run(in, core.RunSpec{Name: fmt.Sprint("searched ", i), StartTime: core.Millis(1650000000000 + 100*(i%4))})
		b := core.Batch{Tags: []core.Tag{{Key: "group", Value: string("abc"[i%3])}, {Key: "a b/c.d", Value: strconv.Itoa(i)}}}
		if i != 6 {
			b.Metrics = []core.Metric{
				{Key: "score", Value: score, Timestamp: 1, Step: 1},
				{Key: "score", Value: 100, Timestamp: 1},
				{Key: "deep/score", Value: score, Timestamp: 1, Step: 1},
			}
		}
		if i%2 == 1 {
			b.Params = []core.Param{{Key: "kind", Value: "odd"}}
		} else if i > 0 {
			b.Params = []core.Param{{Key: "kind", Value: fmt.Sprint("Even ", i)}}
		}
		w.log(r.ID, b)
	}
}

// lineage logs datasets, and for MLflow 3 models.
func (w writer) lineage(in core.ExperimentID, major int) {
	w.t.Helper()
	ctx := w.t.Context()
	r, other := w.run(in, core.RunSpec{Name: "lineage"}), w.run(in, core.RunSpec{Name: "other"})
	iris := core.Dataset{Name: "iris", Digest: "d1", SourceType: "local", Source: `{"uri": "/tmp/iris: x"}`, Schema: `{"a": "ü"}`, Profile: "{}"}
	odd := core.Dataset{Name: "1:30", Digest: "0123", SourceType: "code", Source: "line\nbreak"}
	training := map[string]string{core.DataContextTag: "training", "a/b": "yes: no"}
	check(w.t, w.s.LogInputs(ctx, r.ID, core.Inputs{Datasets: []core.DatasetInput{{Dataset: iris, Tags: training}, {Dataset: odd}}}))
	check(w.t, w.s.LogInputs(ctx, other.ID, core.Inputs{Datasets: []core.DatasetInput{{Dataset: iris}}}))
	if major < 3 {
		return
	}
	made, err := w.s.CreateLoggedModel(ctx, in, core.LoggedModelSpec{
		Name: "made", Type: "yes", SourceRunID: r.ID, Tags: map[string]string{"t": "ü: x", "empty": ""},
		Params: map[string]string{"p": "017", "q": "a\nb"},
	})
	check(w.t, err)
	message := "all: good"
	_, err = w.s.UpdateLoggedModel(ctx, made.ID, core.LoggedModelChange{
		Status: core.ModelReady, StatusMessage: &message, Tags: core.TagChange{Set: map[string]string{"late": "v"}},
	})
	check(w.t, err)
	pending, err := w.s.CreateLoggedModel(ctx, in, core.LoggedModelSpec{})
	check(w.t, err)
	gone, err := w.s.CreateLoggedModel(ctx, in, core.LoggedModelSpec{Name: "gone"})
	check(w.t, err)
	check(w.t, w.s.DeleteLoggedModel(ctx, gone.ID))
	check(w.t, w.s.LogOutputs(ctx, r.ID, []core.ModelOutput{{ModelID: made.ID, Step: 3}, {ModelID: pending.ID}}))
	check(w.t, w.s.LogInputs(ctx, other.ID, core.Inputs{Models: []core.ModelID{made.ID}}))
	w.log(r.ID, core.Batch{Metrics: []core.Metric{
		{Key: "acc", Value: 0.5, Timestamp: 1, Step: 1, ModelID: made.ID},
		{Key: "acc", Value: 0.75, Timestamp: 2, Step: 2, ModelID: made.ID},
		{Key: "on data", Value: 0.25, Timestamp: 2, ModelID: made.ID, DatasetName: "iris", DatasetDigest: "d1"},
	}})
}
