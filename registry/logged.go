package registry

import (
	"context"
	"errors"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/names"
)

// logged is a place among the artifacts of a run that may be meant as the name of a model which the run logged.
type logged struct {
	store core.TrackingStore
	run   core.Run
	to    place
}

// preferLogged leads runs:/<id>/<name>/… to the newest logged model of that name and run, when the run itself has nothing
// at <name>. MLflow 3 keeps models outside of the run's artifacts and still names them so. Source: MLflow,
// mlflow/store/artifact/runs_artifact_repo.py.
func (r *Resolver) preferLogged(ctx context.Context, l logged, s Settings) (place, error) {
	name, rest, _ := strings.Cut(l.to.path, "/")
	bad := names.LoggedModelName(name)
	models, ok := core.As[core.LoggedModels](l.store)
	if !ok || bad != nil {
		return l.to, nil //nolint:nilerr // no model has such a name
	}
	found, err := newestLogged(ctx, models, l.run, name)
	if err != nil || found.ID == "" {
		return l.to, err
	}
	gone, err := r.missing(ctx, l.to.location, name, s)
	if err != nil || !gone {
		return l.to, err
	}
	why := "logged model " + name + " of run " + string(l.run.ID)
	return place{location: modelsScheme + ":/" + string(found.ID), path: rest, why: why}, nil
}

func newestLogged(ctx context.Context, s core.LoggedModels, run core.Run, name string) (core.LoggedModel, error) {
	query := core.LoggedModelQuery{
		Experiments: []core.ExperimentID{run.ExperimentID}, Filter: "name = '" + name + "'", // which has no quotes in it
	}
	for m, err := range client.LoggedModels(ctx, s, query) {
		if err != nil {
			return core.LoggedModel{}, err
		}
		if m.SourceRunID == run.ID && m.Name == name {
			return m, nil
		}
	}
	return core.LoggedModel{}, nil
}

// missing reports whether there is nothing at name in an artifact root. Where that cannot be found out, it is not missing:
// opening the root will tell why.
func (r *Resolver) missing(ctx context.Context, location, name string, s Settings) (bool, error) {
	var t trail
	if err := t.advance(place{location: location, why: "artifacts of the run"}); err != nil {
		return false, err
	}
	repo, err := r.artifacts(ctx, t, s)
	if err != nil {
		return false, core.Interrupted(ctx)
	}
	_, err = repo.Stat(ctx, name)
	gone := errors.Is(err, core.ErrNotFound)
	return gone, errors.Join(core.Interrupted(ctx), repo.Close())
}
