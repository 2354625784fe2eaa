package client

import (
	"context"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/names"
)

// LatestVersion returns the version of a model with the highest number. An unknown model, or one without versions, is
// ErrNotFound.
func LatestVersion(ctx context.Context, s core.RegistryStore, model string) (core.Version, error) {
	if _, err := s.Model(ctx, model); err != nil {
		return core.Version{}, err
	}
	var latest core.Version
	for v, err := range Versions(ctx, s, versionsOf(model)) {
		if err != nil {
			return core.Version{}, core.Do("find latest version", model, err)
		}
		if v.Model == model && v.Number > latest.Number {
			latest = v
		}
	}
	if latest.Number == 0 {
		return core.Version{}, noVersion(model, "")
	}
	return latest, nil
}

// versionsOf searches the versions of one model. The search language has no escapes: a name with both kinds of quotes
// cannot be written in it, and then the caller compares.
func versionsOf(model string) core.VersionQuery {
	for _, quote := range []string{"'", `"`} {
		if !strings.Contains(model, quote) {
			return core.VersionQuery{Filter: "name = " + quote + model + quote}
		}
	}
	return core.VersionQuery{}
}

// ResolveVersion finds the version that a models:/ URI means: by number, stage, alias, or the latest. What the registry
// does not know is ErrNotFound; a stage or alias in a registry without that ability is ErrUnsupported; a reference to a
// logged model is ErrInvalid, since no registry knows it.
func ResolveVersion(ctx context.Context, s core.RegistryStore, ref names.ModelsRef) (core.Version, error) {
	switch {
	case ref.ModelID != "":
		return core.Version{}, core.Invalid(ref.ModelID, "%q is the id of a logged model, not a registered model", ref.ModelID)
	case ref.Latest:
		return LatestVersion(ctx, s, ref.Name)
	case ref.Alias != "":
		aliases, ok := core.As[core.Aliases](s)
		if !ok {
			return core.Version{}, core.Errorf(core.Unimplemented, "the registry has no aliases, such as %q", ref.Alias)
		}
		return aliases.VersionByAlias(ctx, ref.Name, ref.Alias)
	case ref.Stage != "":
		return versionInStage(ctx, s, ref)
	}
	return s.Version(ctx, core.VersionRef{Model: ref.Name, Number: ref.Version})
}

func versionInStage(ctx context.Context, s core.RegistryStore, ref names.ModelsRef) (core.Version, error) {
	stages, ok := core.As[core.Stages](s)
	if !ok {
		return core.Version{}, core.Errorf(core.Unimplemented, "the registry has no stages, such as %q", ref.Stage)
	}
	stage, err := core.ParseStage(ref.Stage)
	if err != nil {
		return core.Version{}, err
	}
	latest, err := stages.LatestVersions(ctx, ref.Name, []core.Stage{stage})
	if err != nil {
		return core.Version{}, err
	}
	if len(latest) == 0 {
		return core.Version{}, noVersion(ref.Name, " and stage '"+string(stage)+"'")
	}
	return slices.MaxFunc(latest, func(a, b core.Version) int { return a.Number - b.Number }), nil
}

// noVersion is MLflow's text (mlflow/store/artifact/utils/models.py).
func noVersion(model, stage string) error {
	err := core.Errorf(core.NotFound, "No versions of model with name '%s'%s found", model, stage)
	return core.Do("find version", model, err)
}
