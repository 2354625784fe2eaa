package file

import (
	"context"
	"iter"
	"path"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// SearchModels returns a page of the models that match. It reads the meta.yaml and the tags of every model.
func (r *Registry) SearchModels(ctx context.Context, query core.ModelQuery) (page core.Page[core.Model], err error) {
	q, err := filter.Models(query, r.limits)
	if err == nil {
		err = r.view(ctx, func(root *disk.Root) error {
			if page, err = q.Page(r.allModels(ctx, root)); err != nil {
				return err
			}
			for i := range page.Items {
				if err := r.complete(ctx, root, &page.Items[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return core.Page[core.Model]{}, core.Do("search registered models", "", err)
	}
	return page, nil
}

// allModels yields the models with their tags. Malformed ones are reported and passed over.
func (r *Registry) allModels(ctx context.Context, root *disk.Root) iter.Seq2[core.Model, error] {
	return func(yield func(core.Model, error) bool) {
		folders, err := modelFolders(root)
		if err != nil {
			yield(core.Model{}, err)
			return
		}
		for _, entry := range folders {
			m, err := r.foundModel(ctx, root, entry.Name())
			if err != nil && r.passOver("registered model", path.Join(modelsName, entry.Name()), err) {
				continue
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// foundModel reads the model in a folder of models, with its tags.
func (r *Registry) foundModel(ctx context.Context, root *disk.Root, base string) (core.Model, error) {
	if err := core.Interrupted(ctx); err != nil {
		return core.Model{}, err
	}
	folder := path.Join(modelsName, base)
	m, _, err := modelIn(ctx, root, folder)
	if err != nil {
		return core.Model{}, err
	}
	if modelFolder(m.Name) != base {
		return core.Model{}, misplaced(folder, m.Name)
	}
	if err := core.CheckModelName(m.Name, r.limits); err != nil {
		return core.Model{}, damaged(path.Join(folder, metaFile), err)
	}
	m.Tags, err = readTags(root, folder)
	return m, err
}

// SearchVersions returns a page of the versions of all models that match. It reads the meta.yaml and the tags of every
// version, or of the versions of one model when the filter names it.
func (r *Registry) SearchVersions(
	ctx context.Context, query core.VersionQuery,
) (page core.Page[core.Version], err error) {
	q, err := filter.Versions(query, r.limits)
	if err == nil {
		err = r.view(ctx, func(root *disk.Root) error {
			if page, err = q.Page(r.allVersions(ctx, root, q.Filter())); err != nil {
				return err
			}
			return addAliases(root, page.Items)
		})
	}
	if err != nil {
		return core.Page[core.Version]{}, core.Do("search model versions", "", err)
	}
	return page, nil
}

func addAliases(root *disk.Root, versions []core.Version) error {
	known := map[string]map[string]int{}
	for i := range versions {
		v := &versions[i]
		if _, read := known[v.Model]; !read {
			aliases, err := readAliases(root, modelPath(v.Model))
			if err != nil {
				return err
			}
			known[v.Model] = aliases
		}
		v.Aliases = aliasesOf(v.Number, known[v.Model])
	}
	return nil
}

// allVersions yields the versions, with their tags, of the models that a filter does not rule out by name.
func (r *Registry) allVersions(ctx context.Context, root *disk.Root, f filter.Filter) iter.Seq2[core.Version, error] {
	return func(yield func(core.Version, error) bool) {
		models, err := r.modelsFor(ctx, root, f)
		if err != nil {
			yield(core.Version{}, err)
			return
		}
		for _, model := range models {
			versions, err := r.versions(ctx, root, model)
			if err != nil {
				yield(core.Version{}, err)
				return
			}
			for _, v := range versions {
				v.Tags, err = readTags(root, versionPath(v))
				if !yield(v, err) || err != nil {
					return
				}
			}
		}
	}
}

// modelsFor lists the names of the models whose versions a filter may find.
func (r *Registry) modelsFor(ctx context.Context, root *disk.Root, f filter.Filter) ([]string, error) {
	if name, named := namedBy(f); named {
		return r.modelNamed(ctx, root, name)
	}
	var models []string
	for m, err := range r.allModels(ctx, root) {
		if err != nil {
			return nil, err
		}
		models = append(models, m.Name)
	}
	return models, nil
}

// namedBy returns the one name that a filter asks for, if it does.
func namedBy(f filter.Filter) (string, bool) {
	for _, clause := range f {
		name, text := clause.Value.(filter.Text)
		if text && clause.Entity == filter.Attribute && clause.Key == "name" && clause.Op == filter.Equal {
			return string(name), true
		}
	}
	return "", false
}

// modelNamed lists the model of that name, if there is one.
func (r *Registry) modelNamed(ctx context.Context, root *disk.Root, name string) ([]string, error) {
	if core.CheckModelName(name, r.limits) != nil {
		return nil, nil //nolint:nilerr // a search for a name that no model has
	}
	_, _, err := r.model(ctx, root, name)
	if err == nil {
		return []string{name}, nil
	}
	return nil, r.unlessPassedOver("registered model", modelPath(name), err)
}

// unlessPassedOver drops an error that says that nothing is there, or something malformed, which it reports.
func (r *Registry) unlessPassedOver(kind, folder string, err error) error {
	if nothing(err) || r.passOver(kind, folder, err) {
		return nil
	}
	return err
}
