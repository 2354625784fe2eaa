package file_test

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

// shelfActs are changes of a registry and of artifacts that are killed. They lie in one folder.
func shelfActs() map[string]func(dir string) error {
	registry := map[string]func(ctx context.Context, r *file.Registry) error{
		"registry-create-version": func(ctx context.Context, r *file.Registry) error {
			_, err := r.CreateVersion(ctx, "m", core.VersionSpec{
				Source: "s3://b/new", Description: "d", Tags: map[string]string{"a": "1", "b/c": "2"},
			})
			return err
		},
		"registry-create-model": func(ctx context.Context, r *file.Registry) error {
			_, err := r.CreateModel(ctx, core.ModelSpec{Name: "new 100%", Tags: map[string]string{"a": "1"}})
			return err
		},
		"registry-rename": func(ctx context.Context, r *file.Registry) error {
			name, text := "renamed", "new"
			_, err := r.UpdateModel(ctx, "m", core.ModelChange{
				Name: &name, Description: &text, Tags: core.TagChange{Set: map[string]string{"k": "new", "l": "1"}, Delete: []string{"gone"}},
			})
			return err
		},
		"registry-tags": func(ctx context.Context, r *file.Registry) error {
			_, err := r.UpdateVersion(ctx, core.VersionRef{Model: "m", Number: 1}, core.VersionChange{
				Tags: core.TagChange{Set: map[string]string{"k": "new", "l": "1"}, Delete: []string{"gone"}},
			})
			return err
		},
		"registry-delete-version": func(ctx context.Context, r *file.Registry) error {
			return r.DeleteVersion(ctx, core.VersionRef{Model: "m", Number: 2})
		},
		"registry-delete-model": func(ctx context.Context, r *file.Registry) error { return r.DeleteModel(ctx, "m") },
		"registry-archive": func(ctx context.Context, r *file.Registry) error {
			_, err := r.SetStage(ctx, core.VersionRef{Model: "m", Number: 3}, core.StageChange{Stage: "Production", ArchiveExisting: true})
			return err
		},
		"registry-alias": func(ctx context.Context, r *file.Registry) error {
			return r.SetAlias(ctx, core.VersionRef{Model: "m", Number: 1}, "champion")
		},
		"registry-import-version": func(ctx context.Context, r *file.Registry) error {
			return r.ImportVersion(ctx, core.Version{
				Model: "m", Number: 2, Source: "s3://b/imported", Status: core.VersionReady, UpdatedAt: 7, CreatedAt: 7,
				Aliases: []string{"champion", "new"}, Tags: map[string]string{"k": "imported"},
			})
		},
	}
	put := func(ctx context.Context, a *file.Artifacts, path string, o core.PutOptions) error {
		_, err := a.Put(ctx, path, strings.NewReader(strings.Repeat("new", 200_000)), o)
		return err
	}
	artifacts := map[string]func(ctx context.Context, a *file.Artifacts) error{
		"artifact-new": func(ctx context.Context, a *file.Artifacts) error { return put(ctx, a, "n/e/w", core.PutOptions{}) },
		"artifact-overwrite": func(ctx context.Context, a *file.Artifacts) error {
			return put(ctx, a, "d/f", core.PutOptions{})
		},
		"artifact-if-absent": func(ctx context.Context, a *file.Artifacts) error {
			return put(ctx, a, "d/new", core.PutOptions{IfAbsent: true})
		},
		"artifact-delete": func(ctx context.Context, a *file.Artifacts) error {
			return a.Delete(ctx, "d", core.DeleteOptions{})
		},
	}
	all := map[string]func(string) error{}
	for name, act := range registry {
		all[name] = func(dir string) error {
			r, err := file.NewRegistry(dir, file.RegistryOptions{})
			if err != nil {
				return err
			}
			return window(func() error { return act(context.Background(), r) })
		}
	}
	for name, act := range artifacts {
		all[name] = func(dir string) error {
			a, err := file.NewArtifacts(filepath.Join(dir, "artifacts"), file.ArtifactsOptions{})
			if err != nil {
				return err
			}
			return window(func() error { return act(context.Background(), a) })
		}
	}
	return all
}
