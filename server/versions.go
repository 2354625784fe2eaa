package server

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

func (s *Server) versionRoutes() []route {
	name := func(q rest.VersionRef) string { return q.Name }
	return []route{
		json(rest.VersionsCreate, s.newVersionNeeds, s.createVersion),
		json(rest.VersionsUpdate, on(edit, versionKind, func(q rest.UpdateVersion) string { return q.Name }), s.updateVersion),
		json(rest.VersionsDelete, on(manage, versionKind, name), s.deleteVersion),
		json(rest.VersionsGet, on(read, versionKind, name), s.getVersion),
		json(rest.VersionsSearch, known[rest.SearchVersions], s.searchVersions),
		json(rest.VersionsDownloadURI, on(read, versionKind, name), s.downloadURI),
		json(rest.VersionsSetTag, on(edit, versionKind, func(q rest.SetVersionTag) string { return q.Name }), s.setVersionTag),
		json(rest.VersionsDeleteTag,
			on(manage, versionKind, func(q rest.DeleteVersionTag) string { return q.Name }), s.deleteVersionTag),
	}
}

func (s *Server) createVersion(c *call, q rest.CreateVersion) (rest.VersionAnswer, error) {
	tags := rest.TagMap(q.Tags)
	o, err := s.origin(c.ctx(), q, isPrompt(tags))
	if err != nil {
		return rest.VersionAnswer{}, err
	}
	v, err := s.registry.CreateVersion(c.ctx(), q.Name, core.VersionSpec{
		Source: o.source, Location: o.location, RunID: o.run, ModelID: o.model, RunLink: q.RunLink, Description: q.Description,
		Tags: tags,
	})
	if err != nil {
		return rest.VersionAnswer{}, noModel(badSource(err, q.Source), q.Name)
	}
	if err := s.link(c.ctx(), v); err != nil {
		s.log.WarnContext(c.ctx(), "a version is not noted at its logged model", "model", v.Model, "version", v.Number, "error", err)
	}
	s.tell(versionCreated(v))
	return rest.VersionAnswer{ModelVersion: rest.ModelVersionOf(v)}, nil
}

func (s *Server) updateVersion(c *call, q rest.UpdateVersion) (rest.VersionAnswer, error) {
	ref := rest.VersionRef{Name: q.Name, Version: q.Version}
	v, err := s.changeVersion(c.ctx(), ref, core.VersionChange{Description: &q.Description})
	return rest.VersionAnswer{ModelVersion: rest.ModelVersionOf(v)}, err
}

func (s *Server) changeVersion(ctx context.Context, q rest.VersionRef, change core.VersionChange) (core.Version, error) {
	ref, err := versionOf(q.Name, q.Version)
	if err != nil {
		return core.Version{}, err
	}
	v, err := s.registry.UpdateVersion(ctx, ref, change)
	return v, noVersion(err, q.Name, q.Version)
}

func (s *Server) deleteVersion(c *call, q rest.VersionRef) (rest.None, error) {
	ref, err := versionOf(q.Name, q.Version)
	if err == nil {
		err = s.registry.DeleteVersion(c.ctx(), ref)
	}
	return rest.None{}, noVersion(err, q.Name, q.Version)
}

func (s *Server) version(ctx context.Context, q rest.VersionRef) (core.Version, error) {
	ref, err := versionOf(q.Name, q.Version)
	if err != nil {
		return core.Version{}, err
	}
	v, err := s.registry.Version(ctx, ref)
	return v, noVersion(err, q.Name, q.Version)
}

func (s *Server) getVersion(c *call, q rest.VersionRef) (rest.VersionAnswer, error) {
	v, err := s.version(c.ctx(), q)
	return rest.VersionAnswer{ModelVersion: rest.ModelVersionOf(v)}, err
}

func (s *Server) downloadURI(c *call, q rest.VersionRef) (rest.DownloadURIAnswer, error) {
	v, err := s.version(c.ctx(), q)
	return rest.DownloadURIAnswer{ArtifactURI: v.DownloadURI()}, err
}

// searchVersions finds versions. Without max_results the page is the longest that the store has: clients of 1.x ask for one
// page alone.
func (s *Server) searchVersions(c *call, q rest.SearchVersions) (rest.VersionsPage, error) {
	limit, err := pageLimit(q.MaxResults)
	if err != nil {
		return rest.VersionsPage{}, err
	}
	if limit == 0 {
		info, err := s.registry.Describe(c.ctx())
		if err != nil {
			return rest.VersionsPage{}, err
		}
		limit = info.Limits.VersionPage.Max
	}
	search := func(ctx context.Context, o core.PageOptions) (core.Page[core.Version], error) {
		return s.registry.SearchVersions(ctx, core.VersionQuery{Filter: q.Filter, OrderBy: q.OrderBy, PageOptions: o})
	}
	page, err := permitted(c, core.PageOptions{Limit: limit, Token: q.PageToken}, search, func(v core.Version) found {
		return found{kind: versionKind, id: v.Model, prompt: isPrompt(v.Tags)}
	})
	if err != nil {
		return rest.VersionsPage{}, err
	}
	return rest.VersionsPageOf(page), nil
}

func (s *Server) setVersionTag(c *call, q rest.SetVersionTag) (rest.None, error) {
	change := core.VersionChange{Tags: core.TagChange{Set: map[string]string{q.Key: q.Value}}}
	_, err := s.changeVersion(c.ctx(), rest.VersionRef{Name: q.Name, Version: q.Version}, change)
	if err == nil {
		s.tell(versionTagSet(q))
	}
	return rest.None{}, err
}

func (s *Server) deleteVersionTag(c *call, q rest.DeleteVersionTag) (rest.None, error) {
	change := core.VersionChange{Tags: core.TagChange{Delete: []string{q.Key}}}
	_, err := s.changeVersion(c.ctx(), rest.VersionRef{Name: q.Name, Version: q.Version}, change)
	if err == nil {
		s.tell(versionTagDeleted(q))
	}
	return rest.None{}, err
}
