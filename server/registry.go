package server

import (
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// registryRoutes serve registered models, their versions, logged models and webhooks.
func (s *Server) registryRoutes() []route {
	return slices.Concat(
		s.modelRoutes(), s.aliasRoutes(), s.versionRoutes(), s.stageRoutes(), s.loggedModelRoutes(), s.webhookRoutes(),
	)
}

// registryAbility is an ability of the registry, or what to say of a registry without it.
func registryAbility[T any](s *Server, what string) (T, error) {
	ability, ok := core.As[T](s.registry)
	if !ok {
		return ability, core.Errorf(core.Unimplemented, "the model registry %s has no %s", s.config.registry(), what)
	}
	return ability, nil
}

// versionOf reads which version a request means. No version has a number below 1.
func versionOf(name, text string) (core.VersionRef, error) {
	number, err := rest.VersionNumber(text)
	if err != nil {
		return core.VersionRef{}, err
	}
	ref := core.VersionRef{Model: name, Number: number}
	if number < 1 {
		return ref, noVersion(core.Missing("version", text), name, text)
	}
	return ref, nil
}

// The texts of MLflow's SQL store (mlflow/store/model_registry/sqlalchemy_store.py).

func noModel(err error, name string) error {
	return phrased(err, core.NotFound, "Registered Model with name=%s not found", cut(name))
}

func noVersion(err error, name, version string) error {
	return phrased(err, core.NotFound, "Model Version (name=%s, version=%s) not found", cut(name), cut(version))
}
