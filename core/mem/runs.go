package mem

import (
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// CreateRun creates a running run in an active experiment.
func (t *Tracking) CreateRun(ctx context.Context, in core.ExperimentID, spec core.RunSpec) (_ core.Run, err error) {
	defer named(&err, "create run", string(in))
	if err := t.change(ctx); err != nil {
		return core.Run{}, err
	}
	if err := core.CheckExperimentID(in); err != nil {
		return core.Run{}, err
	}
	if err := core.CheckRunSpec(spec, t.limits); err != nil {
		return core.Run{}, err
	}
	spec.Tags = orNil(spec.Tags)
	request, err := fingerprint(spec.IdempotencyKey, in, spec)
	if err != nil {
		return core.Run{}, err
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	id, repeated, err := d.created.made(spec.IdempotencyKey, request)
	if err != nil {
		return core.Run{}, err
	}
	if repeated {
		return cloneRun(d.runs[id].Run), nil
	}
	e, err := d.activeExperiment(in)
	if err != nil {
		return core.Run{}, err
	}
	r := d.addRun(e, newRun(e, spec))
	d.created.remember(spec.IdempotencyKey, request, r.ID)
	return cloneRun(r.Run), nil
}

func newRun(e *experiment, spec core.RunSpec) core.Run {
	id, name := core.NewRunID(), spec.RunName()
	tags := copied(spec.Tags)
	tags[core.RunNameTag] = name
	return core.Run{
		RunInfo: core.RunInfo{
			ID: id, ExperimentID: e.ID, Name: name, User: spec.User, Status: core.Running, StartTime: spec.StartTime,
			ArtifactURI: core.JoinLocation(e.ArtifactLocation, string(id), "artifacts"), Lifecycle: core.Active,
		},
		RunData: core.RunData{Metrics: map[string]core.Metric{}, Params: map[string]string{}, Tags: tags},
	}
}

func (d *trackingData) addRun(e *experiment, entity core.Run) *run {
	r := &run{Run: entity, histories: map[string]*history{}}
	d.runs[r.ID] = r
	e.runs[r.ID] = r
	return r
}

// Run returns an active or deleted run whole.
func (t *Tracking) Run(ctx context.Context, id core.RunID) (_ core.Run, err error) {
	defer named(&err, "get run", string(id))
	if err := t.read(ctx); err != nil {
		return core.Run{}, err
	}
	if err := core.CheckRunID(id); err != nil {
		return core.Run{}, err
	}
	d := t.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	r, err := d.run(id)
	if err != nil {
		return core.Run{}, err
	}
	return cloneRun(r.Run), nil
}

// UpdateRun changes what is given, and returns the new state.
func (t *Tracking) UpdateRun(ctx context.Context, id core.RunID, change core.RunChange) (_ core.RunInfo, err error) {
	defer named(&err, "update run", string(id))
	if err := t.change(ctx); err != nil {
		return core.RunInfo{}, err
	}
	if err := core.CheckRunID(id); err != nil {
		return core.RunInfo{}, err
	}
	if err := core.CheckRunChange(change, t.limits); err != nil {
		return core.RunInfo{}, err
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	if change.Lifecycle != "" {
		r, err := d.run(id)
		if err != nil {
			return core.RunInfo{}, err
		}
		r.move(change.Lifecycle)
		return r.RunInfo, nil
	}
	r, err := d.activeRun(id)
	if err != nil {
		return core.RunInfo{}, err
	}
	r.apply(change)
	return r.RunInfo, nil
}

// move deletes or restores the run; what is so already stays as it is (D-5).
func (r *run) move(to core.Lifecycle) {
	if r.Lifecycle == to {
		return
	}
	r.Lifecycle, r.DeletedAt = to, 0
	if to == core.Deleted {
		r.DeletedAt = core.Now()
	}
}

func (r *run) apply(change core.RunChange) {
	if change.Name != "" {
		r.Name = change.Name
		r.Tags[core.RunNameTag] = change.Name
	}
	if change.Status != 0 {
		r.Status = change.Status
	}
	if change.EndTime != nil {
		r.EndTime = *change.EndTime
	}
}

// ChangeRunTags sets and deletes tags of an active run.
func (t *Tracking) ChangeRunTags(ctx context.Context, id core.RunID, change core.TagChange) (err error) {
	defer named(&err, "change run tags", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckRunID(id); err != nil {
		return err
	}
	if err := core.CheckRunTagChange(change, t.limits); err != nil {
		return err
	}
	name, renames := change.Set[core.RunNameTag]
	if err := t.checkRunName(name); err != nil {
		return err
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	r, err := d.activeRun(id)
	if err != nil {
		return err
	}
	if err := applyTagsStrictly(r.Tags, change); err != nil {
		return err
	}
	if renames {
		r.Name = name
	}
	return nil
}

// checkRunName refuses what a run cannot be named by its tag mlflow.runName: names are shorter than other tags.
func (t *Tracking) checkRunName(name string) error {
	return core.CheckRunChange(core.RunChange{Name: name}, t.limits)
}

// SearchRuns returns a page of the runs that match in the experiments.
func (t *Tracking) SearchRuns(ctx context.Context, query core.RunQuery) (_ core.Page[core.Run], err error) {
	defer named(&err, "search runs", query.Filter)
	if err := t.read(ctx); err != nil {
		return core.Page[core.Run]{}, err
	}
	q, err := filter.Runs(query, t.limits)
	if err != nil {
		return core.Page[core.Run]{}, err
	}
	clone := cloneRun
	if query.Fields == core.RunInfoOnly {
		clone = func(r core.Run) core.Run { return core.Run{RunInfo: r.RunInfo} }
	}
	in := distinct(query.Experiments)
	d := t.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	return search(ctx, q, clone, func(yield func(core.Run) bool) {
		for _, id := range in {
			e, found := d.experiments[id]
			if !found {
				continue
			}
			for _, r := range e.runs {
				if !yield(r.Run) {
					return
				}
			}
		}
	})
}

// distinct returns the ids sorted and each once.
func distinct[K ~string](ids []K) []K {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}
