package tracking

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func batchCases() []entry {
	return []entry{
		{ID: "TS-115", Name: "batch/empty", Run: emptyBatch, Rule: "A batch of nothing succeeds and changes nothing."},
		{ID: "TS-116", Name: "batch/mixed", Run: mixedBatch, Rule: "Metrics, params and tags of one batch are all there afterwards."},
		{ID: "TS-117", Name: "batch/at-limits", Run: fullBatches, Rule: "Batches as large as announced are taken."},
		{ID: "TS-122", Name: "batch/tag-twice", Run: tagTwice, Rule: "A tag that is twice in a batch gets its last value."},
		{
			ID: "TS-123", Name: "batch/same-key-many-points", Run: manyPoints,
			Rule: "Many points of one key in one batch are all kept, and the latest is the latest.",
		},
		{
			ID: "TS-124", Name: "batch/duplicates-across-key-groups", Run: repeatManyKeys,
			Rule: "A batch of many keys may be logged again with new ones among them; the union is kept, each point once.",
			Why:  "MLflow's SQL store looks for duplicates in groups of keys and once mixed them up.",
		},
		{ID: "TS-127", Name: "batch/finished-run", Run: logToFinished, Rule: "A run that has ended takes more (D-6)."},
		{
			ID: "TS-128", Name: "batch/larger-than-4MiB", Run: hugeBatch,
			Rule: "A batch within the limits is taken however many bytes it has.",
			Why:  "Wires have limits of their own: gRPC refuses messages above 4 MiB unless it is told otherwise.",
		},
	}
}

func emptyBatch(t check, e *env) {
	r := loggedRun(t, e)
	logBatch(t, e, r.ID, core.Batch{})
	logBatch(t, e, r.ID, core.Batch{Metrics: []core.Metric{}, Params: []core.Param{}, Tags: []core.Tag{}})
	sawRun(t, e, r)
}

func mixedBatch(t check, e *env) {
	r := newRunAlone(t, e)
	logBatch(t, e, r.ID, core.Batch{
		Metrics: []core.Metric{point("b", 1, 1), point("a", 2, 2), point("b", 3, 3)},
		Params:  []core.Param{{Key: "b", Value: "p"}, {Key: "a", Value: "q"}},
		Tags:    []core.Tag{{Key: "b", Value: "s"}, {Key: "a", Value: "t"}},
	})
	r.Metrics, r.Params = byKey(point("a", 2, 2), point("b", 3, 3)), map[string]string{"a": "q", "b": "p"}
	r.Tags = with(with(r.Tags, "a", "t"), "b", "s")
	sawRun(t, e, r)
	sawHistory(t, e, r.ID, "b", point("b", 1, 1), point("b", 3, 3))
}

// sized makes a batch of so many metrics, params and tags, all with keys of their own.
func sized(metrics, params, tags int) core.Batch {
	var b core.Batch
	for i := range metrics {
		b.Metrics = append(b.Metrics, point("m"+strconv.Itoa(i), float64(i), 1))
	}
	for i := range params {
		b.Params = append(b.Params, core.Param{Key: "p" + strconv.Itoa(i), Value: strconv.Itoa(i)})
	}
	for i := range tags {
		b.Tags = append(b.Tags, core.Tag{Key: "t" + strconv.Itoa(i), Value: strconv.Itoa(i)})
	}
	return b
}

// logged is the run after the batch, whose keys it did not have before.
func logged(r core.Run, b core.Batch) core.Run {
	r.Metrics = byKey(b.Metrics...)
	r.Params = map[string]string{}
	for _, p := range b.Params {
		r.Params[p.Key] = p.Value
	}
	for _, tag := range b.Tags {
		r.Tags = with(r.Tags, tag.Key, tag.Value)
	}
	return r
}

// batchLimits are the announced limits, with something large where there is none.
func batchLimits(e *env) (metrics, params, tags, total int) {
	or := func(limit int) int {
		if limit == 0 {
			return 1000
		}
		return limit
	}
	l := e.Limits
	return or(l.BatchMetrics), or(l.BatchParams), or(l.BatchTags), or(l.BatchTotal)
}

func fullBatches(t check, e *env) {
	metrics, params, tags, total := batchLimits(e)
	x := newExperiment(t, e, core.ExperimentSpec{})
	for _, batch := range []core.Batch{
		sized(min(metrics, total), 0, 0), sized(0, min(params, total), 0), sized(0, 0, min(tags, total)),
		sized(min(metrics, max(0, total-min(params, 100)-min(tags, 100))), min(params, 100), min(tags, 100)),
	} {
		r := newRun(t, e, x.ID, core.RunSpec{})
		logBatch(t, e, r.ID, batch)
		sawRun(t, e, logged(r, batch))
	}
}

