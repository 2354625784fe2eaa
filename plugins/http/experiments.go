package http

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
	"github.com/mlstore/mlstore/rest"
)

// CreateExperiment creates an experiment, and reads it.
func (t *Tracking) CreateExperiment(ctx context.Context, spec core.ExperimentSpec) (e core.Experiment, err error) {
	err = t.write(ctx, "create experiment", spec.Name, func(ctx context.Context) error {
		limits, err := t.limits(ctx)
		if err != nil {
			return err
		}
		if err := core.CheckExperimentSpec(spec, limits); err != nil {
			return err
		}
		var made rest.CreateExperimentAnswer
		in := rest.CreateExperiment{Name: spec.Name, ArtifactLocation: spec.ArtifactLocation, Tags: rest.TagsOf(spec.Tags)}
		if err := t.call(ctx, restclient.Call{Endpoint: rest.ExperimentsCreate, In: in, Out: &made}); err != nil {
			return err
		}
		e, err = t.experiment(ctx, core.ExperimentRef{ID: core.ExperimentID(made.ExperimentID)})
		return created(err)
	})
	return e, err
}

// created marks an error that came after something had been made.
func created(err error) error {
	e, ok := errors.AsType[*core.Error](err)
	if !ok {
		return err
	}
	marked := *e
	marked.Outcome = core.OutcomeUnknown
	return &marked
}

// Experiment finds an experiment.
func (t *Tracking) Experiment(ctx context.Context, ref core.ExperimentRef) (e core.Experiment, err error) {
	err = t.read(ctx, "get experiment", cmp.Or(string(ref.ID), ref.Name), func(ctx context.Context) error {
		if err := core.CheckExperimentRef(ref); err != nil {
			return err
		}
		e, err = t.experiment(ctx, ref)
		return err
	})
	return e, err
}

func (t *Tracking) experiment(ctx context.Context, ref core.ExperimentRef) (core.Experiment, error) {
	call := restclient.Call{Endpoint: rest.ExperimentsGet, In: rest.ExperimentID{ExperimentID: string(ref.ID)}}
	if ref.ID == "" {
		call.Endpoint, call.In = rest.ExperimentsGetByName, rest.ExperimentName{ExperimentName: ref.Name}
	}
	var found rest.ExperimentAnswer
	call.Out = &found
	if err := t.call(ctx, call); err != nil {
		return core.Experiment{}, err
	}
	e := found.Experiment.Core()
	if e.ID == "" || ref.ID != "" && e.ID != ref.ID || ref.Name != "" && e.Name != ref.Name {
		return core.Experiment{}, notAsked("experiment")
	}
	return e, nil
}

// notAsked is the error for a server that answers with something else than what it was asked for.
func notAsked(what string) error {
	return core.Errorf(core.Internal, "the server answers with another %s than was asked for", what)
}

// UpdateExperiment renames, deletes or restores.
func (t *Tracking) UpdateExperiment(ctx context.Context, id core.ExperimentID, change core.ExperimentChange) error {
	return t.write(ctx, "update experiment", string(id), func(ctx context.Context) error {
		limits, err := t.limits(ctx)
		if err != nil {
			return err
		}
		if err := cmp.Or(core.CheckExperimentID(id), core.CheckExperimentChange(change, limits)); err != nil {
			return err
		}
		var call restclient.Call
		switch {
		case change.Name != nil:
			call = restclient.Call{
				Endpoint: rest.ExperimentsUpdate, In: rest.UpdateExperiment{ExperimentID: string(id), NewName: *change.Name},
			}
		case change.Lifecycle == core.Deleted:
			call = restclient.Call{Endpoint: rest.ExperimentsDelete, In: rest.ExperimentID{ExperimentID: string(id)}}
		default:
			call = restclient.Call{Endpoint: rest.ExperimentsRestore, In: rest.ExperimentID{ExperimentID: string(id)}}
		}
		err = t.call(ctx, call)
		if !badRequest(err) {
			return err
		}
		return t.whyExperiment(ctx, id, change.Name, err)
	})
}

// whyExperiment looks for what the server meant by a refusal: MLflow calls everything a bad request.
func (t *Tracking) whyExperiment(ctx context.Context, id core.ExperimentID, name *string, refused error) error {
	e, err := t.experiment(ctx, core.ExperimentRef{ID: id})
	switch {
	case errors.Is(err, core.ErrNotFound):
		return err
	case err != nil:
		return refused
	case e.Lifecycle == core.Deleted:
		return recoded(refused, core.FailedPrecondition, string(id))
	case name == nil:
		if id == core.DefaultExperimentID {
			return recoded(refused, core.FailedPrecondition, string(id))
		}
		return refused
	}
	if other, err := t.experiment(ctx, core.ExperimentRef{Name: *name}); err == nil && other.ID != id {
		return recoded(refused, core.AlreadyExists, *name)
	}
	return refused
}

