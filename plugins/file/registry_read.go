package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// readMeta reads the meta.yaml in a folder. MLflow writes it in place at times, so a torn one is read again.
func readMeta(ctx context.Context, root *disk.Root, folder string) (document, error) {
	name := path.Join(folder, metaFile)
	const attempts = 3
	for attempt := 1; ; attempt++ {
		data, err := root.ReadFile(name, maxYAML)
		if err != nil {
			return nil, err
		}
		d, err := parseYAML(data)
		if err == nil {
			return d, nil
		}
		if attempt == attempts {
			return nil, damaged(name, err)
		}
		select {
		case <-ctx.Done():
			return nil, core.Interrupted(ctx)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// damaged says what is wrong with a file or folder that somebody else has made, or that was cut short.
func damaged(name string, err error) error {
	return &core.Error{Code: core.DataLoss, Key: name, Err: fmt.Errorf("%s: %w", name, err)}
}

// model reads the meta.yaml of the model of that name.
func (r *Registry) model(ctx context.Context, root *disk.Root, name string) (core.Model, document, error) {
	missing := core.Missing("registered model", name)
	if root == nil {
		return core.Model{}, nil, missing
	}
	m, d, err := modelIn(ctx, root, modelPath(name))
	if errors.Is(err, core.ErrNotFound) {
		if info, statErr := root.Stat(modelPath(name)); statErr != nil || !info.IsDir() {
			return core.Model{}, nil, missing
		}
		err = damaged(path.Join(modelPath(name), metaFile), errors.New("it is missing"))
	}
	if err == nil && m.Name != name { // another spelling, for a file system that does not tell them apart
		return core.Model{}, nil, missing
	}
	return m, d, err
}

// modelIn reads the meta.yaml in a folder of models.
func modelIn(ctx context.Context, root *disk.Root, folder string) (core.Model, document, error) {
	d, err := readMeta(ctx, root, folder)
	if err != nil {
		return core.Model{}, nil, err
	}
	m, err := readRegistered(d)
	if err != nil {
		return core.Model{}, nil, damaged(path.Join(folder, metaFile), err)
	}
	return m, d, nil
}

// version reads the meta.yaml of a version that has not been deleted.
func (r *Registry) version(ctx context.Context, root *disk.Root, ref core.VersionRef) (core.Version, document, error) {
	if root == nil {
		return core.Version{}, nil, missingVersion(ref)
	}
	v, d, err := versionIn(ctx, root, modelPath(ref.Model), ref)
	if nothing(err) || err == nil && v.Stage == stageDeleted {
		return core.Version{}, nil, missingVersion(ref)
	}
	return v, d, err
}

func versionIn(ctx context.Context, root *disk.Root, folder string, ref core.VersionRef) (core.Version, document, error) {
	folder = path.Join(folder, versionFolder(ref.Number))
	d, err := readMeta(ctx, root, folder)
	if err != nil {
		return core.Version{}, nil, err
	}
	v, err := readVersion(ref.Model, ref.Number, d)
	if err != nil {
		return core.Version{}, nil, damaged(path.Join(folder, metaFile), err)
	}
	return v, d, nil
}

// keyOfVersion is how errors name a version.
func keyOfVersion(ref core.VersionRef) string { return ref.Model + "/" + strconv.Itoa(ref.Number) }

func missingVersion(ref core.VersionRef) error {
	return &core.Error{
		Code: core.NotFound, Key: keyOfVersion(ref),
		Err: fmt.Errorf("Model Version (name=%s, version=%d) not found", ref.Model, ref.Number),
	}
}

// numbers lists the numbers of all versions that a model ever had, deleted ones too, rising.
func numbers(root *disk.Root, model string) ([]int, error) {
	entries, err := root.ReadDir(modelPath(model))
	if err != nil {
		return nil, err
	}
	var all []int
	for _, entry := range entries {
		if number, ok := versionNumber(entry.Name()); ok && entry.IsDir() {
			all = append(all, number)
		}
	}
	slices.Sort(all)
	return all, nil
}

// versions reads the versions of a model that have not been deleted, without tags and aliases, by number. Malformed ones
// are reported and passed over.
func (r *Registry) versions(ctx context.Context, root *disk.Root, model string) ([]core.Version, error) {
	all, err := numbers(root, model)
	if err != nil {
		return nil, err
	}
	versions := make([]core.Version, 0, len(all))
	for _, number := range all {
		if err := core.Interrupted(ctx); err != nil {
			return nil, err
		}
		v, _, err := versionIn(ctx, root, modelPath(model), core.VersionRef{Model: model, Number: number})
		if err != nil {
			if !r.passOver("model version", path.Join(modelPath(model), versionFolder(number)), err) {
				return nil, err
			}
			continue
		}
		if v.Stage != stageDeleted {
			versions = append(versions, v)
		}
	}
	return versions, nil
}

// passOver reports something malformed and returns true, or false for an error that is about us.
func (r *Registry) passOver(kind, folder string, err error) bool {
	switch {
	case errors.Is(err, core.ErrNotFound): // without meta.yaml: half written, or just going
		err = damaged(path.Join(folder, metaFile), errors.New("it is missing"))
	case !errors.Is(err, core.ErrDataLoss) && !errors.Is(err, core.ErrState) && !errors.Is(err, core.ErrExhausted):
		return false
	}
	if r.o.Report != nil {
		r.o.Report(registryFinding(kind, err))
	}
	return true
}

func registryFinding(kind string, err error) Finding {
	f := Finding{Kind: kind, Problem: err.Error(), Fix: "repair it from a backup, or remove its folder"}
	if e, ok := errors.AsType[*core.Error](err); ok {
		f.Path = e.Key
	}
	return f
}

// complete adds tags, aliases and the latest version of each stage to a model.
func (r *Registry) complete(ctx context.Context, root *disk.Root, m *core.Model) error {
	var err error
	if m.Tags, err = readTags(root, modelPath(m.Name)); err != nil {
		return err
	}
	all, err := readAliases(root, modelPath(m.Name))
	if err != nil {
		return err
	}
	versions, err := r.versions(ctx, root, m.Name)
	if err != nil {
		return err
	}
	m.Aliases = map[string]int{}
	for alias, number := range all {
		if slices.ContainsFunc(versions, func(v core.Version) bool { return v.Number == number }) {
			m.Aliases[alias] = number
		}
	}
	m.Latest, err = r.latest(root, versions, all, core.StageNames())
	return err
}

// latest chooses the highest version of each stage, by number, and completes them.
func (r *Registry) latest(
	root *disk.Root, versions []core.Version, aliases map[string]int, stages []core.Stage,
) ([]core.Version, error) {
	highest := map[core.Stage]core.Version{}
	for _, v := range versions { // by number
		highest[v.Stage] = v
	}
	var list []core.Version
	for _, stage := range slices.Compact(slices.Sorted(slices.Values(stages))) {
		v, found := highest[stage]
		if !found {
			continue
		}
		if err := completeVersion(root, &v, aliases); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b core.Version) int { return cmp.Compare(a.Number, b.Number) })
	return list, nil
}

// completeVersion adds tags and aliases to a version.
func completeVersion(root *disk.Root, v *core.Version, aliases map[string]int) error {
	var err error
	v.Tags, err = readTags(root, path.Join(modelPath(v.Model), versionFolder(v.Number)))
	v.Aliases = aliasesOf(v.Number, aliases)
	return err
}

// aliasesOf lists the aliases that point to a version, sorted.
func aliasesOf(number int, aliases map[string]int) []string {
	var list []string
	for alias, to := range aliases {
		if to == number {
			list = append(list, alias)
		}
	}
	slices.Sort(list)
	return list
}

// whole completes a version with the aliases of its model.
func whole(root *disk.Root, v core.Version) (core.Version, error) {
	aliases, err := readAliases(root, modelPath(v.Model))
	if err == nil {
		err = completeVersion(root, &v, aliases)
	}
	return v, err
}

// modelFolders lists the folders of models.
func modelFolders(root *disk.Root) ([]fs.DirEntry, error) {
	if root == nil {
		return nil, nil
	}
	entries, err := root.ReadDir(modelsName)
	if err != nil {
		return nil, unlessNothing(err)
	}
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !e.IsDir() }), nil
}

// versionPath is the folder of a version, from the root.
func versionPath(v core.Version) string {
	return path.Join(modelPath(v.Model), versionFolder(v.Number))
}

func misplaced(folder, name string) error {
	return damaged(path.Join(folder, metaFile),
		fmt.Errorf("it is of the model %q, which belongs into the folder %q", name, modelFolder(name)))
}
