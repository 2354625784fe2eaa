package model

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// TrackingCases compares a tracking store with the reference.
func TrackingCases() []conformance.Case[core.TrackingStore] {
	return []conformance.Case[core.TrackingStore]{
		{
			ID: "TS-198", Name: "model/sequential", Level: conformance.Extended,
			Rule: "Any sequence of operations on experiments and runs gives what the reference store gives.",
			Run: func(t conformance.T, e *conformance.Env[core.TrackingStore]) {
				tracking(t, e, e.Store, nil)
			},
		},
		{
			ID: "TS-199", Name: "model/with-reopen", Level: conformance.Extended,
			Rule: "So does any sequence in between which the store is closed and opened anew.",
			Run: func(t conformance.T, e *conformance.Env[core.TrackingStore]) {
				if !e.CanReopen() {
					t.Skip("the harness cannot reopen a store")
				}
				tracking(t, e, e.Fresh(t), func(old core.TrackingStore) core.TrackingStore { return e.Reopen(t, old) })
			},
		},
		faultCase("TS-200", "a batch", trackingCell),
	}
}

// lab is a set of experiments and runs that both stores have.
type lab struct {
	sides[*bench]
	info core.Info
	ctx  context.Context //nolint:containedctx // that of one sequence
	base string          // of the names of experiments
	runs int             // created so far: start times differ, so that no order depends on ids
}

// bench is a store with the ids that it gave, and what they are called in answers.
type bench struct {
	core.TrackingStore
	experiments []core.ExperimentID
	runs        []core.RunID
}

func tracking(
	t conformance.T, e *conformance.Env[core.TrackingStore], store core.TrackingStore,
	reopen func(core.TrackingStore) core.TrackingStore,
) {
	check(t, e.Rand.Uint64(), func(r *rapid.T) {
		l := &lab{info: e.Info, ctx: r.Context(), base: e.Name("x")}
		l.real, l.oracle = &bench{TrackingStore: store}, &bench{TrackingStore: mem.NewTracking()}
		r.Cleanup(func() { l.cleanUp(t) })
		actions := map[string]func(*rapid.T){
			"": l.compare, "create experiment": l.createExperiment, "update experiment": l.updateExperiment,
			"tag experiment": l.tagExperiment, "create run": l.createRun, "update run": l.updateRun, "tag run": l.tagRun,
			"log": l.log, "log more": l.log, "search": l.search,
		}
		if reopen != nil {
			actions["reopen"] = func(*rapid.T) {
				store = reopen(store)
				l.real.TrackingStore = store
			}
		}
		l.createExperiment(r)
		r.Repeat(actions)
	})
}

func (l *lab) cleanUp(t conformance.T) {
	ctx := context.WithoutCancel(l.ctx)
	for _, id := range l.real.experiments {
		err := l.real.UpdateExperiment(ctx, id, core.ExperimentChange{Lifecycle: core.Deleted})
		if purger, ok := core.As[core.Purger](l.real.TrackingStore); ok && (err == nil || errors.Is(err, core.ErrNotFound)) {
			err = purger.PurgeExperiment(ctx, id)
		}
		if err != nil && !errors.Is(err, core.ErrNotFound) && !errors.Is(err, core.ErrUnsupported) {
			t.Logf("cleaning up: %v", err)
		}
	}
}

// seen takes out of an experiment what the two stores need not share.
func (b *bench) seen(l *lab, x core.Experiment) core.Experiment {
	x.ID = core.ExperimentID(fmt.Sprint("experiment ", slices.Index(b.experiments, x.ID)))
	x.Name = strings.TrimPrefix(x.Name, l.base)
	x.ArtifactLocation, x.CreatedAt, x.UpdatedAt = "", 0, 0
	return x
}

func (b *bench) seenInfo(i core.RunInfo) core.RunInfo {
	i.ID = core.RunID(fmt.Sprint("run ", slices.Index(b.runs, i.ID)))
	i.ExperimentID = core.ExperimentID(fmt.Sprint("experiment ", slices.Index(b.experiments, i.ExperimentID)))
	i.ArtifactURI, i.DeletedAt = "", 0
	return i
}

func (b *bench) seenRun(r core.Run) core.Run {
	r.RunInfo = b.seenInfo(r.RunInfo)
	return r
}

