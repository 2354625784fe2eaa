package server

import (
	"context"
	stdjson "encoding/json"

	"github.com/mlstore/mlstore/core"
)

// textOf is what p points to, or nothing.
func textOf(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// link notes a version at the logged model that it was made from: MLflow has a tag for it, a JSON list. Calls take turns,
// since each reads the tag that it writes.
func (s *Server) link(ctx context.Context, v core.Version) error {
	if v.ModelID == "" || isPrompt(v.Tags) {
		return nil
	}
	models, err := s.loggedModels()
	if err != nil {
		return err
	}
	s.links.Lock()
	defer s.links.Unlock()
	m, err := models.LoggedModel(ctx, v.ModelID)
	if err != nil {
		return err
	}
	var before []stdjson.RawMessage
	if old := m.Tags[core.ModelVersionsTag]; old != "" {
		if err := stdjson.Unmarshal([]byte(old), &before); err != nil {
			return core.State(v.ModelID, "the tag %s is no JSON list: %v", core.ModelVersionsTag, err)
		}
	}
	entry, err := stdjson.Marshal(struct {
		Name    string `json:"name"`
		Version int    `json:"version"`
	}{v.Model, v.Number})
	if err != nil {
		return core.Errorf(core.Internal, "a version cannot be written as JSON: %w", err)
	}
	set := map[string]string{core.ModelVersionsTag: pythonJSON(append(before, entry))}
	_, err = models.UpdateLoggedModel(ctx, v.ModelID, core.LoggedModelChange{Tags: core.TagChange{Set: set}})
	return err
}
