package server

import (
	"context"
	"errors"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

func (s *Server) modelRoutes() []route {
	name := func(q rest.ModelName) string { return q.Name }
	return []route{
		json(rest.ModelsCreate, on(create, modelKind, func(q rest.CreateModel) string { return q.Name }), s.createModel),
		json(rest.ModelsRename, renameNeeds, s.renameModel),
		json(rest.ModelsUpdate, on(edit, modelKind, func(q rest.UpdateModel) string { return q.Name }), s.updateModel),
		json(rest.ModelsDelete, on(manage, modelKind, name), s.deleteModel),
		json(rest.ModelsGet, on(read, modelKind, name), s.getModel),
		json(rest.ModelsSearch, known[rest.SearchModels], s.searchModels),
		json(rest.ModelsList, known[rest.SearchModels], s.searchModels),
		json(rest.ModelsSetTag, on(edit, modelKind, func(q rest.SetModelTag) string { return q.Name }), s.setModelTag),
		json(rest.ModelsDeleteTag, on(edit, modelKind, func(q rest.DeleteModelTag) string { return q.Name }), s.deleteModelTag),
	}
}

// isPrompt reports whether the tags are those of a prompt, which MLflow keeps as a model.
func isPrompt(tags map[string]string) bool { return strings.EqualFold(tags[core.PromptTag], "true") }

func (s *Server) createModel(c *call, q rest.CreateModel) (rest.ModelAnswer, error) {
	tags := rest.TagMap(q.Tags)
	m, err := s.registry.CreateModel(c.ctx(), core.ModelSpec{Name: q.Name, Description: q.Description, Tags: tags})
	if errors.Is(err, core.ErrExists) {
		err = s.taken(c.ctx(), err, q.Name, isPrompt(tags))
	}
	if err != nil {
		return rest.ModelAnswer{}, err
	}
	s.tell(modelCreated(q, tags))
	return rest.ModelAnswer{RegisteredModel: rest.RegisteredModelOf(m)},
		s.guard.created(c.ctx(), c.principal, found{kind: modelKind, id: q.Name, prompt: isPrompt(tags)})
}

// taken says of a name that is taken whether by a model or a prompt: they share their names.
func (s *Server) taken(ctx context.Context, err error, name string, prompt bool) error {
	is := func(prompt bool) string {
		if prompt {
			return "Prompt"
		}
		return "Registered Model"
	}
	old := prompt
	if m, other := s.registry.Model(ctx, name); other == nil {
		old = isPrompt(m.Tags)
	}
	if old != prompt {
		return phrased(err, core.AlreadyExists, "Tried to create a %s with name '%s', but the name is already taken by a %s. "+
			"MLflow does not allow creating a model and a prompt with the same name.",
			strings.ToLower(is(prompt)), cut(name), strings.ToLower(is(old)))
	}
	return phrased(err, core.AlreadyExists, "%s (name=%s) already exists.", is(prompt), cut(name))
}

func (s *Server) renameModel(c *call, q rest.RenameModel) (rest.ModelAnswer, error) {
	m, err := s.registry.UpdateModel(c.ctx(), q.Name, core.ModelChange{Name: &q.NewName})
	err = phrased(err, core.AlreadyExists, "Registered Model (name=%s) already exists.", cut(q.NewName))
	if err == nil {
		err = s.guard.moved(c.ctx(), found{kind: modelKind, id: q.Name}, q.NewName)
	}
	return rest.ModelAnswer{RegisteredModel: rest.RegisteredModelOf(m)}, noModel(err, q.Name)
}

// renameNeeds are those of a new name: of the model, and of making one of that name.
func renameNeeds(q rest.RenameModel) []need {
	return []need{{edit, modelKind, q.Name}, {create, modelKind, q.NewName}}
}

func (s *Server) updateModel(c *call, q rest.UpdateModel) (rest.ModelAnswer, error) {
	m, err := s.registry.UpdateModel(c.ctx(), q.Name, core.ModelChange{Description: &q.Description})
	return rest.ModelAnswer{RegisteredModel: rest.RegisteredModelOf(m)}, noModel(err, q.Name)
}

func (s *Server) deleteModel(c *call, q rest.ModelName) (rest.None, error) {
	err := s.registry.DeleteModel(c.ctx(), q.Name)
	if err == nil {
		err = s.guard.moved(c.ctx(), found{kind: modelKind, id: q.Name}, "")
	}
	return rest.None{}, noModel(err, q.Name)
}

func (s *Server) getModel(c *call, q rest.ModelName) (rest.ModelAnswer, error) {
	m, err := s.registry.Model(c.ctx(), q.Name)
	return rest.ModelAnswer{RegisteredModel: rest.RegisteredModelOf(m)}, noModel(err, q.Name)
}

// searchModels finds models; prompts only when the filter asks for them, which is the store's matter.
func (s *Server) searchModels(c *call, q rest.SearchModels) (rest.ModelsPage, error) {
	limit, err := pageLimit(q.MaxResults)
	if err != nil {
		return rest.ModelsPage{}, err
	}
	search := func(ctx context.Context, o core.PageOptions) (core.Page[core.Model], error) {
		return s.registry.SearchModels(ctx, core.ModelQuery{Filter: q.Filter, OrderBy: q.OrderBy, PageOptions: o})
	}
	page, err := permitted(c, core.PageOptions{Limit: limit, Token: q.PageToken}, search, func(m core.Model) found {
		return found{kind: modelKind, id: m.Name, prompt: isPrompt(m.Tags)}
	})
	if err != nil {
		return rest.ModelsPage{}, err
	}
	return rest.ModelsPageOf(page), nil
}

func (s *Server) setModelTag(c *call, q rest.SetModelTag) (rest.None, error) {
	change := core.ModelChange{Tags: core.TagChange{Set: map[string]string{q.Key: q.Value}}}
	_, err := s.registry.UpdateModel(c.ctx(), q.Name, change)
	if err == nil {
		s.tell(modelTagSet(q))
	}
	return rest.None{}, noModel(err, q.Name)
}

func (s *Server) deleteModelTag(c *call, q rest.DeleteModelTag) (rest.None, error) {
	_, err := s.registry.UpdateModel(c.ctx(), q.Name, core.ModelChange{Tags: core.TagChange{Delete: []string{q.Key}}})
	if err == nil {
		s.tell(modelTagDeleted(q))
	}
	return rest.None{}, noModel(err, q.Name)
}