func (l *lab) name(t *rapid.T) string { return pick(t, "name", "-a", "-b", "-A") }

// some draws the index of an entity, at times of one that is not there.
func some(t *rapid.T, what string, n int) int { return rapid.IntRange(0, n).Draw(t, what) }

func (b *bench) experiment(i int) core.ExperimentID {
	if i < len(b.experiments) {
		return b.experiments[i]
	}
	return "987654321987654321"
}

func (b *bench) run(i int) core.RunID {
	if i < len(b.runs) {
		return b.runs[i]
	}
	return "0123456789abcdef0123456789abcdef"
}

func tagChange(t *rapid.T, keys ...string) core.TagChange {
	key := rapid.SampledFrom(keys).Draw(t, "key")
	if rapid.Bool().Draw(t, "delete") {
		return core.TagChange{Delete: []string{key}}
	}
	return core.TagChange{Set: map[string]string{key: pick(t, "value", "x", "y", "z")}}
}

func (l *lab) createExperiment(t *rapid.T) {
	name := l.name(t)
	spec := core.ExperimentSpec{Name: l.base + name, Tags: map[string]string{"k": pick(t, "value", "x", "y")}}
	both(t, l.sides, "CreateExperiment "+name, func(b *bench) (core.Experiment, error) {
		x, err := b.CreateExperiment(l.ctx, spec)
		if err == nil {
			b.experiments = append(b.experiments, x.ID)
		}
		return b.seen(l, x), err
	})
}

func (l *lab) updateExperiment(t *rapid.T) {
	i := some(t, "experiment", len(l.oracle.experiments))
	change := core.ExperimentChange{Lifecycle: pick(t, "life", core.Deleted, core.Active, "")}
	what := fmt.Sprintf("UpdateExperiment %d %s", i, change.Lifecycle)
	if change.Lifecycle == "" {
		name := l.name(t)
		change.Name = ptr(l.base + name)
		what += name
	}
	both(t, l.sides, what, func(b *bench) (done, error) { return done{}, b.UpdateExperiment(l.ctx, b.experiment(i), change) })
}

func (l *lab) tagExperiment(t *rapid.T) {
	i, change := some(t, "experiment", len(l.oracle.experiments)), tagChange(t, "k", "k/2")
	both(t, l.sides, fmt.Sprintf("ChangeExperimentTags %d %v", i, change), func(b *bench) (done, error) {
		return done{}, b.ChangeExperimentTags(l.ctx, b.experiment(i), change)
	})
}

func (l *lab) createRun(t *rapid.T) {
	i := some(t, "experiment", len(l.oracle.experiments))
	l.runs++
	spec := core.RunSpec{
		Name: pick(t, "run name", "one", "two"), User: "somebody", StartTime: core.Millis(1000 + l.runs),
		Tags: map[string]string{"k": pick(t, "value", "x", "y")},
	}
	both(t, l.sides, fmt.Sprintf("CreateRun in %d", i), func(b *bench) (core.Run, error) {
		r, err := b.CreateRun(l.ctx, b.experiment(i), spec)
		if err == nil {
			b.runs = append(b.runs, r.ID)
		}
		return b.seenRun(r), err
	})
}

func (l *lab) updateRun(t *rapid.T) {
	i := some(t, "run", len(l.oracle.runs))
	change := core.RunChange{Lifecycle: pick(t, "life", "", "", core.Deleted, core.Active)}
	if change.Lifecycle == "" {
		change.Status = pick(t, "status", 0, core.Running, core.Finished, core.Failed, core.RunStatus(9))
		change.Name = pick(t, "run name", "", "three")
		change.EndTime = pick(t, "end", nil, ptr(core.Millis(0)), ptr(core.Millis(5000)))
	}
	what := fmt.Sprintf("UpdateRun %d to %v %q %q", i, change.Status, change.Name, change.Lifecycle)
	both(t, l.sides, what, func(b *bench) (core.RunInfo, error) {
		info, err := b.UpdateRun(l.ctx, b.run(i), change)
		return b.seenInfo(info), err
	})
}

func (l *lab) tagRun(t *rapid.T) {
	i, change := some(t, "run", len(l.oracle.runs)), tagChange(t, "k", "k/2", core.RunNameTag)
	both(t, l.sides, fmt.Sprintf("ChangeRunTags %d %v", i, change), func(b *bench) (done, error) {
		return done{}, b.ChangeRunTags(l.ctx, b.run(i), change)
	})
}

