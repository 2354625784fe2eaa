package http

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
	"github.com/mlstore/mlstore/rest"
)

// CreateRun creates a run.
func (t *Tracking) CreateRun(ctx context.Context, in core.ExperimentID, spec core.RunSpec) (r core.Run, err error) {
	err = t.write(ctx, "create run", string(in), func(ctx context.Context) error {
		limits, err := t.limits(ctx)
		if err != nil {
			return err
		}
		if err := cmp.Or(core.CheckExperimentID(in), core.CheckRunSpec(spec, limits)); err != nil {
			return err
		}
		ask := rest.CreateRun{
			ExperimentID: string(in), UserID: spec.User, RunName: spec.RunName(), StartTime: rest.Int(spec.StartTime),
			Tags: tagsOf(spec.Tags),
		}
		var made rest.RunAnswer
		err = t.call(ctx, restclient.Call{Endpoint: rest.RunsCreate, In: ask, Out: &made})
		if badRequest(err) {
			return t.whyExperiment(ctx, in, new(string), err)
		}
		if err != nil {
			return err
		}
		r, err = runOf(made.Run, "", true)
		return err
	})
	return r, err
}

// tagsOf are the tags of a new run. A blank name says nothing, and MLflow 2 would have two.
func tagsOf(tags map[string]string) []rest.Tag {
	return slices.DeleteFunc(rest.TagsOf(tags), func(t rest.Tag) bool {
		return t.Key == core.RunNameTag && strings.TrimSpace(t.Value) == ""
	})
}

// runOf takes a run from an answer.
func runOf(run rest.Run, asked core.RunID, fresh bool) (core.Run, error) {
	r := run.Core()
	if r.ID == "" || !fresh && r.ID != asked {
		return core.Run{}, notAsked("run")
	}
	return r, nil
}

// Run reads a run.
func (t *Tracking) Run(ctx context.Context, id core.RunID) (r core.Run, err error) {
	err = t.read(ctx, "get run", string(id), func(ctx context.Context) error {
		if err := core.CheckRunID(id); err != nil {
			return err
		}
		r, err = t.run(ctx, id)
		return err
	})
	return r, err
}

func (t *Tracking) run(ctx context.Context, id core.RunID) (core.Run, error) {
	var found rest.RunAnswer
	err := t.call(ctx, restclient.Call{Endpoint: rest.RunsGet, In: rest.RunRef{RunID: string(id)}, Out: &found})
	if err != nil {
		return core.Run{}, err
	}
	return runOf(found.Run, id, false)
}

// UpdateRun changes a run.
func (t *Tracking) UpdateRun(ctx context.Context, id core.RunID, change core.RunChange) (info core.RunInfo, err error) {
	err = t.write(ctx, "update run", string(id), func(ctx context.Context) error {
		limits, err := t.limits(ctx)
		if err != nil {
			return err
		}
		if err := cmp.Or(core.CheckRunID(id), core.CheckRunChange(change, limits)); err != nil {
			return err
		}
		info, err = t.updateRun(ctx, id, change)
		return err
	})
	return info, err
}

func (t *Tracking) updateRun(ctx context.Context, id core.RunID, change core.RunChange) (core.RunInfo, error) {
	switch change.Lifecycle {
	case core.Deleted:
		if err := t.call(ctx, restclient.Call{Endpoint: rest.RunsDelete, In: rest.RunID{RunID: string(id)}}); err != nil {
			return core.RunInfo{}, err
		}
	case core.Active:
		if err := t.call(ctx, restclient.Call{Endpoint: rest.RunsRestore, In: rest.RunID{RunID: string(id)}}); err != nil {
			return core.RunInfo{}, err
		}
	}
	if change == (core.RunChange{Lifecycle: change.Lifecycle}) {
		r, err := t.run(ctx, id)
		if err == nil && change.Lifecycle == "" && r.Lifecycle == core.Deleted {
			err = core.State(id, "the run %s is deleted: restore it first", id)
		}
		return r.RunInfo, err
	}
	in := rest.UpdateRun{RunID: string(id), Status: rest.RunStatus(change.Status), RunName: change.Name}
	if change.EndTime != nil {
		end := rest.Int(*change.EndTime)
		in.EndTime = &end
	}
	var changed rest.UpdateRunAnswer
	if err := t.call(ctx, restclient.Call{Endpoint: rest.RunsUpdate, In: in, Out: &changed}); err != nil {
		return core.RunInfo{}, t.whyRun(ctx, id, err)
	}
	info := changed.RunInfo.Core()
	if info.ID != id {
		return core.RunInfo{}, created(notAsked("run"))
	}
	return info, nil
}

// whyRun looks for what the server meant by a refusal of a change of the run.
func (t *Tracking) whyRun(ctx context.Context, id core.RunID, refused error) error {
	if !badRequest(refused) {
		return refused
	}
	r, err := t.run(ctx, id)
	switch {
	case errors.Is(err, core.ErrNotFound):
		return err
	case err == nil && r.Lifecycle == core.Deleted:
		return recoded(refused, core.FailedPrecondition, string(id))
	}
	return refused
}

