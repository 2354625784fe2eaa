package file

import (
	"context"
	"errors"
	"path"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// CreateModel creates a model. Its folder becomes visible complete.
func (r *Registry) CreateModel(ctx context.Context, spec core.ModelSpec) (core.Model, error) {
	if err := core.CheckModelSpec(spec, r.limits); err != nil {
		return core.Model{}, core.Do("create registered model", spec.Name, err)
	}
	now := core.Now()
	m := core.Model{Name: spec.Name, Description: spec.Description, CreatedAt: now, UpdatedAt: now, Tags: spec.Tags}
	err := r.write(ctx, func(root *disk.Root) error {
		err := r.addModel(root, m)
		if err == nil {
			m, err = r.wholeModel(ctx, root, m.Name)
		}
		return err
	})
	if err != nil {
		return core.Model{}, core.Do("create registered model", spec.Name, err)
	}
	return m, nil
}

func (r *Registry) addModel(root *disk.Root, m core.Model) error {
	if _, err := root.Stat(modelPath(m.Name)); err == nil {
		return core.Exists("registered model", m.Name)
	}
	d := r.durability()
	folder, err := root.CreateTempDir(registryHidden)
	if err != nil {
		return err
	}
	defer folder.Abort()
	if err := folder.Add(metaFile, registeredDocument(m, nil).bytes(), d); err != nil {
		return err
	}
	if err := fillTags(folder, m.Tags, d); err != nil {
		return err
	}
	if err := root.MkdirAll(modelsName, d); err != nil {
		return err
	}
	err = folder.Commit(modelPath(m.Name), d)
	if errors.Is(err, core.ErrExists) {
		return core.Exists("registered model", m.Name)
	}
	return err
}

// Model returns a model with its aliases and the latest version of each stage.
func (r *Registry) Model(ctx context.Context, name string) (m core.Model, err error) {
	if err := core.CheckModelName(name, r.limits); err != nil {
		return core.Model{}, core.Do("get registered model", name, err)
	}
	err = r.view(ctx, func(root *disk.Root) error {
		m, err = r.wholeModel(ctx, root, name)
		return err
	})
	if err != nil {
		return core.Model{}, core.Do("get registered model", name, err)
	}
	return m, nil
}

func (r *Registry) wholeModel(ctx context.Context, root *disk.Root, name string) (core.Model, error) {
	m, _, err := r.model(ctx, root, name)
	if err == nil {
		err = r.complete(ctx, root, &m)
	}
	return m, err
}

// UpdateModel changes a model, all or nothing.
func (r *Registry) UpdateModel(ctx context.Context, name string, change core.ModelChange) (m core.Model, err error) {
	err = core.CheckModelName(name, r.limits)
	if err == nil {
		err = core.CheckModelChange(change, r.limits)
	}
	if err == nil {
		err = r.write(ctx, func(root *disk.Root) error {
			m, err = r.updateModel(ctx, root, name, change)
			return err
		})
	}
	if err != nil {
		return core.Model{}, core.Do("update registered model", name, err)
	}
	return m, nil
}

func (r *Registry) updateModel(
	ctx context.Context, root *disk.Root, name string, change core.ModelChange,
) (core.Model, error) {
	m, d, err := r.model(ctx, root, name)
	if err != nil {
		return core.Model{}, err
	}
	in := intent{Folder: modelPath(name)}
	if err := tagSteps(root, &in, "", change.Tags); err != nil {
		return core.Model{}, err
	}
	if change.Description != nil {
		m.Description, m.UpdatedAt = *change.Description, later(m.UpdatedAt)
	}
	if change.Name != nil && *change.Name != name {
		m.UpdatedAt = later(m.UpdatedAt)
		if err := r.renameSteps(ctx, root, &in, &m, *change.Name); err != nil {
			return core.Model{}, err
		}
	}
	if change.Description != nil || change.Name != nil && *change.Name != name {
		in.write(metaFile, string(registeredDocument(m, d).bytes()))
	}
	if err := r.perform(root, in); err != nil {
		if errors.Is(err, core.ErrExists) {
			err = core.Exists("registered model", m.Name)
		}
		return core.Model{}, err
	}
	return r.wholeModel(ctx, root, m.Name)
}

// renameSteps moves the folder of a model, with all that is in it, and writes the new name into the versions.
func (r *Registry) renameSteps(ctx context.Context, root *disk.Root, in *intent, m *core.Model, to string) error {
	if _, err := root.Stat(modelPath(to)); err == nil {
		return core.Exists("registered model", to)
	}
	all, err := numbers(root, m.Name)
	if err != nil {
		return err
	}
	for _, number := range all {
		v, d, err := versionIn(ctx, root, modelPath(m.Name), core.VersionRef{Model: to, Number: number})
		if err != nil {
			if !r.passOver("model version", path.Join(modelPath(m.Name), versionFolder(number)), err) {
				return err
			}
			continue // it stays as it is
		}
		v.UpdatedAt = max(v.UpdatedAt, m.UpdatedAt)
		in.write(path.Join(versionFolder(number), metaFile), string(versionDocument(v, d).bytes()))
	}
	m.Name = to
	in.From, in.To, in.Folder = in.Folder, modelPath(to), modelPath(to)
	return nil
}

// DeleteModel removes a model with versions, tags and aliases, in one step.
func (r *Registry) DeleteModel(ctx context.Context, name string) error {
	err := core.CheckModelName(name, r.limits)
	if err == nil {
		err = r.write(ctx, func(root *disk.Root) error {
			if _, _, err := r.model(ctx, root, name); err != nil && !errors.Is(err, core.ErrDataLoss) {
				return err
			}
			return root.Discard(modelPath(name), registryHidden, r.durability())
		})
	}
	return core.Do("delete registered model", name, err)
}
