package http

import (
	"cmp"
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
	"github.com/mlstore/mlstore/rest"
)

// SetStage moves a version.
func (r *Registry) SetStage(ctx context.Context, ref core.VersionRef, change core.StageChange) (v core.Version, err error) {
	err = r.write(ctx, "set stage", keyOf(ref), func(ctx context.Context) error {
		change, bad := core.CheckStageChange(change)
		if err := cmp.Or(r.checkVersion(ctx, ref), bad); err != nil {
			return err
		}
		in := rest.TransitionVersion{
			Name: ref.Model, Version: refOf(ref).Version, Stage: string(change.Stage), ArchiveExisting: change.ArchiveExisting,
		}
		v, err = r.version(ctx, restclient.Call{Endpoint: rest.VersionsTransition, In: in}, ref)
		return err
	})
	return v, err
}

// LatestVersions reads the highest version of each stage.
func (r *Registry) LatestVersions(ctx context.Context, model string, in []core.Stage) (latest []core.Version, err error) {
	err = r.read(ctx, "get latest versions", model, func(ctx context.Context) error {
		ask := rest.LatestVersions{Name: model}
		for _, name := range in {
			stage, err := core.ParseStage(string(name))
			if err != nil {
				return err
			}
			ask.Stages = append(ask.Stages, string(stage))
		}
		if err := r.checkModel(ctx, model); err != nil {
			return err
		}
		var err error
		latest, err = r.latest(ctx, ask)
		return err
	})
	return latest, err
}

func (r *Registry) latest(ctx context.Context, ask rest.LatestVersions) ([]core.Version, error) {
	var found rest.VersionsAnswer
	if err := r.call(ctx, restclient.Call{Endpoint: rest.ModelsLatest, In: ask, Out: &found}); err != nil {
		return nil, err
	}
	var latest []core.Version
	for _, v := range found.ModelVersions {
		latest = append(latest, versionOf(v))
	}
	sortVersions(latest)
	return latest, nil
}
