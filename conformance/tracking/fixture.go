package tracking

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// newExperiment creates an experiment, with a name of its own unless the specification has one, and registers its
// deletion.
func newExperiment(t check, e *env, spec core.ExperimentSpec) core.Experiment {
	t.Helper()
	return newExperimentIn(t, e, e.Store, spec)
}

func newExperimentIn(t check, e *env, s store, spec core.ExperimentSpec) core.Experiment {
	t.Helper()
	if spec.Name == "" {
		spec.Name = e.Name("experiment")
	}
	x, err := s.CreateExperiment(t.Context(), spec)
	conformance.NoError(t, "CreateExperiment", err)
	forget(t, e, s, x.ID)
	return x
}

// refuseExperiment tries to create what must be refused.
func refuseExperiment(t check, e *env, spec core.ExperimentSpec, want error, keys ...string) {
	t.Helper()
	x, err := e.Store.CreateExperiment(t.Context(), spec)
	if err == nil {
		forget(t, e, e.Store, x.ID)
	}
	conformance.Refused(t, fmt.Sprintf("CreateExperiment(%.60q)", spec.Name), err, want, keys...)
}

// forget registers the deletion of an experiment and, where the store purges, its removal.
func forget(t check, e *env, s store, id core.ExperimentID) {
	t.Helper()
	e.Undo(t, "deleting experiment "+string(id), func(ctx context.Context) error {
		err := discard(ctx, s, id)
		if errors.Is(err, core.ErrClosed) { // the case closed its handle; the shared one may reach the data, or others
			return discardOwn(ctx, e, id)
		}
		return err
	})
}

// discardOwn deletes the experiment of the id if it is one of this case: two stores may have given one id to two.
func discardOwn(ctx context.Context, e *env, id core.ExperimentID) error {
	x, err := e.Store.Experiment(ctx, core.ExperimentRef{ID: id})
	if err != nil || !e.Owns(x.Name) {
		return err
	}
	return discard(ctx, e.Store, id)
}

func discard(ctx context.Context, s store, id core.ExperimentID) error {
	err := s.UpdateExperiment(ctx, id, core.ExperimentChange{Lifecycle: core.Deleted})
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return err
	}
	if purger, ok := core.As[core.Purger](s); ok {
		if err := purger.PurgeExperiment(ctx, id); !errors.Is(err, core.ErrUnsupported) {
			return err
		}
	}
	return nil
}

// newRun creates a run. It goes with its experiment.
func newRun(t check, e *env, in core.ExperimentID, spec core.RunSpec) core.Run {
	t.Helper()
	r, err := e.Store.CreateRun(t.Context(), in, spec)
	conformance.NoError(t, "CreateRun", err)
	return r
}

// newRunAlone creates a run in an experiment of its own.
func newRunAlone(t check, e *env) core.Run {
	t.Helper()
	return newRun(t, e, newExperiment(t, e, core.ExperimentSpec{}).ID, core.RunSpec{StartTime: 1_000})
}

func logBatch(t check, e *env, id core.RunID, b core.Batch) {
	t.Helper()
	conformance.NoError(t, "LogBatch", e.Store.LogBatch(t.Context(), id, b))
}

func logMetrics(t check, e *env, id core.RunID, points ...core.Metric) {
	t.Helper()
	logBatch(t, e, id, core.Batch{Metrics: points})
}

func changeRun(t check, e *env, id core.RunID, change core.RunChange) core.RunInfo {
	t.Helper()
	info, err := e.Store.UpdateRun(t.Context(), id, change)
	conformance.NoError(t, fmt.Sprintf("UpdateRun(%+v)", change), err)
	return info
}

func changeExperiment(t check, e *env, id core.ExperimentID, change core.ExperimentChange) {
	t.Helper()
	conformance.NoError(t, fmt.Sprintf("UpdateExperiment(%+v)", change), e.Store.UpdateExperiment(t.Context(), id, change))
}

// sawExperiment observes that an experiment is as wanted, whole.
func sawExperiment(t check, e *env, want core.Experiment) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := s.Experiment(ctx, core.ExperimentRef{ID: want.ID})
		return differs("Experiment", got, want, err)
	})
}

// sawRun observes that a run is as wanted, whole. When it was deleted is not compared: some stores do not know.
func sawRun(t check, e *env, want core.Run) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := s.Run(ctx, want.ID)
		if got.Lifecycle == core.Deleted {
			got.DeletedAt = want.DeletedAt
		}
		return differs("Run", got, want, err)
	})
}

// sawHistory observes the whole history of a key.
func sawHistory(t check, e *env, id core.RunID, key string, want ...core.Metric) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := history(ctx, s, id, key, 0)
		return differs(fmt.Sprintf("MetricHistory(%.60q)", key), got, want, err)
	})
}

func history(ctx context.Context, s store, id core.RunID, key string, limit int) ([]core.Metric, error) {
	return collect(core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Metric], error) {
		return s.MetricHistory(ctx, id, key, core.HistoryOptions{PageOptions: o})
	}, core.PageOptions{Limit: limit}))
}

func collect[V any](items iter.Seq2[V, error]) ([]V, error) {
	var all []V
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}

// differs is the error of an observation: the call's, or where the answer differs from what is wanted.
func differs[V any](what string, got, want V, err error) error {
	if err != nil {
		return fmt.Errorf("%s: got error %w, want success", what, err)
	}
	if d := conformance.Difference(got, want); d != "" {
		return errors.New(what + d)
	}
	return nil
}

// point is a metric at a step, with the step as its time.
func point(key string, value float64, step int64) core.Metric {
	return core.Metric{Key: key, Value: value, Timestamp: core.Millis(max(step, 0)), Step: step}
}

// byKey is what a run shows of the points given, each the latest of its key.
func byKey(points ...core.Metric) map[string]core.Metric {
	all := map[string]core.Metric{}
	for _, p := range points {
		all[p.Key] = p
	}
	return all
}

// with returns a copy of tags or params with one more.
func with(tags map[string]string, key, value string) map[string]string {
	more := map[string]string{}
	maps.Copy(more, tags)
	more[key] = value
	return more
}

// padded fills text up to n code points, of which most take two bytes.
func padded(text string, n int) string {
	return text + strings.Repeat("ü", max(0, n-utf8.RuneCountInString(text)))
}

func ptr[V any](v V) *V { return &v }
