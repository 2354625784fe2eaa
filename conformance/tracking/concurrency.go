package tracking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func concurrencyCases() []entry {
	return []entry{
		{
			ID: "TS-164", Name: "conc/distinct-keys", Run: writersOfOwnKeys,
			Rule: "What many writers log under keys of their own is all there.",
		},
		{
			ID: "TS-165", Name: "conc/one-key-history", Run: writersOfOneKey,
			Rule: "What many writers log under one key is all there, each point once, and the latest is the latest.",
		},
		{
			ID: "TS-166", Name: "conc/one-key-latest", Run: latestAfterRace,
			Rule: "When many writers have raced on one key, its latest value is the largest point, not the last one.",
		},
		{
			ID: "TS-167", Name: "conc/latest-monotonic", Run: latestNeverFallsBack,
			Rule: "While points are logged in order, no reader sees the latest value go back.",
		},
		{
			ID: "TS-168", Name: "conc/read-your-writes", Run: readYourWrites,
			Rule: "What a call has confirmed, the next read of the same client shows.",
		},
		{
			ID: "TS-169", Name: "conc/visible-to-second-handle", Run: visibleElsewhere,
			Rule: "What a call has confirmed, another client sees as soon as the store announces.",
		},
		{
			ID: "TS-174", Name: "conc/reversed-key-order", Run: reversedKeys,
			Rule: "Writers of the same keys in opposite orders do not block each other.",
			Why:  "A store that locks its rows in the order of the batch deadlocks.",
		},
		{
			ID: "TS-175", Name: "conc/log-against-delete", Level: conformance.Extended, Run: logAgainstDelete,
			Needs: []core.Capability{core.AtomicBatch},
			Rule:  "A batch that meets the deletion of its run is written whole or refused with ErrState.",
		},
		{ID: "TS-177", Name: "conc/many-clients", Run: manyClients, Rule: "A handle serves 64 callers of all methods at once."},
	}
}

// together runs f(0) to f(n-1) at once and reports their errors.
func together(t check, n int, f func(i int) error) {
	t.Helper()
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			if err := f(i); err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		})
	}
	close(start)
	all.Wait()
}

func writersOfOwnKeys(t check, e *env) {
	const writers, keys = 16, 100
	r := newRunAlone(t, e)
	together(t, writers, func(w int) error {
		for k := range keys / 10 {
			var batch core.Batch
			for i := range 10 {
				batch.Metrics = append(batch.Metrics, point(fmt.Sprintf("w%d/k%d", w, k*10+i), float64(w), int64(k)))
			}
			if err := e.Store.LogBatch(t.Context(), r.ID, batch); err != nil {
				return err
			}
		}
		return nil
	})
	r.Metrics = map[string]core.Metric{}
	for w := range writers {
		for k := range keys {
			key := fmt.Sprintf("w%d/k%d", w, k)
			r.Metrics[key] = point(key, float64(w), int64(k/10))
		}
	}
	sawRun(t, e, r)
}

func writersOfOneKey(t check, e *env) {
	const writers, points = 16, 200
	r := newRunAlone(t, e)
	together(t, writers, func(w int) error {
		for i := 0; i < points; i += 20 {
			var batch core.Batch
			for j := range 20 {
				step := int64((i+j)*writers + w)
				batch.Metrics = append(batch.Metrics, point("m", float64(w), step))
			}
			if err := e.Store.LogBatch(t.Context(), r.ID, batch); err != nil {
				return err
			}
		}
		return nil
	})
	var want []core.Metric
	for step := range int64(writers * points) {
		want = append(want, point("m", float64(step%writers), step))
	}
	sawHistory(t, e, r.ID, "m", want...)
	r.Metrics = byKey(want...)
	sawRun(t, e, r)
}

func latestAfterRace(t check, e *env) {
	const writers, points = 8, 25
	x := newExperiment(t, e, core.ExperimentSpec{})
	for range 4 {
		r := newRun(t, e, x.ID, core.RunSpec{})
		order := e.Rand.Perm(writers * points)
		together(t, writers, func(w int) error {
			for _, step := range order[w*points : (w+1)*points] {
				if err := e.Store.LogBatch(t.Context(), r.ID, metrics(point("m", float64(-step), int64(step)))); err != nil {
					return err
				}
			}
			return nil
		})
		const last = writers*points - 1
		r.Metrics = byKey(point("m", -last, last))
		sawRun(t, e, r)
	}
}

