package server

import (
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// permitted is the page of a search that holds what the caller may see, filled up from the pages that follow. The token of the
// last page that was read goes on from there.
func permitted[T any](
	c *call, o core.PageOptions, search func(context.Context, core.PageOptions) (core.Page[T], error), is func(T) found,
) (core.Page[T], error) {
	page, err := search(c.ctx(), o)
	if err != nil || c.principal.caller == nil {
		return page, err
	}
	const mostPages = 50 // of one answer: one that is shorter than asked for has a token all the same
	asked := o.Limit
	if asked == 0 {
		asked = len(page.Items)
	}
	var kept core.Page[T]
	for range mostPages {
		for _, item := range page.Items {
			if c.server.guard.sees(c.principal, is(item)) {
				kept.Items = append(kept.Items, item)
			}
		}
		kept.Next = page.Next
		if page.Next == "" || len(kept.Items) >= asked {
			break
		}
		page, err = search(c.ctx(), core.PageOptions{Limit: asked - len(kept.Items), Token: page.Next})
		if err != nil {
			return core.Page[T]{}, err
		}
	}
	return kept, nil
}

// readable are those of the experiments that the caller may read: in the others a search finds nothing, as in MLflow, whose
// clients search in all that they have heard of.
func readable(c *call, ids []string) []string {
	if c.principal.caller == nil {
		return ids
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		return !c.server.guard.sees(c.principal, found{kind: experimentKind, id: id})
	})
}

// newExperimentNeeds are those of a new experiment, also where it would keep its artifacts: whoever could name the folder of
// somebody else's experiment could read it by way of their own (R23).
func (s *Server) newExperimentNeeds(q rest.CreateExperiment) []need {
	needs := []need{{permission: create, kind: experimentKind}}
	if path, ours := s.ownFile(q.ArtifactLocation); ours {
		needs = append(needs, need{edit, artifactKind, path})
	}
	return needs
}

// newVersionNeeds are those of a new version, also where its files are.
func (s *Server) newVersionNeeds(q rest.CreateVersion) []need {
	needs := createVersionNeeds(q)
	if path, ours := s.ownFile(q.Source); ours {
		needs = append(needs, need{read, artifactKind, path})
	}
	return needs
}
