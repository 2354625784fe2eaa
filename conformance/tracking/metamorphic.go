package tracking

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func metamorphicCases() []entry {
	return []entry{
		{
			ID: "TS-129", Name: "batch/order-free", Level: conformance.Extended, Run: permuteBatch,
			Rule: "The order of a batch's items means nothing.",
		},
		{
			ID: "TS-130", Name: "batch/split-free", Level: conformance.Extended, Run: splitBatch,
			Rule: "One batch and many small ones with the same items give the same run.",
		},
		{
			ID: "TS-131", Name: "batch/isolation", Level: conformance.Extended, Needs: []core.Capability{core.AtomicBatch},
			Run:  isolateBatch,
			Rule: "No reader ever sees half of a batch (D-7).",
		},
	}
}

// randomBatch draws a batch with ties of every kind, within the default limits.
func randomBatch(e *env) core.Batch {
	values := []float64{math.NaN(), -1, 0, 1, 0.5}
	var b core.Batch
	for range 60 {
		b.Metrics = append(b.Metrics, core.Metric{
			Key: "m" + strconv.Itoa(e.Rand.IntN(4)), Value: values[e.Rand.IntN(len(values))],
			Timestamp: core.Millis(e.Rand.IntN(4)), Step: int64(e.Rand.IntN(4)),
		})
	}
	for i := range 10 {
		b.Params = append(b.Params, core.Param{Key: "p" + strconv.Itoa(i), Value: strconv.Itoa(e.Rand.IntN(100))})
		b.Tags = append(b.Tags, core.Tag{Key: "t" + strconv.Itoa(i), Value: strconv.Itoa(e.Rand.IntN(100))})
	}
	return b
}

// content is all that a run logged, but its name.
type content struct {
	Data      core.RunData
	Histories map[string][]core.Metric
}

func contentOf(ctx context.Context, s store, id core.RunID) (content, error) {
	r, err := s.Run(ctx, id)
	if err != nil {
		return content{}, err
	}
	c := content{Data: r.RunData, Histories: map[string][]core.Metric{}}
	delete(c.Data.Tags, core.RunNameTag)
	for key := range r.Metrics {
		if c.Histories[key], err = history(ctx, s, id, key, 0); err != nil {
			return content{}, err
		}
	}
	return c, nil
}

// sameContent observes that two runs have logged the same.
func sameContent(t check, e *env, got, want core.RunID) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		a, errA := contentOf(ctx, s, got)
		b, errB := contentOf(ctx, s, want)
		return differs("content", a, b, errors.Join(errA, errB))
	})
}

func permuteBatch(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	for range 10 {
		batch := randomBatch(e)
		one, two := newRun(t, e, x.ID, core.RunSpec{}), newRun(t, e, x.ID, core.RunSpec{})
		logBatch(t, e, one.ID, batch)
		e.Rand.Shuffle(len(batch.Metrics), func(i, j int) { batch.Metrics[i], batch.Metrics[j] = batch.Metrics[j], batch.Metrics[i] })
		e.Rand.Shuffle(len(batch.Params), func(i, j int) { batch.Params[i], batch.Params[j] = batch.Params[j], batch.Params[i] })
		e.Rand.Shuffle(len(batch.Tags), func(i, j int) { batch.Tags[i], batch.Tags[j] = batch.Tags[j], batch.Tags[i] })
		logBatch(t, e, two.ID, batch)
		sameContent(t, e, two.ID, one.ID)
	}
}

func splitBatch(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	for range 5 {
		batch := randomBatch(e)
		one, two := newRun(t, e, x.ID, core.RunSpec{}), newRun(t, e, x.ID, core.RunSpec{})
		logBatch(t, e, one.ID, batch)
		rest := batch
		for !rest.Empty() {
			var part core.Batch
			part.Metrics, rest.Metrics = cut(e, rest.Metrics)
			part.Params, rest.Params = cut(e, rest.Params)
			part.Tags, rest.Tags = cut(e, rest.Tags)
			logBatch(t, e, two.ID, part)
		}
		sameContent(t, e, two.ID, one.ID)
	}
}

func cut[V any](e *env, items []V) (head, tail []V) {
	n := min(len(items), e.Rand.IntN(20))
	return items[:n], items[n:]
}

func isolateBatch(t check, e *env) {
	const rounds = 50
	r := newRunAlone(t, e)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := torn(t.Context(), e.Second(), r.ID); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for round := range int64(rounds) {
		var batch core.Batch
		for i := range 20 {
			batch.Metrics = append(batch.Metrics, point("m"+strconv.Itoa(i), float64(round), round))
			batch.Tags = append(batch.Tags, core.Tag{Key: "t" + strconv.Itoa(i), Value: strconv.FormatInt(round, 10)})
		}
		if err := e.Store.LogBatch(t.Context(), r.ID, batch); err != nil {
			t.Errorf("LogBatch: got error %v, want success", err)
			break
		}
	}
	close(stop)
	readers.Wait()
}

// torn reports a run whose metrics m0…m19 and tags t0…t19 come from different batches.
func torn(ctx context.Context, s store, id core.RunID) error {
	r, err := s.Run(ctx, id)
	if err != nil {
		return err
	}
	first, some := r.Metrics["m0"]
	for i := range 20 {
		m, there := r.Metrics["m"+strconv.Itoa(i)]
		tag := r.Tags["t"+strconv.Itoa(i)]
		if there != some || m.Step != first.Step || there && tag != strconv.FormatInt(first.Step, 10) {
			return fmt.Errorf("half a batch: m0 is of step %d, m%d of step %d (there: %v), t%d of step %q", first.Step, i, m.Step,
				there, i, tag)
		}
	}
	return nil
}