func tagTwice(t check, e *env) {
	r := newRunAlone(t, e)
	logBatch(t, e, r.ID, core.Batch{Tags: []core.Tag{
		{Key: "a", Value: "1"},
		{Key: "b", Value: "x"},
		{Key: "a", Value: "2"},
		{Key: "a", Value: "0"},
	}})
	r.Tags = with(with(r.Tags, "a", "0"), "b", "x")
	sawRun(t, e, r)
}

func manyPoints(t check, e *env) {
	r := newRunAlone(t, e)
	var want []core.Metric
	for step := range int64(300) {
		want = append(want, point("m", float64((step*37)%101), step))
	}
	shuffled := append([]core.Metric(nil), want...)
	e.Rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	logMetrics(t, e, r.ID, shuffled...)
	sawHistory(t, e, r.ID, "m", want...)
	r.Metrics = byKey(want...)
	sawRun(t, e, r)
}

func repeatManyKeys(t check, e *env) {
	r := newRunAlone(t, e)
	batch := sized(150, 0, 0)
	logBatch(t, e, r.ID, batch)
	for i := range 10 {
		batch.Metrics = append(batch.Metrics, point("m"+strconv.Itoa(i*15), 7, 2), point("new"+strconv.Itoa(i), 8, 2))
	}
	logBatch(t, e, r.ID, batch)
	logBatch(t, e, r.ID, batch)
	r = logged(r, batch)
	sawRun(t, e, r)
	sawHistory(t, e, r.ID, "m15", point("m15", 15, 1), point("m15", 7, 2))
	sawHistory(t, e, r.ID, "m16", point("m16", 16, 1))
	sawHistory(t, e, r.ID, "new3", point("new3", 8, 2))
}

func logToFinished(t check, e *env) {
	r := newRunAlone(t, e)
	end := core.Millis(9)
	for _, status := range []core.RunStatus{core.Finished, core.Failed, core.Killed} {
		changeRun(t, e, r.ID, core.RunChange{Status: status, EndTime: &end})
		logBatch(t, e, r.ID, core.Batch{
			Metrics: []core.Metric{point("m", 1, int64(status))}, Params: []core.Param{{Key: status.String(), Value: "v"}},
		})
		r.Params = with(r.Params, status.String(), "v")
	}
	r.Status, r.EndTime, r.Metrics = core.Killed, end, byKey(point("m", 1, int64(core.Killed)))
	sawRun(t, e, r)
}

func hugeBatch(t check, e *env) {
	const enough = 5 << 20
	_, params, tags, _ := batchLimits(e)
	long := func(limit int) string {
		if limit == 0 {
			limit = 10_000
		}
		return strings.Repeat("🧪", limit) // 4 bytes each
	}
	batch := sized(0, min(params, 100), min(tags, 100))
	bytes := 0
	for i := range batch.Params {
		batch.Params[i].Value = long(e.Limits.ParamValue)
		bytes += len(batch.Params[i].Value)
	}
	for i := range batch.Tags {
		batch.Tags[i].Value = long(e.Limits.RunTag)
		bytes += len(batch.Tags[i].Value)
	}
	if bytes < enough {
		t.Logf("the limits allow %d bytes a batch", bytes)
	}
	r := newRunAlone(t, e)
	logBatch(t, e, r.ID, batch)
	sawRun(t, e, logged(r, batch))
}

func refusedBatchCases() []entry {
	return []entry{
		{
			ID: "TS-118", Name: "batch/over-limits", Run: overfullBatches,
			Rule: "A batch with one item too many is ErrInvalid, and nothing of it is written.",
		},
		{
			ID: "TS-119", Name: "batch/invalid-last-item", Run: badLastItem,
			Rule: "A batch with one bad item, even the last one, is ErrInvalid, and nothing of it is written.",
		},
		{
			ID: "TS-120", Name: "batch/param-conflict-late", Needs: []core.Capability{core.AtomicBatch}, Run: lateConflict,
			Rule: "A batch whose last param contradicts the run is refused whole: no metric, tag or param of it is written (D-7).",
			Why:  "MLflow writes params, metrics and tags in transactions of their own.",
		},
		{
			ID: "TS-121", Name: "batch/duplicate-param-keys", Run: paramTwice,
			Rule: "A param key twice in a batch is ErrInvalid, even with equal values, and nothing is written (D-13).",
		},
		{ID: "TS-125", Name: "batch/missing-run", Run: logToNobody, Rule: "A batch for an unknown run is ErrNotFound, with its id."},
		{
			ID: "TS-126", Name: "batch/deleted-run", Run: logToDeleted,
			Rule: "A batch for a deleted run is ErrState, and nothing is written (D-6).",
		},
	}
}

