package tracking

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func metricCases() []entry {
	return []entry{
		{
			ID: "TS-077", Name: "metric/history-complete", Run: wholeHistory,
			Rule: "A history has every point that was logged, with its value, time and step.",
		},
		{
			ID: "TS-078", Name: "metric/history-order", Run: historyOrder,
			Rule: "A history is in order of time, then step, then value, whatever the order of logging.",
		},
		{
			ID: "TS-079", Name: "metric/history-unknown-key", Run: unknownKey,
			Rule: "The history of a key that was never logged is empty, and no error.",
		},
		{
			ID: "TS-080", Name: "metric/history-missing-run", Needs: []core.Capability{core.HistoryMissingRun}, Run: historyOfNobody,
			Rule: "The history of an unknown run is ErrNotFound, with its id.",
		},
		{ID: "TS-082", Name: "metric/negative-and-huge-steps", Run: hugeSteps, Rule: "Steps are 64 bits wide and may be negative."},
		{ID: "TS-083", Name: "metric/same-step-many-values", Run: sameStep, Rule: "Several values at one step are all kept."},
		{
			ID: "TS-084", Name: "metric/exact-duplicate", Run: duplicatePoint,
			Rule: "The same point logged again, alone or in a batch, is still one point (D-1).",
			Why:  "Otherwise a batch that is repeated after a lost answer counts twice; MLflow's file store appends it again.",
		},
		{
			ID: "TS-085", Name: "metric/timestamps", Run: timestamps,
			Rule: "Times are kept to the millisecond; 0 is one, a negative one is ErrInvalid.",
		},
		{
			ID: "TS-086", Name: "metric/nan", Run: notANumber,
			Rule: "NaN is a value like others, in the latest value and in the history.",
		},
		{
			ID: "TS-087", Name: "metric/infinities", Run: infinities,
			Rule: "Infinities survive where float.inf is declared, and else become the largest floats of their sign (D-2).",
		},
		{ID: "TS-088", Name: "metric/edge-floats", Run: edgeFloats, Rule: "Floats come back bit by bit."},
		{
			ID: "TS-090", Name: "metric/random-floats-bit-exact", Level: conformance.Extended, Run: randomFloats,
			Rule: "Ten thousand floats of random bits come back bit by bit.",
		},
	}
}

func wholeHistory(t check, e *env) {
	r := newRunAlone(t, e)
	var all []core.Metric
	for i := range 50 {
		p := core.Metric{Key: "loss", Value: 1 / float64(i+1), Timestamp: core.Millis(1_700_000_000_000 + i*7), Step: int64(i * 3)}
		all = append(all, p)
		logMetrics(t, e, r.ID, p)
	}
	sawHistory(t, e, r.ID, "loss", all...)
	r.Metrics = byKey(all...)
	sawRun(t, e, r)
}

func historyOrder(t check, e *env) {
	r := newRunAlone(t, e)
	want := []core.Metric{
		{Key: "m", Value: 9, Timestamp: 1, Step: 7},
		{Key: "m", Value: 1, Timestamp: 2, Step: -1},
		{Key: "m", Value: math.NaN(), Timestamp: 2, Step: 3},
		{Key: "m", Value: -5, Timestamp: 2, Step: 3},
		{Key: "m", Value: 5, Timestamp: 2, Step: 3},
		{Key: "m", Value: 0, Timestamp: 2, Step: 4},
		{Key: "m", Value: 3, Timestamp: 9, Step: 0},
	}
	shuffled := slices.Clone(want)
	e.Rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, p := range shuffled {
		logMetrics(t, e, r.ID, p)
	}
	sawHistory(t, e, r.ID, "m", want...)
}

func unknownKey(t check, e *env) {
	r := newRunAlone(t, e)
	logMetrics(t, e, r.ID, point("m", 1, 1))
	for _, key := range []string{"n", "M", "m/n", "m "} {
		sawHistory(t, e, r.ID, key)
	}
}

