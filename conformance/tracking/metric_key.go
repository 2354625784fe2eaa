package tracking

import (
	"fmt"
	"strconv"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func metricKeyCases() []entry {
	return []entry{
		{
			ID: "TS-091", Name: "metric/key-limits", Run: limitMetricKeys,
			Rule: "Keys may be as long as announced, in code points, and no longer.",
		},
		{
			ID: "TS-092", Name: "metric/key-alphabet", Run: keyAlphabet,
			Rule: "Letters and digits of every script, _ - . : / and blanks are allowed in keys, at every place.",
			Why:  "A store that makes file names or columns of keys tends to lose some of them.",
		},
		{
			ID: "TS-093", Name: "metric/key-path-escape", Run: refuseKeys,
			Rule: "Keys that are not in the normal form of a relative path, or have other characters, are ErrInvalid.",
			Why:  "A key that a store cleans, instead of refusing it, may land outside of the run's folder.",
		},
		{
			ID: "TS-094", Name: "metric/key-case-distinct", Run: keyCase,
			Rule: "Keys that differ in case are different keys, in the latest value, in histories and in search.",
		},
		{
			ID: "TS-095", Name: "metric/key-prefix-safe", Run: keyPrefixes,
			Rule: "Keys of which one is the start of another live side by side.",
		},
		{ID: "TS-096", Name: "metric/key-not-utf8", Run: refuseKeyOfBytes, Rule: "A key that is not valid UTF-8 is ErrInvalid."},
	}
}

func limitMetricKeys(t check, e *env) {
	r := newRunAlone(t, e)
	r.Metrics = map[string]core.Metric{}
	for i, row := range limitTable(e.Limits.Key, 0) {
		key := padded("k"+strconv.Itoa(i), row.key)
		err := e.Store.LogBatch(t.Context(), r.ID, core.Batch{Metrics: []core.Metric{point(key, 1, 1)}})
		if row.fits {
			conformance.NoError(t, row.name, err)
			r.Metrics[key] = point(key, 1, 1)
			sawHistory(t, e, r.ID, key, point(key, 1, 1))
			continue
		}
		conformance.Refused(t, row.name, err, core.ErrInvalid)
	}
	sawRun(t, e, r)
}

// oddKeys are keys that look dangerous and are not.
func oddKeys() []string {
	return []string{
		"a", "A1_-.:/z", "_", "-", "-a", ":", " ", " a", "a ", "a b", ".a", "a.", "a..b", "a/b/c", "a/.b", "a/b.", "a:b", "7",
		"Größe", "损失", "лосс", "٣", "con", "nul", "a.yaml", "meta.yaml", "metrics/loss", "tags", "__proto__", "a-b_c.d:e f/g",
	}
}

func keyAlphabet(t check, e *env) {
	r := newRunAlone(t, e)
	var batch core.Batch
	r.Metrics, r.Params = map[string]core.Metric{}, map[string]string{}
	for i, key := range oddKeys() {
		p := point(key, float64(i), int64(i))
		batch.Metrics = append(batch.Metrics, p)
		batch.Params = append(batch.Params, core.Param{Key: key, Value: key})
		batch.Tags = append(batch.Tags, core.Tag{Key: key, Value: key})
		r.Metrics[key], r.Params[key], r.Tags = p, key, with(r.Tags, key, key)
	}
	logBatch(t, e, r.ID, batch)
	sawRun(t, e, r)
	for _, p := range batch.Metrics {
		sawHistory(t, e, r.ID, p.Key, p)
	}
}

func refuseKeys(t check, e *env) {
	r := newRunAlone(t, e)
	for _, key := range badKeys() {
		for what, batch := range map[string]core.Batch{
			"metric": {Metrics: []core.Metric{{Key: key, Value: 1}}}, "param": {Params: []core.Param{{Key: key, Value: "v"}}},
			"tag": {Tags: []core.Tag{{Key: key, Value: "v"}}},
		} {
			err := e.Store.LogBatch(t.Context(), r.ID, batch)
			conformance.Refused(t, fmt.Sprintf("%s with key %q", what, key), err, core.ErrInvalid)
		}
		err := e.Store.ChangeRunTags(t.Context(), r.ID, core.TagChange{Set: map[string]string{key: "v"}})
		conformance.Refused(t, fmt.Sprintf("ChangeRunTags with key %q", key), err, core.ErrInvalid)
	}
	sawRun(t, e, r)
}

func keyCase(t check, e *env) {
	r := newRunAlone(t, e)
	logBatch(t, e, r.ID, core.Batch{
		Metrics: []core.Metric{point("Loss", 1, 1), point("loss", 2, 2)},
		Params:  []core.Param{{Key: "LR", Value: "1"}, {Key: "lr", Value: "2"}},
		Tags:    []core.Tag{{Key: "T", Value: "1"}, {Key: "t", Value: "2"}},
	})
	r.Metrics, r.Params = byKey(point("Loss", 1, 1), point("loss", 2, 2)), map[string]string{"LR": "1", "lr": "2"}
	r.Tags = with(with(r.Tags, "T", "1"), "t", "2")
	sawRun(t, e, r)
	sawHistory(t, e, r.ID, "Loss", point("Loss", 1, 1))
	sawHistory(t, e, r.ID, "loss", point("loss", 2, 2))
	in := []core.ExperimentID{r.ExperimentID}
	sawRuns(t, e, core.RunQuery{Experiments: in, Filter: "metrics.Loss = 1 AND params.lr = '2' AND tags.T = '1'"}, r.ID)
	sawRuns(t, e, core.RunQuery{Experiments: in, Filter: "metrics.loss = 1"})
	sawRuns(t, e, core.RunQuery{Experiments: in, Filter: "params.LR = '2'"})
}

func keyPrefixes(t check, e *env) {
	r := newRunAlone(t, e)
	var points []core.Metric
	for i, key := range []string{"a", "a/b", "ab", "a/b/c", "a.b", "a b", "A"} {
		points = append(points, point(key, float64(i), int64(i)), point(key, float64(-i), int64(i+1)))
	}
	logMetrics(t, e, r.ID, points...)
	r.Metrics = byKey(points...)
	sawRun(t, e, r)
	for i := 0; i < len(points); i += 2 {
		sawHistory(t, e, r.ID, points[i].Key, points[i], points[i+1])
	}
}

func refuseKeyOfBytes(t check, e *env) {
	r := newRunAlone(t, e)
	for _, batch := range []core.Batch{
		{Metrics: []core.Metric{{Key: "a\xff"}}},
		{Params: []core.Param{{Key: "a\xff"}}},
		{Tags: []core.Tag{{Key: "a\xff"}}},
		{Params: []core.Param{{Key: "a", Value: "\xff"}}},
		{Tags: []core.Tag{{Key: "a", Value: "\xc3("}}},
	} {
		conformance.Refused(t, fmt.Sprintf("%+v", batch), e.Store.LogBatch(t.Context(), r.ID, batch), core.ErrInvalid)
	}
	sawRun(t, e, r)
}
