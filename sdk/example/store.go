package example

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// store is a complete tracking store on a notebook. Package core checks what callers give, package filter searches.
type store struct{ handle }

func (s *store) Describe(ctx context.Context) (core.Info, error) {
	return read(ctx, &s.handle, nil, func() (core.Info, error) { return info(), nil })
}

func (s *store) CreateExperiment(ctx context.Context, spec core.ExperimentSpec) (core.Experiment, error) {
	return write(ctx, &s.handle, core.CheckExperimentSpec(spec, limits()), func() (core.Experiment, error) {
		if s.named(spec.Name) != "" {
			return core.Experiment{}, core.Exists("experiment", spec.Name)
		}
		id, now := core.ExperimentID(strconv.Itoa(len(s.experiments)+1)), core.Now()
		return insert(s.experiments, id, experiment{core.Experiment{
			ID: id, Name: spec.Name, ArtifactLocation: cmp.Or(spec.ArtifactLocation, "mlflow-artifacts:/"+string(id)),
			Lifecycle: core.Active, CreatedAt: now, UpdatedAt: now, Tags: spec.Tags,
		}}).Experiment, nil
	})
}

func (s *store) Experiment(ctx context.Context, ref core.ExperimentRef) (core.Experiment, error) {
	return read(ctx, &s.handle, core.CheckExperimentRef(ref), func() (core.Experiment, error) {
		e, err := find(s.experiments, cmp.Or(ref.ID, s.named(ref.Name)), ref.Name)
		return e.Experiment, err
	})
}

func (s *store) UpdateExperiment(ctx context.Context, id core.ExperimentID, c core.ExperimentChange) error {
	return edit(ctx, &s.handle, s.experiments, id, core.CheckExperimentChange(c, limits()), func(e *experiment) error {
		switch {
		case c.Lifecycle == e.Lifecycle:
			return core.Missing("experiment in another stage of life", id)
		case c.Lifecycle != "":
			s.move(id, c.Lifecycle)
			e.Lifecycle = c.Lifecycle
		case e.Lifecycle == core.Deleted:
			return alive(id, e.Lifecycle)
		case s.named(*c.Name) != "" && s.named(*c.Name) != id:
			return core.Exists("experiment", *c.Name)
		default:
			e.Name = *c.Name
		}
		e.UpdatedAt = max(e.UpdatedAt, core.Now())
		return nil
	})
}

func (s *store) ChangeExperimentTags(ctx context.Context, id core.ExperimentID, c core.TagChange) error {
	return edit(ctx, &s.handle, s.experiments, id, core.CheckExperimentTagChange(c, limits()), func(e *experiment) error {
		return cmp.Or(alive(id, e.Lifecycle), retag(e.Tags, c))
	})
}

func (s *store) SearchExperiments(ctx context.Context, q core.ExperimentQuery) (core.Page[core.Experiment], error) {
	search, err := filter.Experiments(q, limits())
	return read(ctx, &s.handle, err, func() (core.Page[core.Experiment], error) {
		return search.Page(each(s.experiments, func(e experiment) core.Experiment { return e.Experiment }))
	})
}

func (s *store) CreateRun(ctx context.Context, in core.ExperimentID, spec core.RunSpec) (core.Run, error) {
	return write(ctx, &s.handle, core.CheckRunSpec(spec, limits()), func() (core.Run, error) {
		e, err := find(s.experiments, in, "")
		if err = cmp.Or(err, alive(in, e.Lifecycle)); err != nil {
			return core.Run{}, err
		}
		id, tags := core.NewRunID(), cloned(spec.Tags)
		tags[core.RunNameTag] = spec.RunName()
		return insert(s.runs, id, run{Run: core.Run{RunData: core.RunData{Tags: tags}, RunInfo: core.RunInfo{
			ID: id, ExperimentID: in, Name: tags[core.RunNameTag], User: spec.User, Status: core.Running, StartTime: spec.StartTime,
			ArtifactURI: core.JoinLocation(e.ArtifactLocation, string(id), "artifacts"), Lifecycle: core.Active,
		}}}).Run, nil
	})
}

func (s *store) Run(ctx context.Context, id core.RunID) (core.Run, error) {
	return read(ctx, &s.handle, core.CheckRunID(id), func() (core.Run, error) {
		r, err := find(s.runs, id, "")
		return r.Run, err
	})
}

func (s *store) UpdateRun(ctx context.Context, id core.RunID, c core.RunChange) (after core.RunInfo, err error) {
	err = edit(ctx, &s.handle, s.runs, id, core.CheckRunChange(c, limits()), func(r *run) error {
		if c.Lifecycle == "" && r.Lifecycle == core.Deleted {
			return alive(id, r.Lifecycle)
		}
		if r.Name = cmp.Or(c.Name, r.Name); c.Name != "" {
			r.Tags[core.RunNameTag] = c.Name
		}
		r.Lifecycle, r.Status = cmp.Or(c.Lifecycle, r.Lifecycle), cmp.Or(c.Status, r.Status)
		if c.EndTime != nil {
			r.EndTime = *c.EndTime
		}
		after = r.RunInfo
		return nil
	})
	return after, err
}

func (s *store) ChangeRunTags(ctx context.Context, id core.RunID, c core.TagChange) error {
	return edit(ctx, &s.handle, s.runs, id, core.CheckRunTagChange(c, limits()), func(r *run) error {
		return cmp.Or(alive(id, r.Lifecycle), retag(r.Tags, c), rename(r, c.Set[core.RunNameTag]))
	})
}

func (s *store) SearchRuns(ctx context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	search, err := filter.Runs(q, limits())
	return read(ctx, &s.handle, err, func() (core.Page[core.Run], error) {
		in := maps.Clone(s.runs)
		maps.DeleteFunc(in, func(_ core.RunID, r run) bool { return !slices.Contains(q.Experiments, r.ExperimentID) })
		found, err := search.Page(each(in, func(r run) core.Run { return r.Run }))
		return shown(found, q.Fields), err
	})
}

func (s *store) LogBatch(ctx context.Context, id core.RunID, b core.Batch) error {
	return edit(ctx, &s.handle, s.runs, id, core.CheckBatch(b, limits()), func(r *run) error {
		return cmp.Or(alive(id, r.Lifecycle), logged(r, b))
	})
}

func (s *store) MetricHistory(
	ctx context.Context, id core.RunID, key string, o core.HistoryOptions,
) (core.Page[core.Metric], error) {
	limit, err := core.CheckPage(o.PageOptions, limits().HistoryPage)
	return read(ctx, &s.handle, cmp.Or(err, core.CheckRunID(id)), func() (core.Page[core.Metric], error) {
		r, err := find(s.runs, id, "")
		if err != nil {
			return core.Page[core.Metric]{}, err
		}
		return page(r.history(key), string(id)+"/"+key, o.Token, limit)
	})
}