func historyOfNobody(t check, e *env) {
	const id = "0123456789abcdef0123456789abcdef"
	_, err := e.Store.MetricHistory(t.Context(), id, "m", core.HistoryOptions{})
	conformance.Refused(t, "MetricHistory", err, core.ErrNotFound, id)
}

func hugeSteps(t check, e *env) {
	r := newRunAlone(t, e)
	var want []core.Metric
	for i, step := range []int64{math.MinInt64, -1, 0, 1<<53 + 1, math.MaxInt64} {
		want = append(want, core.Metric{Key: "m", Value: float64(i), Timestamp: 5, Step: step})
	}
	logMetrics(t, e, r.ID, want...)
	sawHistory(t, e, r.ID, "m", want...)
	r.Metrics = byKey(want...)
	sawRun(t, e, r)
}

func sameStep(t check, e *env) {
	r := newRunAlone(t, e)
	want := []core.Metric{
		{Key: "m", Value: 1, Timestamp: 5, Step: 2},
		{Key: "m", Value: 2, Timestamp: 5, Step: 2},
		{Key: "m", Value: 2, Timestamp: 6, Step: 2},
	}
	logMetrics(t, e, r.ID, want[1], want[2])
	logMetrics(t, e, r.ID, want[0])
	sawHistory(t, e, r.ID, "m", want...)
}

func duplicatePoint(t check, e *env) {
	r := newRunAlone(t, e)
	p, q := point("m", 0.5, 1), point("m", math.NaN(), 2)
	logMetrics(t, e, r.ID, p, q)
	logMetrics(t, e, r.ID, p)
	logMetrics(t, e, r.ID, q, p, q, p)
	sawHistory(t, e, r.ID, "m", p, q)
	r.Metrics = byKey(q)
	sawRun(t, e, r)
}

func timestamps(t check, e *env) {
	r := newRunAlone(t, e)
	want := []core.Metric{
		{Key: "m", Value: 1, Timestamp: 0},
		{Key: "m", Value: 1, Timestamp: 1},
		{Key: "m", Value: 1, Timestamp: 1_700_000_000_123},
		{Key: "m", Value: 1, Timestamp: 1_700_000_000_124},
		{Key: "m", Value: 1, Timestamp: 253_402_300_799_999},
	}
	logMetrics(t, e, r.ID, want...)
	sawHistory(t, e, r.ID, "m", want...)
	err := e.Store.LogBatch(t.Context(), r.ID, core.Batch{Metrics: []core.Metric{{Key: "m", Value: 2, Timestamp: -1}}})
	conformance.Refused(t, "a negative time", err, core.ErrInvalid)
	sawHistory(t, e, r.ID, "m", want...)
}

// sawValues logs values at steps of their own, each under a key of its own as well, and observes them.
func sawValues(t check, e *env, logged, want []float64) {
	t.Helper()
	r := newRunAlone(t, e)
	var points, history []core.Metric
	r.Metrics = map[string]core.Metric{}
	for i, v := range logged {
		own := "own/" + strconv.Itoa(i)
		points = append(points, point("all", v, int64(i)), point(own, v, int64(i)))
		history = append(history, point("all", want[i], int64(i)))
		r.Metrics[own] = point(own, want[i], int64(i))
	}
	for chunk := range slices.Chunk(points, 500) {
		logMetrics(t, e, r.ID, chunk...)
	}
	r.Metrics["all"] = history[len(history)-1]
	sawHistory(t, e, r.ID, "all", history...)
	sawRun(t, e, r)
}

func notANumber(t check, e *env) {
	odd := math.Float64frombits(0xfff8_0000_0000_0001)
	sawValues(t, e, []float64{math.NaN(), odd}, []float64{math.NaN(), math.NaN()})
}

func infinities(t check, e *env) {
	logged := []float64{math.Inf(1), math.Inf(-1)}
	want := []float64{math.MaxFloat64, -math.MaxFloat64}
	if e.Info.Has(core.FloatInf) {
		want = logged
	}
	sawValues(t, e, logged, want)
}