func latestNeverFallsBack(t check, e *env) {
	const points = 200
	r := newRunAlone(t, e)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			last := int64(-1)
			for {
				got, err := e.Second().Run(t.Context(), r.ID)
				m, there := got.Metrics["m"]
				switch {
				case err != nil:
					t.Errorf("Run: got error %v, want success", err)
					return
				case !there && last >= 0 || there && m.Step < last:
					t.Errorf("latest step: got %d (there: %v) after %d", m.Step, there, last)
					return
				case there:
					last = m.Step
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for step := range int64(points) {
		if err := e.Store.LogBatch(t.Context(), r.ID, metrics(point("m", 1, step))); err != nil {
			t.Errorf("LogBatch: got error %v, want success", err)
			break
		}
	}
	close(done)
	readers.Wait()
}

func readYourWrites(t check, e *env) {
	const clients, pairs = 4, 250
	x := newExperiment(t, e, core.ExperimentSpec{})
	runs := make([]core.Run, clients)
	for i := range runs {
		runs[i] = newRun(t, e, x.ID, core.RunSpec{})
	}
	together(t, clients, func(i int) error {
		r := runs[i]
		for n := range int64(pairs) {
			tag := core.Tag{Key: "n", Value: strconv.FormatInt(n, 10)}
			if err := e.Store.LogBatch(t.Context(), r.ID, core.Batch{
				Metrics: []core.Metric{point("m", float64(n), n)},
				Tags:    []core.Tag{tag},
			}); err != nil {
				return err
			}
			got, err := e.Store.Run(t.Context(), r.ID)
			if err != nil || got.Metrics["m"] != point("m", float64(n), n) || got.Tags["n"] != tag.Value {
				return fmt.Errorf("after writing %d: got %+v, error %w", n, got.RunData, orNone(err))
			}
		}
		return nil
	})
}

var errNone = errors.New("none")

// orNone stands for no error where an error is printed.
func orNone(err error) error {
	if err == nil {
		return errNone
	}
	return err
}

func visibleElsewhere(t check, e *env) {
	r := newRunAlone(t, e)
	for n := range int64(50) {
		p := point("m", float64(n), n)
		logMetrics(t, e, r.ID, p)
		changeTags(t, e, r.ID, core.TagChange{Set: map[string]string{"n": strconv.FormatInt(n, 10)}})
		r.Metrics, r.Tags = byKey(p), with(r.Tags, "n", strconv.FormatInt(n, 10))
		sawRun(t, e, r)
		sawRuns(t, e, core.RunQuery{
			Experiments: []core.ExperimentID{r.ExperimentID},
			Filter:      "metrics.m = " + strconv.FormatInt(n, 10),
		}, r.ID)
	}
}

func reversedKeys(t check, e *env) {
	const writers, keys, rounds = 16, 600, 3
	r := newRunAlone(t, e)
	const patience = 2 * time.Minute
	ended := conformance.Within(t, patience, "writers of the same keys in opposite orders", func() {
		together(t, writers, func(w int) error {
			for round := range rounds {
				batch := sized(keys, 0, 0)
				for i := range batch.Metrics {
					batch.Metrics[i].Step = int64(w*rounds + round)
				}
				if w%2 == 1 {
					slices.Reverse(batch.Metrics)
				}
				if err := e.Store.LogBatch(t.Context(), r.ID, batch); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if !ended {
		return
	}
	batch := sized(keys, 0, 0)
	for i := range batch.Metrics {
		batch.Metrics[i].Step = writers*rounds - 1
	}
	r.Metrics = byKey(batch.Metrics...)
	sawRun(t, e, r)
}

func logAgainstDelete(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	for range 20 {
		r := newRun(t, e, x.ID, core.RunSpec{})
		batch := sized(10, 10, 10)
		var logErr, deleteErr error
		together(t, 2, func(i int) error {
			if i == 0 {
				logErr = e.Store.LogBatch(t.Context(), r.ID, batch)
			} else {
				_, deleteErr = e.Store.UpdateRun(t.Context(), r.ID, core.RunChange{Lifecycle: core.Deleted})
			}
			return nil
		})
		conformance.NoError(t, "deleting the run", deleteErr)
		r.Lifecycle = core.Deleted
		if logErr == nil {
			r = logged(r, batch)
		} else {
			conformance.Refused(t, "LogBatch", logErr, core.ErrState)
		}
		sawRun(t, e, r)
	}
}

func manyClients(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	shared := newRun(t, e, x.ID, core.RunSpec{})
	together(t, 64, func(i int) error {
		ctx := t.Context()
		r, err := e.Store.CreateRun(ctx, x.ID, core.RunSpec{StartTime: core.Millis(i)})
		if err != nil {
			return err
		}
		_, updateErr := e.Store.UpdateRun(ctx, r.ID, core.RunChange{Status: core.Finished})
		_, findErr := e.Store.SearchRuns(ctx, core.RunQuery{Experiments: []core.ExperimentID{x.ID}, Filter: "metrics.m > 1"})
		_, listErr := e.Store.SearchExperiments(ctx, core.ExperimentQuery{Filter: "name = '" + x.Name + "'"})
		_, readErr := e.Store.Run(ctx, shared.ID)
		_, historyErr := history(ctx, e.Store, shared.ID, "m", 0)
		return errors.Join(
			updateErr, findErr, listErr, readErr, historyErr,
			e.Store.LogBatch(ctx, shared.ID, metrics(point("m", float64(i), int64(i)))),
			e.Store.ChangeRunTags(ctx, shared.ID, core.TagChange{Set: map[string]string{"t" + strconv.Itoa(i): "v"}}),
			e.Store.ChangeExperimentTags(ctx, x.ID, core.TagChange{Set: map[string]string{"t" + strconv.Itoa(i): "v"}}),
		)
	})
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := s.Run(ctx, shared.ID)
		if err == nil && (len(got.Tags) != 65 || got.Metrics["m"].Step != 63) {
			return fmt.Errorf("got %d tags and the latest step %d, want 65 and 63", len(got.Tags), got.Metrics["m"].Step)
		}
		return err
	})
}