// refuseBatch logs what must be refused and observes that the run is as it was.
func refuseBatch(t check, e *env, r core.Run, what string, b core.Batch) {
	t.Helper()
	conformance.Refused(t, what, e.Store.LogBatch(t.Context(), r.ID, b), core.ErrInvalid)
	sawRun(t, e, r)
	if len(b.Metrics) > 0 {
		if _, there := r.Metrics[b.Metrics[0].Key]; !there {
			sawHistory(t, e, r.ID, b.Metrics[0].Key)
		}
	}
}

func overfullBatches(t check, e *env) {
	r := newRunAlone(t, e)
	l := e.Limits
	for what, batch := range map[string]core.Batch{
		"metrics": sized(l.BatchMetrics+1, 0, 0), "params": sized(0, l.BatchParams+1, 0), "tags": sized(0, 0, l.BatchTags+1),
		"items": sized(l.BatchTotal-1, 1, 1),
	} {
		limit := map[string]int{"metrics": l.BatchMetrics, "params": l.BatchParams, "tags": l.BatchTags, "items": l.BatchTotal}[what]
		if limit > 0 {
			refuseBatch(t, e, r, fmt.Sprintf("%d %s", limit+1, what), batch)
		}
	}
}

func badLastItem(t check, e *env) {
	r := newRunAlone(t, e)
	metric := func(m core.Metric) core.Batch {
		b := sized(300, 10, 10)
		b.Metrics = append(b.Metrics, m)
		return b
	}
	param, tag := sized(300, 10, 10), sized(300, 10, 10)
	param.Params = append(param.Params, core.Param{Key: "../p", Value: "v"})
	tag.Tags = append(tag.Tags, core.Tag{Key: "t", Value: "\xff"})
	refuseBatch(t, e, r, "a metric key that climbs", metric(core.Metric{Key: "../m"}))
	refuseBatch(t, e, r, "a negative time", metric(core.Metric{Key: "m", Timestamp: -1}))
	refuseBatch(t, e, r, "half a dataset", metric(core.Metric{Key: "m", DatasetName: "d"}))
	refuseBatch(t, e, r, "a param key that climbs", param)
	refuseBatch(t, e, r, "a tag of bytes", tag)
}

func lateConflict(t check, e *env) {
	r := newRunAlone(t, e)
	logBatch(t, e, r.ID, core.Batch{Params: []core.Param{{Key: "p9", Value: "first"}}})
	r.Params = map[string]string{"p9": "first"}
	refuseBatch(t, e, r, "a param that contradicts", sized(50, 10, 10))
}

func paramTwice(t check, e *env) {
	r := newRunAlone(t, e)
	for _, second := range []string{"0", "other"} {
		batch := sized(3, 3, 3)
		batch.Params = append(batch.Params, core.Param{Key: "p0", Value: second})
		conformance.Refused(t, "a param twice", e.Store.LogBatch(t.Context(), r.ID, batch), core.ErrInvalid, "p0")
		refuseBatch(t, e, r, "a param twice", batch)
	}
}

func logToNobody(t check, e *env) {
	const id = "0123456789abcdef0123456789abcdef"
	for _, batch := range []core.Batch{sized(1, 1, 1), sized(1, 0, 0), sized(0, 1, 0), sized(0, 0, 1)} {
		conformance.Refused(t, "LogBatch", e.Store.LogBatch(t.Context(), id, batch), core.ErrNotFound, id)
	}
}

func logToDeleted(t check, e *env) {
	r := loggedRun(t, e)
	changeRun(t, e, r.ID, core.RunChange{Lifecycle: core.Deleted})
	r.Lifecycle = core.Deleted
	for _, batch := range []core.Batch{sized(1, 1, 1), sized(1, 0, 0), sized(0, 1, 0), sized(0, 0, 1)} {
		conformance.Refused(t, "LogBatch", e.Store.LogBatch(t.Context(), r.ID, batch), core.ErrState, string(r.ID))
	}
	sawRun(t, e, r)
	sawHistory(t, e, r.ID, "m0")
}
