package file

import (
	"context"
	"maps"
	"path"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// ImportModel creates the model as it is, or replaces what the one of its name says of itself; that one's versions and
// aliases stay.
func (r *Registry) ImportModel(ctx context.Context, m core.Model) error {
	spec := core.ModelSpec{Name: m.Name, Description: m.Description, Tags: m.Tags}
	err := core.CheckModelSpec(spec, r.limits)
	if err == nil {
		err = r.write(ctx, func(root *disk.Root) error {
			if _, err := root.Stat(modelPath(m.Name)); err != nil {
				return r.addModel(root, m)
			}
			in := intent{Folder: modelPath(m.Name)}
			in.write(metaFile, string(registeredDocument(m, nil).bytes()))
			if err := replaceTags(root, &in, "", m.Tags); err != nil {
				return err
			}
			return r.perform(root, in)
		})
	}
	return core.Do("import registered model", m.Name, err)
}

// replaceTags adds to a change that a folder has these tags and no others.
func replaceTags(root *disk.Root, in *intent, folder string, tags map[string]string) error {
	before, err := readTags(root, path.Join(in.Folder, folder))
	if err != nil {
		return err
	}
	maps.DeleteFunc(before, func(key, _ string) bool { _, stays := tags[key]; return stays })
	return tagSteps(root, in, folder, core.TagChange{Set: tags, Delete: slices.Collect(maps.Keys(before))})
}

// ImportVersion creates the version as it is, or replaces the one of its number, also a deleted one. Its aliases leave the
// versions that they pointed to.
func (r *Registry) ImportVersion(ctx context.Context, v core.Version) error {
	ref := core.VersionRef{Model: v.Model, Number: v.Number}
	v, err := core.CheckImportedVersion(v, r.limits)
	if err == nil {
		err = r.write(ctx, func(root *disk.Root) error { return r.importVersion(ctx, root, v) })
	}
	return core.Do("import model version", keyOfVersion(ref), err)
}

func (r *Registry) importVersion(ctx context.Context, root *disk.Root, v core.Version) error {
	if _, _, err := r.model(ctx, root, v.Model); err != nil {
		return err
	}
	in := intent{Folder: modelPath(v.Model)}
	if _, err := root.Stat(versionPath(v)); err != nil && len(v.Aliases) == 0 {
		return r.placeVersion(root, v, nil)
	}
	folder := versionFolder(v.Number)
	in.write(path.Join(folder, metaFile), string(versionDocument(v, nil).bytes()))
	if err := replaceTags(root, &in, folder, v.Tags); err != nil {
		return err
	}
	gone := func(alias string, to int) bool { return to == v.Number && !slices.Contains(v.Aliases, alias) }
	if err := dropAliases(root, &in, gone); err != nil {
		return err
	}
	for _, alias := range v.Aliases {
		if err := aliasStep(root, &in, alias, v.Number); err != nil {
			return err
		}
	}
	return r.perform(root, in)
}
