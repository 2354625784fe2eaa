package file

import (
	"context"
	"errors"
	"path"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// CreateVersion creates the next version of a model, which is ready at once. Its folder becomes visible complete.
func (r *Registry) CreateVersion(
	ctx context.Context, model string, spec core.VersionSpec,
) (v core.Version, err error) {
	err = core.CheckModelName(model, r.limits)
	if err == nil {
		err = core.CheckVersionSpec(spec, r.limits)
	}
	if err == nil {
		err = r.write(ctx, func(root *disk.Root) error {
			v, err = r.addVersion(ctx, root, model, spec)
			return err
		})
	}
	if err != nil {
		return core.Version{}, core.Do("create model version", model, err)
	}
	return v, nil
}

func (r *Registry) addVersion(
	ctx context.Context, root *disk.Root, model string, spec core.VersionSpec,
) (core.Version, error) {
	m, d, err := r.model(ctx, root, model)
	if err != nil {
		return core.Version{}, err
	}
	m.UpdatedAt = later(m.UpdatedAt)
	v := core.Version{
		Model: model, CreatedAt: m.UpdatedAt, UpdatedAt: m.UpdatedAt, User: spec.User, Description: spec.Description,
		Stage: core.StageNone, Source: spec.Source, Location: spec.Location, RunID: spec.RunID, RunLink: spec.RunLink,
		ModelID: spec.ModelID, Status: core.VersionReady, Tags: spec.Tags,
	}
	if v.Location == v.Source {
		v.Location = ""
	}
	for ctx.Err() == nil { // MLflow, which does not know our lock, may take a number first; then somebody has got on
		all, err := numbers(root, model)
		if err != nil {
			return core.Version{}, err
		}
		v.Number = 1
		if len(all) > 0 {
			v.Number = all[len(all)-1] + 1
		}
		err = r.placeVersion(root, v, registeredDocument(m, d))
		if errors.Is(err, core.ErrExists) {
			continue
		}
		if err != nil {
			return core.Version{}, err
		}
		return whole(root, v)
	}
	return core.Version{}, core.Interrupted(ctx)
}

// placeVersion makes the folder of a new version and writes the model's document, in one step. A taken number is ErrExists.
func (r *Registry) placeVersion(root *disk.Root, v core.Version, model document) error {
	folder, err := root.CreateTempDir(registryHidden)
	if err != nil {
		return err
	}
	defer folder.Abort()
	if err := folder.Add(metaFile, versionDocument(v, nil).bytes(), r.durability()); err != nil {
		return err
	}
	if err := fillTags(folder, v.Tags, r.durability()); err != nil {
		return err
	}
	in := intent{
		From: folder.Name(), To: path.Join(modelPath(v.Model), versionFolder(v.Number)), Folder: modelPath(v.Model),
	}
	if r.durability() == disk.Sync {
		if err := folder.Flush(); err != nil {
			return err
		}
	}
	if model != nil {
		in.write(metaFile, string(model.bytes()))
	}
	err = r.perform(root, in)
	if e, ok := errors.AsType[*core.Error](err); ok && e.Outcome == core.OutcomeUnknown {
		folder.Keep() // for who finishes the change
	}
	return err
}

// Version returns a version.
func (r *Registry) Version(ctx context.Context, ref core.VersionRef) (v core.Version, err error) {
	err = core.CheckVersionRef(ref, r.limits)
	if err == nil {
		err = r.view(ctx, func(root *disk.Root) error {
			if v, _, err = r.version(ctx, root, ref); err == nil {
				v, err = whole(root, v)
			}
			return err
		})
	}
	if err != nil {
		return core.Version{}, core.Do("get model version", keyOfVersion(ref), err)
	}
	return v, nil
}

// UpdateVersion changes a version, all or nothing.
func (r *Registry) UpdateVersion(
	ctx context.Context, ref core.VersionRef, change core.VersionChange,
) (v core.Version, err error) {
	err = core.CheckVersionRef(ref, r.limits)
	if err == nil {
		err = core.CheckVersionChange(change, r.limits)
	}
	if err == nil {
		err = r.write(ctx, func(root *disk.Root) error {
			v, err = r.updateVersion(ctx, root, ref, change)
			return err
		})
	}
	if err != nil {
		return core.Version{}, core.Do("update model version", keyOfVersion(ref), err)
	}
	return v, nil
}

func (r *Registry) updateVersion(
	ctx context.Context, root *disk.Root, ref core.VersionRef, change core.VersionChange,
) (core.Version, error) {
	v, d, err := r.version(ctx, root, ref)
	if err != nil {
		return core.Version{}, err
	}
	in := intent{Folder: modelPath(ref.Model)}
	if err := tagSteps(root, &in, versionFolder(ref.Number), change.Tags); err != nil {
		return core.Version{}, err
	}
	if change.Description != nil {
		v.Description = *change.Description
		if err := r.touch(ctx, root, &in, edited{&v, d}); err != nil {
			return core.Version{}, err
		}
	}
	if err := r.perform(root, in); err != nil {
		return core.Version{}, err
	}
	return whole(root, v)
}

// edited is a version that is to be written, and the document that it had.
type edited struct {
	*core.Version
	before document
}

// touch adds to a change that versions are written, and that their times and that of their model advance to one moment.
func (r *Registry) touch(ctx context.Context, root *disk.Root, in *intent, versions ...edited) error {
	m, d, err := r.model(ctx, root, versions[0].Model)
	if err != nil {
		return err
	}
	now := later(m.UpdatedAt)
	for _, v := range versions {
		now = max(now, v.UpdatedAt)
	}
	m.UpdatedAt = now
	in.write(metaFile, string(registeredDocument(m, d).bytes()))
	for _, v := range versions {
		v.UpdatedAt = now
		written := versionDocument(*v.Version, v.before)
		if v.Stage == stageDeleted {
			written = deletedDocument(*v.Version)
		}
		in.write(path.Join(versionFolder(v.Number), metaFile), string(written.bytes()))
	}
	return nil
}

// DeleteVersion removes a version and its aliases. Its folder stays, with nothing of it to read, so that its number is not
// given again.
func (r *Registry) DeleteVersion(ctx context.Context, ref core.VersionRef) error {
	err := core.CheckVersionRef(ref, r.limits)
	if err == nil {
		err = r.write(ctx, func(root *disk.Root) error { return r.deleteVersion(ctx, root, ref) })
	}
	return core.Do("delete model version", keyOfVersion(ref), err)
}

func (r *Registry) deleteVersion(ctx context.Context, root *disk.Root, ref core.VersionRef) error {
	v, d, err := r.version(ctx, root, ref)
	if err != nil {
		return err
	}
	in := intent{Folder: modelPath(ref.Model)}
	v.Stage = stageDeleted
	if err := r.touch(ctx, root, &in, edited{&v, d}); err != nil {
		return err
	}
	in.Remove = append(in.Remove, path.Join(versionFolder(ref.Number), tagsName))
	if err := dropAliases(root, &in, func(_ string, to int) bool { return to == ref.Number }); err != nil {
		return err
	}
	return r.perform(root, in)
}

// dropAliases adds to a change that aliases are removed.
func dropAliases(root *disk.Root, in *intent, which func(alias string, to int) bool) error {
	k, err := readKeys(root, path.Join(in.Folder, aliasesName))
	if err != nil {
		return err
	}
	aliases, err := readAliases(root, in.Folder)
	if err != nil {
		return err
	}
	for alias, to := range aliases {
		if which(alias, to) {
			in.Remove = append(in.Remove, path.Join(aliasesName, k.paths[alias]))
		}
	}
	slices.Sort(in.Remove)
	return nil
}
