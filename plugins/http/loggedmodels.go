package http

import (
	"cmp"
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
	"github.com/mlstore/mlstore/rest"
)

// CreateLoggedModel creates a logged model.
func (t *Tracking) CreateLoggedModel(
	ctx context.Context, in core.ExperimentID, spec core.LoggedModelSpec,
) (m core.LoggedModel, err error) {
	err = t.write(ctx, "create logged model", string(in), func(ctx context.Context) error {
		limits, err := t.limits(ctx)
		if err != nil {
			return err
		}
		if err := cmp.Or(core.CheckExperimentID(in), core.CheckLoggedModelSpec(spec, limits)); err != nil {
			return err
		}
		ask := rest.CreateLoggedModel{
			ExperimentID: string(in), Name: spec.Name, ModelType: spec.Type, SourceRunID: string(spec.SourceRunID),
			Params: rest.TagsOf(spec.Params), Tags: rest.TagsOf(spec.Tags),
		}
		m, err = t.model(ctx, restclient.Call{Endpoint: rest.LoggedModelsCreate, In: ask}, "")
		if badRequest(err) {
			return t.whyExperiment(ctx, in, new(string), err)
		}
		return err
	})
	return m, err
}

// model makes a call that answers with a logged model.
func (t *Tracking) model(ctx context.Context, call restclient.Call, asked core.ModelID) (core.LoggedModel, error) {
	var found rest.LoggedModelAnswer
	call.Out = &found
	if err := t.call(ctx, call); err != nil {
		return core.LoggedModel{}, err
	}
	m := found.Model.Core()
	if m.ID == "" || asked != "" && m.ID != asked {
		return core.LoggedModel{}, notAsked("logged model")
	}
	return m, nil
}

// LoggedModel reads a logged model. MLflow does not say that one is deleted: it then hides it from those who do not ask.
func (t *Tracking) LoggedModel(ctx context.Context, id core.ModelID) (m core.LoggedModel, err error) {
	err = t.read(ctx, "get logged model", string(id), func(ctx context.Context) error {
		if err := core.CheckModelID(id); err != nil {
			return err
		}
		m, err = t.loggedModel(ctx, id)
		return err
	})
	return m, err
}

func (t *Tracking) loggedModel(ctx context.Context, id core.ModelID) (core.LoggedModel, error) {
	m, err := t.activeModel(ctx, id)
	if core.CodeOf(err) != core.NotFound {
		return m, err
	}
	ask := rest.GetLoggedModel{ModelID: string(id), AllowDeleted: true}
	m, err = t.model(ctx, restclient.Call{Endpoint: rest.LoggedModelsGet, In: ask}, id)
	m.Lifecycle = core.Deleted
	if err != nil {
		return core.LoggedModel{}, err
	}
	return m, nil
}

func (t *Tracking) activeModel(ctx context.Context, id core.ModelID) (core.LoggedModel, error) {
	return t.model(ctx, restclient.Call{Endpoint: rest.LoggedModelsGet, In: rest.GetLoggedModel{ModelID: string(id)}}, id)
}

// UpdateLoggedModel changes a logged model: its status, params, tags to set and tags to delete, one after the other.
func (t *Tracking) UpdateLoggedModel(
	ctx context.Context, id core.ModelID, change core.LoggedModelChange,
) (m core.LoggedModel, err error) {
	err = t.write(ctx, "update logged model", string(id), func(ctx context.Context) error {
		limits, err := t.limits(ctx)
		if err != nil {
			return err
		}
		if err := cmp.Or(core.CheckModelID(id), core.CheckLoggedModelChange(change, limits)); err != nil {
			return err
		}
		if change.StatusMessage != nil {
			return core.Errorf(core.Unimplemented, "MLflow's API cannot set the status message of a logged model")
		}
		if m, err = t.activeModel(ctx, id); err != nil {
			return err
		}
		if err := paramConflict(m, change.Params); err != nil {
			return err
		}
		for _, call := range modelChanges(id, change) {
			if err := t.call(ctx, call); err != nil {
				if in, tag := call.In.(rest.DeleteLoggedModelTag); tag {
					err = core.Do("", in.Key, err)
				}
				return err
			}
		}
		m, err = t.activeModel(ctx, id)
		return err
	})
	return m, err
}

// paramConflict refuses another value for a param, which MLflow's store would meet with an error of its database.
func paramConflict(m core.LoggedModel, params map[string]string) error {
	for key, value := range params {
		if old, there := m.Params[key]; there && old != value {
			return core.Invalid(key, "Changing param values is not allowed. Param with key='%s' was already logged with another value "+
				"for the model '%s'", key, m.ID)
		}
	}
	return nil
}

func modelChanges(id core.ModelID, change core.LoggedModelChange) []restclient.Call {
	var calls []restclient.Call
	if change.Status != 0 {
		in := rest.FinalizeLoggedModel{ModelID: string(id), InBody: string(id), Status: rest.ModelStatus(change.Status)}
		calls = append(calls, restclient.Call{Endpoint: rest.LoggedModelsFinalize, In: in})
	}
	if len(change.Params) > 0 {
		in := rest.LogModelParams{ModelID: string(id), InBody: string(id), Params: rest.TagsOf(change.Params)}
		calls = append(calls, restclient.Call{Endpoint: rest.LoggedModelsLogParams, In: in})
	}
	if len(change.Tags.Set) > 0 {
		in := rest.SetLoggedModelTags{ModelID: string(id), Tags: rest.TagsOf(change.Tags.Set)}
		calls = append(calls, restclient.Call{Endpoint: rest.LoggedModelsSetTags, In: in})
	}
	for _, key := range change.Tags.Delete {
		in := rest.DeleteLoggedModelTag{ModelID: string(id), Key: key}
		calls = append(calls, restclient.Call{Endpoint: rest.LoggedModelsDeleteTag, In: in})
	}
	return calls
}

// DeleteLoggedModel hides a logged model.
func (t *Tracking) DeleteLoggedModel(ctx context.Context, id core.ModelID) error {
	return t.write(ctx, "delete logged model", string(id), func(ctx context.Context) error {
		if err := core.CheckModelID(id); err != nil {
			return err
		}
		if _, err := t.activeModel(ctx, id); err != nil { // MLflow does not mind a second time
			return err
		}
		return t.call(ctx, restclient.Call{Endpoint: rest.LoggedModelsDelete, In: rest.LoggedModelID{ModelID: string(id)}})
	})
}

// SearchLoggedModels searches.
func (t *Tracking) SearchLoggedModels(
	ctx context.Context, q core.LoggedModelQuery,
) (page core.Page[core.LoggedModel], err error) {
	err = t.read(ctx, "search logged models", "", func(ctx context.Context) error {
		if q.View != core.ActiveOnly {
			return core.Errorf(core.Unimplemented, "MLflow's API shows no deleted logged models")
		}
		limits, err := t.limits(ctx)
		if err != nil {
			return err
		}
		s, err := newSearch(q, &q.PageOptions, limits.LoggedPage)
		if err != nil || len(q.Experiments) == 0 {
			return err
		}
		q.Limit, q.Token = s.limit, s.token
		var found rest.LoggedModelsPage
		err = t.call(ctx, restclient.Call{Endpoint: rest.LoggedModelsSearch, In: rest.SearchLoggedModelsOf(q), Out: &found})
		if err != nil {
			return err
		}
		page = found.Core()
		page.Next = s.next(page.Next)
		return nil
	})
	return page, err
}
