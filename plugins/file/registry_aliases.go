package file

import (
	"context"
	"path"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// SetAlias lets an alias point to a version.
func (r *Registry) SetAlias(ctx context.Context, ref core.VersionRef, alias string) error {
	err := core.CheckVersionRef(ref, r.limits)
	if err == nil {
		err = core.CheckNewAlias(alias, r.limits)
	}
	if err == nil {
		err = r.write(ctx, func(root *disk.Root) error {
			if _, _, err := r.version(ctx, root, ref); err != nil {
				return err
			}
			in := intent{Folder: modelPath(ref.Model)}
			if err := aliasStep(root, &in, alias, ref.Number); err != nil {
				return err
			}
			return r.perform(root, in)
		})
	}
	return core.Do("set alias", alias, err)
}

func aliasStep(root *disk.Root, in *intent, alias string, number int) error {
	k, err := readKeys(root, path.Join(in.Folder, aliasesName))
	if err != nil {
		return err
	}
	in.write(path.Join(aliasesName, k.path(alias)), strconv.Itoa(number))
	return nil
}

// DeleteAlias removes an alias.
func (r *Registry) DeleteAlias(ctx context.Context, model, alias string) error {
	err := core.CheckModelName(model, r.limits)
	if err == nil {
		err = core.CheckAlias(alias, r.limits)
	}
	if err == nil {
		err = r.write(ctx, func(root *disk.Root) error {
			if _, _, err := r.model(ctx, root, model); err != nil {
				return err
			}
			in := intent{Folder: modelPath(model)}
			if err := dropAliases(root, &in, func(a string, _ int) bool { return a == alias }); err != nil {
				return err
			}
			return r.perform(root, in)
		})
	}
	return core.Do("delete alias", alias, err)
}

// VersionByAlias finds the version of an alias, or for `latest` the highest one.
func (r *Registry) VersionByAlias(ctx context.Context, model, alias string) (v core.Version, err error) {
	err = core.CheckModelName(model, r.limits)
	if err == nil {
		err = core.CheckAlias(alias, r.limits)
	}
	if err == nil {
		err = r.view(ctx, func(root *disk.Root) error {
			v, err = r.byAlias(ctx, root, model, alias)
			return err
		})
	}
	if err != nil {
		return core.Version{}, core.Do("get version by alias", alias, err)
	}
	return v, nil
}

func (r *Registry) byAlias(ctx context.Context, root *disk.Root, model, alias string) (core.Version, error) {
	missing := core.Missing("alias", alias)
	if _, _, err := r.model(ctx, root, model); err != nil {
		return core.Version{}, err
	}
	if strings.EqualFold(alias, "latest") {
		versions, err := r.versions(ctx, root, model)
		if err != nil || len(versions) == 0 {
			return core.Version{}, firstError(err, missing)
		}
		return whole(root, versions[len(versions)-1])
	}
	aliases, err := readAliases(root, modelPath(model))
	if err != nil {
		return core.Version{}, err
	}
	number, found := aliases[alias]
	if !found {
		return core.Version{}, missing
	}
	v, _, err := r.version(ctx, root, core.VersionRef{Model: model, Number: number})
	if err != nil {
		if nothing(err) {
			err = missing
		}
		return core.Version{}, err
	}
	return v, completeVersion(root, &v, aliases)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