// values are those that the store keeps exactly.
func (l *lab) values() []float64 {
	all := []float64{0, 1, -1, 2.5, 1e308, 5e-324}
	if l.info.Has(core.MetricNaNOrder) {
		all = append(all, math.NaN())
	}
	if l.info.Has(core.FloatInf) {
		all = append(all, math.Inf(1), math.Inf(-1))
	}
	if l.info.Has(core.FloatNegativeZero) {
		all = append(all, math.Copysign(0, -1))
	}
	return all
}

func (l *lab) log(t *rapid.T) {
	i := some(t, "run", len(l.oracle.runs))
	var batch core.Batch
	for range rapid.IntRange(0, 4).Draw(t, "metrics") {
		batch.Metrics = append(batch.Metrics, core.Metric{
			Key: pick(t, "metric", "m1", "m/2"), Value: rapid.SampledFrom(l.values()).Draw(t, "value"),
			Timestamp: core.Millis(rapid.IntRange(0, 2).Draw(t, "time")), Step: rapid.Int64Range(-1, 2).Draw(t, "step"),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "params") {
		batch.Params = append(batch.Params, core.Param{Key: pick(t, "param", "p1", "p/2"), Value: pick(t, "text", "x", "y")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "tags") {
		batch.Tags = append(batch.Tags, core.Tag{Key: pick(t, "tag", "k", "k3"), Value: pick(t, "text", "x", "y")})
	}
	both(t, l.sides, fmt.Sprintf("LogBatch %d %+v", i, batch), func(b *bench) (done, error) {
		return done{}, b.LogBatch(l.ctx, b.run(i), batch)
	})
}

func (l *lab) search(t *rapid.T) {
	q := core.RunQuery{
		Filter: pick(t, "filter", "", "metrics.m1 > 0", "metrics.m1 != 1", "params.p1 = 'x'", "tags.k != 'x'",
			"attributes.status = 'FINISHED'", "metrics.`m/2` <= 1 AND params.p1 != 'y'", "run_name LIKE 't%'"),
		View: pick(t, "view", core.ActiveOnly, core.DeletedOnly, core.AllStages),
	}
	order := pick(t, "order", "", "metrics.m1", "metrics.m1 DESC", "params.p1 ASC", "start_time ASC", "tags.k DESC")
	if order != "" {
		q.OrderBy = []string{order}
	}
	limit := pick(t, "limit", 0, 1, 2)
	what := fmt.Sprintf("SearchRuns %q, %q, view %d, limit %d", q.Filter, q.OrderBy, q.View, limit)
	both(t, l.sides, what, func(b *bench) (all []core.Run, err error) {
		q.Experiments = b.experiments
		for r, err := range core.All(l.ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Run], error) {
			q.PageOptions = o
			return b.SearchRuns(ctx, q)
		}, core.PageOptions{Limit: limit}) {
			if err != nil {
				return nil, err
			}
			all = append(all, b.seenRun(r))
		}
		return all, nil
	})
}

// compare looks at everything after each operation.
func (l *lab) compare(t *rapid.T) {
	for i := range l.oracle.experiments {
		both(t, l.sides, fmt.Sprintf("experiment %d", i), func(b *bench) (core.Experiment, error) {
			x, err := b.Experiment(l.ctx, core.ExperimentRef{ID: b.experiments[i]})
			return b.seen(l, x), err
		})
	}
	for i := range l.oracle.runs {
		both(t, l.sides, fmt.Sprintf("run %d", i), func(b *bench) (core.Run, error) {
			r, err := b.Run(l.ctx, b.runs[i])
			return b.seenRun(r), err
		})
		for _, key := range slices.Sorted(maps.Keys(l.metrics(i))) {
			both(t, l.sides, fmt.Sprintf("history of %q in run %d", key, i), func(b *bench) ([]core.Metric, error) {
				page, err := b.MetricHistory(l.ctx, b.runs[i], key, core.HistoryOptions{})
				return page.Items, err
			})
		}
	}
}

// metrics are those that a run should have.
func (l *lab) metrics(i int) map[string]core.Metric {
	r, err := l.oracle.Run(l.ctx, l.oracle.runs[i])
	if err != nil {
		return nil
	}
	return r.Metrics
}