func edgeFloats(t check, e *env) {
	values := []float64{
		5e-324, -5e-324, 2.2250738585072014e-308, math.MaxFloat64, -math.MaxFloat64, 0.1 + 0.2, 1.0 / 3, math.Pi, 0, 1e23,
		9007199254740993, math.Nextafter(1, 2), 123456789012345680,
	}
	if e.Info.Has(core.FloatNegativeZero) {
		values = append(values, math.Copysign(0, -1))
	}
	sawValues(t, e, values, values)
}

func randomFloats(t check, e *env) {
	const count, perRun = 10_000, 500
	for range count / perRun {
		var values []float64
		for len(values) < perRun {
			v := math.Float64frombits(e.Rand.Uint64())
			if !math.IsInf(v, 0) && v != 0 {
				values = append(values, v)
			}
		}
		sawValues(t, e, values, values)
	}
}

func latestCases() []entry {
	return []entry{
		{ID: "TS-076", Name: "metric/latest", Run: latestOfOne, Rule: "The value logged last at the largest step is the run's value."},
		{
			ID: "TS-081", Name: "metric/latest-rule", Run: latestRule,
			Rule: "The latest value is that of the largest step, then time, then value, in whatever order the points came (D-3).",
			Why:  "A store that keeps what arrived last is wrong as soon as two workers log.",
		},
		{
			ID: "TS-089", Name: "metric/nan-against-numbers", Needs: []core.Capability{core.MetricNaNOrder}, Run: latestAgainstNaN,
			Rule: "At the same step and time a number beats NaN, whichever came first (D-3).",
		},
	}
}

func latestOfOne(t check, e *env) {
	r := newRunAlone(t, e)
	for step := range int64(3) {
		p := point("loss", 1-float64(step)/10, step)
		logMetrics(t, e, r.ID, p)
		r.Metrics = byKey(p)
		sawRun(t, e, r)
	}
}

func latestRule(t check, e *env) {
	four := []core.Metric{
		{Key: "m", Value: 9, Timestamp: 9, Step: -3},
		{Key: "m", Value: 8, Timestamp: 1, Step: 2},
		{Key: "m", Value: 1, Timestamp: 4, Step: 2},
		{Key: "m", Value: 2, Timestamp: 4, Step: 2},
	}
	x := newExperiment(t, e, core.ExperimentSpec{})
	for i, order := range permutations(four) {
		r := newRun(t, e, x.ID, core.RunSpec{})
		if i%2 == 0 {
			logMetrics(t, e, r.ID, order...)
		} else {
			for _, p := range order {
				logMetrics(t, e, r.ID, p)
			}
		}
		r.Metrics = byKey(four[3])
		sawRun(t, e, r)
	}
}

func permutations[V any](items []V) [][]V {
	if len(items) < 2 {
		return [][]V{items}
	}
	var all [][]V
	for i := range items {
		rest := slices.Delete(slices.Clone(items), i, i+1)
		for _, tail := range permutations(rest) {
			all = append(all, append([]V{items[i]}, tail...))
		}
	}
	return all
}

func latestAgainstNaN(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	nan, number := core.Metric{Key: "m", Value: math.NaN(), Timestamp: 3, Step: 3}, core.Metric{
		Key: "m", Value: -7, Timestamp: 3,
		Step: 3,
	}
	later := core.Metric{Key: "m", Value: math.NaN(), Timestamp: 3, Step: 4}
	for _, order := range permutations([]core.Metric{nan, number}) {
		r := newRun(t, e, x.ID, core.RunSpec{})
		for _, p := range order {
			logMetrics(t, e, r.ID, p)
		}
		e.Observe(t, func(ctx context.Context, s store) error {
			got, err := s.Run(ctx, r.ID)
			return differs(fmt.Sprintf("latest of %v", order), got.Metrics, byKey(number), err)
		})
		logMetrics(t, e, r.ID, later)
		r.Metrics = byKey(later)
		sawRun(t, e, r)
	}
}
