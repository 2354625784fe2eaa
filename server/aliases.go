package server

import (
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

func (s *Server) aliasRoutes() []route {
	name := func(q rest.Alias) string { return q.Name }
	return []route{
		json(rest.ModelsSetAlias, on(edit, modelKind, func(q rest.SetAlias) string { return q.Name }), s.setAlias),
		json(rest.ModelsDeleteAlias, on(manage, modelKind, name), s.deleteAlias),
		json(rest.ModelsGetAlias, on(read, versionKind, name), s.versionByAlias),
	}
}

func (s *Server) aliases() (core.Aliases, error) { return registryAbility[core.Aliases](s, "aliases") }

func (s *Server) setAlias(c *call, q rest.SetAlias) (rest.None, error) {
	aliases, err := s.aliases()
	if err != nil {
		return rest.None{}, err
	}
	ref, err := versionOf(q.Name, q.Version)
	if err != nil {
		return rest.None{}, err
	}
	if err := aliases.SetAlias(c.ctx(), ref, q.Alias); err != nil {
		return rest.None{}, noVersion(err, q.Name, q.Version)
	}
	s.tell(aliasCreated(q))
	return rest.None{}, nil
}

func (s *Server) deleteAlias(c *call, q rest.Alias) (rest.None, error) {
	aliases, err := s.aliases()
	if err != nil {
		return rest.None{}, err
	}
	if err := aliases.DeleteAlias(c.ctx(), q.Name, q.Alias); err != nil {
		return rest.None{}, noModel(err, q.Name)
	}
	s.tell(aliasDeleted(q))
	return rest.None{}, nil
}

// versionByAlias answers for an unknown alias that the request is bad, as MLflow does (D-8).
func (s *Server) versionByAlias(c *call, q rest.Alias) (rest.VersionAnswer, error) {
	aliases, err := s.aliases()
	if err != nil {
		return rest.VersionAnswer{}, err
	}
	v, err := aliases.VersionByAlias(c.ctx(), q.Name, q.Alias)
	if core.CodeOf(err) != core.NotFound {
		return rest.VersionAnswer{ModelVersion: rest.ModelVersionOf(v)}, err
	}
	if _, missing := s.registry.Model(c.ctx(), q.Name); missing != nil {
		return rest.VersionAnswer{}, noModel(missing, q.Name)
	}
	if strings.EqualFold(q.Alias, "latest") {
		return rest.VersionAnswer{}, phrased(err, core.NotFound, "Latest version not found for model %s.", cut(q.Name))
	}
	return rest.VersionAnswer{}, noAlias(q.Alias)
}

func noAlias(alias string) error {
	return core.Invalid("alias", "Registered model alias %s not found.", cut(alias))
}
