package server

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

func (s *Server) stageRoutes() []route {
	latest := json(rest.ModelsLatest, on(read, versionKind, func(q rest.LatestVersions) string { return q.Name }), s.latestVersions)
	return append(latest.also("GET"), json(rest.VersionsTransition,
		on(edit, versionKind, func(q rest.TransitionVersion) string { return q.Name }), s.transitionVersion))
}

func (s *Server) stages() (core.Stages, error) { return registryAbility[core.Stages](s, "stages") }

// latestVersions answers the highest version of each stage.
func (s *Server) latestVersions(c *call, q rest.LatestVersions) (rest.VersionsAnswer, error) {
	stages, err := s.stages()
	if err != nil {
		return rest.VersionsAnswer{}, err
	}
	wanted := make([]core.Stage, 0, len(q.Stages))
	for _, stage := range q.Stages {
		wanted = append(wanted, core.Stage(stage))
	}
	found, err := stages.LatestVersions(c.ctx(), q.Name, wanted)
	return rest.VersionsAnswerOf(found), noModel(err, q.Name)
}

// transitionVersion moves a version to a stage. To archive the others of a stage that is not active is the caller's mistake;
// MLflow answers 500, which its clients repeat.
func (s *Server) transitionVersion(c *call, q rest.TransitionVersion) (rest.VersionAnswer, error) {
	stages, err := s.stages()
	if err != nil {
		return rest.VersionAnswer{}, err
	}
	ref, err := versionOf(q.Name, q.Version)
	if err != nil {
		return rest.VersionAnswer{}, err
	}
	v, err := stages.SetStage(c.ctx(), ref, core.StageChange{Stage: core.Stage(q.Stage), ArchiveExisting: q.ArchiveExisting})
	return rest.VersionAnswer{ModelVersion: rest.ModelVersionOf(v)}, noVersion(err, q.Name, q.Version)
}