// ChangeRunTags changes tags: those to set in as few requests as the limits allow, those to delete one after the other.
func (t *Tracking) ChangeRunTags(ctx context.Context, id core.RunID, change core.TagChange) error {
	return t.write(ctx, "change run tags", string(id), func(ctx context.Context) error {
		limits, err := t.limits(ctx)
		if err != nil {
			return err
		}
		if err := cmp.Or(core.CheckRunID(id), core.CheckRunTagChange(change, limits)); err != nil {
			return err
		}
		if change.Empty() {
			return t.logBatch(ctx, id, core.Batch{})
		}
		if err := t.setRunTags(ctx, id, change.Set, limits); err != nil {
			return err
		}
		for _, key := range change.Delete {
			in := rest.DeleteTag{RunID: string(id), Key: key}
			if err := t.call(ctx, restclient.Call{Endpoint: rest.RunsDeleteTag, In: in}); err != nil {
				return t.whyRunTag(ctx, id, key, err)
			}
		}
		return nil
	})
}

// setRunTags sets the name of the run by the call for one tag, since MLflow's log-batch does not rename.
func (t *Tracking) setRunTags(ctx context.Context, id core.RunID, set map[string]string, limits core.Limits) error {
	var tags []core.Tag
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if key != core.RunNameTag && len(set) > 1 {
			tags = append(tags, core.Tag{Key: key, Value: set[key]})
			continue
		}
		in := rest.SetTag{RunID: string(id), Key: key, Value: set[key]}
		if err := t.call(ctx, restclient.Call{Endpoint: rest.RunsSetTag, In: in}); err != nil {
			return t.whyRun(ctx, id, err)
		}
	}
	for some := range slices.Chunk(tags, max(limits.BatchTags, 1)) {
		if err := t.logBatch(ctx, id, core.Batch{Tags: some}); err != nil {
			return err
		}
	}
	return nil
}

// whyRunTag tells an absent tag from an absent run.
func (t *Tracking) whyRunTag(ctx context.Context, id core.RunID, key string, refused error) error {
	if !errors.Is(refused, core.ErrNotFound) {
		return t.whyRun(ctx, id, refused)
	}
	if _, err := t.run(ctx, id); errors.Is(err, core.ErrNotFound) {
		return err
	}
	return core.Do("", key, refused)
}

// SearchRuns searches.
func (t *Tracking) SearchRuns(ctx context.Context, q core.RunQuery) (page core.Page[core.Run], err error) {
	err = t.read(ctx, "search runs", "", func(ctx context.Context) error {
		page, err = t.searchRuns(ctx, q)
		if q.Fields == core.RunInfoOnly {
			for i, r := range page.Items {
				page.Items[i] = core.Run{RunInfo: r.RunInfo}
			}
		}
		return err
	})
	return page, err
}

func (t *Tracking) searchRuns(ctx context.Context, q core.RunQuery) (page core.Page[core.Run], err error) {
	p, err := t.profile(ctx)
	if err != nil {
		return page, err
	}
	s, err := newSearch(q, &q.PageOptions, p.limits.RunPage)
	if err != nil {
		return page, err
	}
	ask := func(ctx context.Context, o core.PageOptions) (core.Page[core.Run], error) {
		return t.runsPage(ctx, q, o)
	}
	if p.ours {
		return pass(ctx, s, ask)
	}
	if !p.since(3, 0) {
		ask = ended(ask)
	}
	return question[core.Run]{
		read: func(o core.PageOptions) (*filter.Query[core.Run], error) {
			return filter.Runs(core.RunQuery{
				Experiments: q.Experiments, Filter: q.Filter, View: q.View, OrderBy: q.OrderBy, PageOptions: o,
			}, p.limits)
		},
		ask: ask,
		all: func(ctx context.Context) iter.Seq2[core.Run, error] {
			all := core.RunQuery{Experiments: q.Experiments, View: q.View}
			return core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Run], error) {
				return t.runsPage(ctx, all, o)
			}, core.PageOptions{})
		},
		here: !p.since(3, 17) && nanCounts(q.Filter),
	}.answer(ctx, s)
}

// runsPage asks for one page.
func (t *Tracking) runsPage(ctx context.Context, q core.RunQuery, o core.PageOptions) (page core.Page[core.Run], err error) {
	in := rest.SearchRuns{
		ExperimentIDs: texts(q.Experiments), Filter: q.Filter, RunViewType: rest.ViewType(q.View), MaxResults: limitOf(o),
		OrderBy: q.OrderBy, PageToken: o.Token,
	}
	var found rest.RunsPage
	if err := t.call(ctx, restclient.Call{Endpoint: rest.RunsSearch, In: in, Out: &found}); err != nil {
		return page, err
	}
	for _, run := range found.Runs {
		page.Items = append(page.Items, run.Core())
	}
	page.Next = found.NextPageToken
	return page, nil
}

// limitOf is the length of a page on the wire; none is the server's.
func limitOf(o core.PageOptions) *rest.Int {
	if o.Limit == 0 {
		return nil
	}
	limit := rest.Int(o.Limit)
	return &limit
}