// recoded gives a refusal the code that its cause has, and keeps its text.
func recoded(refused error, code core.Code, key string) error {
	e, ok := errors.AsType[*core.Error](refused)
	if !ok {
		return refused
	}
	return &core.Error{Code: code, Key: key, Err: e.Err}
}

// ChangeExperimentTags changes tags one after the other.
func (t *Tracking) ChangeExperimentTags(ctx context.Context, id core.ExperimentID, change core.TagChange) error {
	return t.write(ctx, "change experiment tags", string(id), func(ctx context.Context) error {
		limits, err := t.limits(ctx)
		if err != nil {
			return err
		}
		if err := cmp.Or(core.CheckExperimentID(id), core.CheckExperimentTagChange(change, limits)); err != nil {
			return err
		}
		if change.Empty() {
			e, err := t.experiment(ctx, core.ExperimentRef{ID: id})
			if err == nil && e.Lifecycle == core.Deleted {
				err = core.State(id, "the experiment %s is deleted: restore it first", id)
			}
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(change.Set)) {
			in := rest.SetExperimentTag{ExperimentID: string(id), Key: key, Value: change.Set[key]}
			if err := t.call(ctx, restclient.Call{Endpoint: rest.ExperimentsSetTag, In: in}); err != nil {
				return t.whyTag(ctx, id, key, err)
			}
		}
		for _, key := range change.Delete {
			in := rest.DeleteExperimentTag{ExperimentID: string(id), Key: key}
			if err := t.call(ctx, restclient.Call{Endpoint: rest.ExperimentsDeleteTag, In: in}); err != nil {
				return t.whyTag(ctx, id, key, err)
			}
		}
		return nil
	})
}

func (t *Tracking) whyTag(ctx context.Context, id core.ExperimentID, key string, refused error) error {
	if !badRequest(refused) && !errors.Is(refused, core.ErrNotFound) {
		return refused
	}
	why := t.whyExperiment(ctx, id, nil, refused)
	if errors.Is(why, core.ErrNotFound) && why == refused { //nolint:errorlint // is it the tag or the experiment?
		return core.Do("", key, why)
	}
	return why
}

// SearchExperiments searches.
func (t *Tracking) SearchExperiments(ctx context.Context, q core.ExperimentQuery) (page core.Page[core.Experiment], err error) {
	err = t.read(ctx, "search experiments", "", func(ctx context.Context) error {
		page, err = t.searchExperiments(ctx, q)
		return err
	})
	return page, err
}

func (t *Tracking) searchExperiments(ctx context.Context, q core.ExperimentQuery) (page core.Page[core.Experiment], err error) {
	p, err := t.profile(ctx)
	if err != nil {
		return page, err
	}
	s, err := newSearch(q, &q.PageOptions, p.limits.ExperimentPage)
	if err != nil {
		return page, err
	}
	ask := func(ctx context.Context, o core.PageOptions) (core.Page[core.Experiment], error) {
		return t.experimentsPage(ctx, q, o)
	}
	if p.ours {
		return pass(ctx, s, ask)
	}
	return question[core.Experiment]{
		read: func(o core.PageOptions) (*filter.Query[core.Experiment], error) {
			return filter.Experiments(core.ExperimentQuery{Filter: q.Filter, View: q.View, OrderBy: q.OrderBy, PageOptions: o}, p.limits)
		},
		ask: ask,
		all: func(ctx context.Context) iter.Seq2[core.Experiment, error] {
			all := core.ExperimentQuery{View: q.View}
			return core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Experiment], error) {
				o.Limit = p.limits.ExperimentPage.Default
				return t.experimentsPage(ctx, all, o)
			}, core.PageOptions{})
		},
	}.answer(ctx, s)
}

// experimentsPage asks for one page.
func (t *Tracking) experimentsPage(
	ctx context.Context, q core.ExperimentQuery, o core.PageOptions,
) (page core.Page[core.Experiment], err error) {
	in := rest.SearchExperiments{
		MaxResults: rest.Int(o.Limit), PageToken: o.Token, Filter: q.Filter, OrderBy: q.OrderBy, ViewType: rest.ViewType(q.View),
	}
	var found rest.ExperimentsPage
	if err := t.call(ctx, restclient.Call{Endpoint: rest.ExperimentsSearch, In: in, Out: &found}); err != nil {
		return page, err
	}
	for _, e := range found.Experiments {
		page.Items = append(page.Items, e.Core())
	}
	page.Next = found.NextPageToken
	return page, nil
}
