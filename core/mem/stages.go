package mem

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// SetStage moves a version to a stage, and with ArchiveExisting the others of that stage to the archive.
func (r *Registry) SetStage(
	ctx context.Context, ref core.VersionRef, change core.StageChange,
) (_ core.Version, err error) {
	defer named(&err, "set stage", keyOfVersion(ref))
	if err := r.change(ctx); err != nil {
		return core.Version{}, err
	}
	if err := core.CheckVersionRef(ref, r.limits); err != nil {
		return core.Version{}, err
	}
	if change, err = core.CheckStageChange(change); err != nil {
		return core.Version{}, err
	}
	d := r.data
	d.mu.Lock()
	defer d.mu.Unlock()
	m, v, err := d.version(ref)
	if err != nil {
		return core.Version{}, err
	}
	moved := []*core.Version{v}
	if change.ArchiveExisting {
		for _, other := range m.versions {
			if other != v && other.Stage == change.Stage {
				other.Stage = core.StageArchived
				moved = append(moved, other)
			}
		}
	}
	v.Stage = change.Stage
	m.touch(moved...)
	return cloneVersion(*v), nil
}

// LatestVersions returns the highest version of each stage, by number; no stages are all.
func (r *Registry) LatestVersions(
	ctx context.Context, name string, stages []core.Stage,
) (_ []core.Version, err error) {
	defer named(&err, "get latest versions", name)
	if err := r.read(ctx); err != nil {
		return nil, err
	}
	if err := core.CheckModelName(name, r.limits); err != nil {
		return nil, err
	}
	if len(stages) == 0 {
		stages = core.StageNames()
	}
	wanted := make([]core.Stage, len(stages))
	for i, stage := range stages {
		if wanted[i], err = core.ParseStage(string(stage)); err != nil {
			return nil, err
		}
	}
	d := r.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	m, err := d.model(name)
	if err != nil {
		return nil, err
	}
	latest := m.latest(wanted)
	for i := range latest {
		latest[i] = cloneVersion(latest[i])
	}
	return latest, nil
}
