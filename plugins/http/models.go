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

// CreateModel creates a registered model.
func (r *Registry) CreateModel(ctx context.Context, spec core.ModelSpec) (m core.Model, err error) {
	err = r.write(ctx, "create model", spec.Name, func(ctx context.Context) error {
		limits, err := r.limits(ctx)
		if err != nil {
			return err
		}
		if err := core.CheckModelSpec(spec, limits); err != nil {
			return err
		}
		in := rest.CreateModel{Name: spec.Name, Tags: rest.TagsOf(spec.Tags), Description: spec.Description}
		m, err = r.model(ctx, restclient.Call{Endpoint: rest.ModelsCreate, In: in}, spec.Name)
		return err
	})
	return m, err
}

// model makes a call that answers with a model.
func (r *Registry) model(ctx context.Context, call restclient.Call, asked string) (core.Model, error) {
	var found rest.ModelAnswer
	call.Out = &found
	if err := r.call(ctx, call); err != nil {
		return core.Model{}, err
	}
	m := modelOf(found.RegisteredModel)
	if m.Name != asked {
		return core.Model{}, notAsked("model")
	}
	return m, nil
}

// modelOf takes a model from an answer. MLflow lists its latest versions as they come.
func modelOf(model rest.RegisteredModel) core.Model {
	m := model.Core()
	sortVersions(m.Latest)
	return m
}

func sortVersions(list []core.Version) {
	slices.SortFunc(list, func(a, b core.Version) int { return cmp.Compare(a.Number, b.Number) })
}

// Model reads a model.
func (r *Registry) Model(ctx context.Context, name string) (m core.Model, err error) {
	err = r.read(ctx, "get model", name, func(ctx context.Context) error {
		if err := r.checkModel(ctx, name); err != nil {
			return err
		}
		m, err = r.getModel(ctx, name)
		return err
	})
	return m, err
}

func (r *Registry) checkModel(ctx context.Context, name string) error {
	limits, err := r.limits(ctx)
	if err != nil {
		return err
	}
	return core.CheckModelName(name, limits)
}

func (r *Registry) getModel(ctx context.Context, name string) (core.Model, error) {
	return r.model(ctx, restclient.Call{Endpoint: rest.ModelsGet, In: rest.ModelName{Name: name}}, name)
}

// UpdateModel changes a model: tags, description and name, one after the other.
func (r *Registry) UpdateModel(ctx context.Context, name string, change core.ModelChange) (m core.Model, err error) {
	err = r.write(ctx, "update model", name, func(ctx context.Context) error {
		limits, err := r.limits(ctx)
		if err != nil {
			return err
		}
		if err := cmp.Or(core.CheckModelName(name, limits), core.CheckModelChange(change, limits)); err != nil {
			return err
		}
		if err := r.free(ctx, name, change); err != nil {
			return err
		}
		for _, call := range modelCalls(name, change) {
			if err := r.call(ctx, call); err != nil {
				return err
			}
		}
		if change.Name != nil {
			name = *change.Name
		}
		m, err = r.getModel(ctx, name)
		return err
	})
	return m, err
}

// free refuses a change whose new name is taken, before the first of its requests.
func (r *Registry) free(ctx context.Context, name string, change core.ModelChange) error {
	alone := change.Description == nil && change.Tags.Empty()
	if change.Name == nil || *change.Name == name || alone {
		return nil
	}
	_, err := r.getModel(ctx, *change.Name)
	switch {
	case err == nil:
		if _, err := r.getModel(ctx, name); err != nil {
			return err
		}
		return core.Exists("model", *change.Name)
	case errors.Is(err, core.ErrNotFound):
		return nil
	}
	return err
}

func modelCalls(name string, change core.ModelChange) []restclient.Call {
	var calls []restclient.Call
	for _, key := range slices.Sorted(maps.Keys(change.Tags.Set)) {
		in := rest.SetModelTag{Name: name, Key: key, Value: change.Tags.Set[key]}
		calls = append(calls, restclient.Call{Endpoint: rest.ModelsSetTag, In: in})
	}
	for _, key := range change.Tags.Delete {
		calls = append(calls, restclient.Call{Endpoint: rest.ModelsDeleteTag, In: rest.DeleteModelTag{Name: name, Key: key}})
	}
	if change.Description != nil {
		in := rest.UpdateModel{Name: name, Description: *change.Description}
		calls = append(calls, restclient.Call{Endpoint: rest.ModelsUpdate, In: in})
	}
	if change.Name != nil {
		in := rest.RenameModel{Name: name, NewName: *change.Name}
		calls = append(calls, restclient.Call{Endpoint: rest.ModelsRename, In: in})
	}
	return calls
}

// DeleteModel removes a model.
func (r *Registry) DeleteModel(ctx context.Context, name string) error {
	return r.write(ctx, "delete model", name, func(ctx context.Context) error {
		if err := r.checkModel(ctx, name); err != nil {
			return err
		}
		// A version that comes meanwhile has MLflow's database refuse the deletion.
		const most = 10
		for attempt := 1; ; attempt++ {
			err := r.call(ctx, restclient.Call{Endpoint: rest.ModelsDelete, In: rest.ModelName{Name: name}})
			if attempt == most || !refusedAs(err, core.ReasonBadRequest) || !byDatabase(err) {
				return err
			}
		}
	})
}

// SearchModels searches.
func (r *Registry) SearchModels(ctx context.Context, q core.ModelQuery) (page core.Page[core.Model], err error) {
	err = r.read(ctx, "search models", "", func(ctx context.Context) error {
		page, err = r.searchModels(ctx, q)
		return err
	})
	return page, err
}

func (r *Registry) searchModels(ctx context.Context, q core.ModelQuery) (page core.Page[core.Model], err error) {
	p, err := r.profile(ctx)
	if err != nil {
		return page, err
	}
	s, err := newSearch(q, &q.PageOptions, p.models.ModelPage)
	if err != nil {
		return page, err
	}
	ask := func(ctx context.Context, o core.PageOptions) (core.Page[core.Model], error) {
		return r.modelsPage(ctx, q, o)
	}
	if p.ours {
		return pass(ctx, s, ask)
	}
	return question[core.Model]{
		read: func(o core.PageOptions) (*filter.Query[core.Model], error) {
			return filter.Models(core.ModelQuery{Filter: q.Filter, OrderBy: q.OrderBy, PageOptions: o}, p.models)
		},
		ask: ask,
		all: func(ctx context.Context) iter.Seq2[core.Model, error] {
			return registered(ctx, p, q.Filter, func(text string) pages[core.Model] {
				return func(ctx context.Context, o core.PageOptions) (core.Page[core.Model], error) {
					return r.modelsPage(ctx, core.ModelQuery{Filter: text}, o)
				}
			})
		},
		here: !ordersAlike(q.OrderBy, "name", "timestamp", "last_updated_timestamp"),
	}.answer(ctx, s)
}

// modelsPage asks for one page.
func (r *Registry) modelsPage(
	ctx context.Context, q core.ModelQuery, o core.PageOptions,
) (page core.Page[core.Model], err error) {
	in := rest.SearchModels{Filter: q.Filter, MaxResults: limitOf(o), OrderBy: q.OrderBy, PageToken: o.Token}
	var found rest.ModelsPage
	if err := r.call(ctx, restclient.Call{Endpoint: rest.ModelsSearch, In: in, Out: &found}); err != nil {
		return page, err
	}
	for _, m := range found.RegisteredModels {
		page.Items = append(page.Items, modelOf(m))
	}
	page.Next = found.NextPageToken
	return page, nil
}
