package file

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// SetStage moves a version to a stage, and with ArchiveExisting the others of that stage to the archive.
func (r *Registry) SetStage(
	ctx context.Context, ref core.VersionRef, change core.StageChange,
) (v core.Version, err error) {
	err = core.CheckVersionRef(ref, r.limits)
	if err == nil {
		change, err = core.CheckStageChange(change)
	}
	if err == nil {
		err = r.write(ctx, func(root *disk.Root) error {
			v, err = r.setStage(ctx, root, ref, change)
			return err
		})
	}
	if err != nil {
		return core.Version{}, core.Do("set stage", keyOfVersion(ref), err)
	}
	return v, nil
}

func (r *Registry) setStage(
	ctx context.Context, root *disk.Root, ref core.VersionRef, change core.StageChange,
) (core.Version, error) {
	v, d, err := r.version(ctx, root, ref)
	if err != nil {
		return core.Version{}, err
	}
	v.Stage = change.Stage
	moved := []edited{{&v, d}}
	if change.ArchiveExisting {
		others, err := r.versions(ctx, root, ref.Model)
		if err != nil {
			return core.Version{}, err
		}
		for _, other := range others {
			if other.Number == ref.Number || other.Stage != change.Stage {
				continue
			}
			before, err := readMeta(ctx, root, versionPath(other))
			if err != nil {
				return core.Version{}, err
			}
			other.Stage = core.StageArchived
			moved = append(moved, edited{&other, before})
		}
	}
	in := intent{Folder: modelPath(ref.Model)}
	if err := r.touch(ctx, root, &in, moved...); err != nil {
		return core.Version{}, err
	}
	if err := r.perform(root, in); err != nil {
		return core.Version{}, err
	}
	return whole(root, v)
}

// LatestVersions returns the highest version of each stage, by number; no stages are all.
func (r *Registry) LatestVersions(
	ctx context.Context, model string, stages []core.Stage,
) (latest []core.Version, err error) {
	err = core.CheckModelName(model, r.limits)
	if err == nil {
		stages, err = parseStages(stages)
	}
	if err == nil {
		err = r.view(ctx, func(root *disk.Root) error {
			latest, err = r.latestOf(ctx, root, model, stages)
			return err
		})
	}
	if err != nil {
		return nil, core.Do("get latest versions", model, err)
	}
	return latest, nil
}

func (r *Registry) latestOf(
	ctx context.Context, root *disk.Root, model string, stages []core.Stage,
) ([]core.Version, error) {
	if _, _, err := r.model(ctx, root, model); err != nil {
		return nil, err
	}
	versions, err := r.versions(ctx, root, model)
	if err != nil {
		return nil, err
	}
	aliases, err := readAliases(root, modelPath(model))
	if err != nil {
		return nil, err
	}
	return r.latest(root, versions, aliases, stages)
}

func parseStages(stages []core.Stage) ([]core.Stage, error) {
	if len(stages) == 0 {
		return core.StageNames(), nil
	}
	parsed := make([]core.Stage, len(stages))
	for i, stage := range stages {
		var err error
		if parsed[i], err = core.ParseStage(string(stage)); err != nil {
			return nil, err
		}
	}
	return parsed, nil
}
