package core_test

import (
	"context"
	"io"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// dbfs is the skeleton of the managed artifacts of a Databricks run.
type dbfs struct{ *recorder }

var _ core.ArtifactRepository = dbfs{}

func (d dbfs) Describe(context.Context) (core.Info, error) {
	return core.Info{Name: "dbfs", Capabilities: core.CapabilitiesOf(d)}, nil
}

func (d dbfs) Close() error { return nil }

func (d dbfs) Stat(_ context.Context, path string) (core.Artifact, error) {
	return core.Artifact{Path: path}, d.send("GET", "/api/2.0/dbfs/get-status", map[string]any{"path": path})
}

func (d dbfs) List(_ context.Context, dir string, o core.ListOptions) (core.Page[core.Artifact], error) {
	dirs := []string{dir}
	if o.Recursive { // DBFS lists one level
		dirs = append(dirs, dir+"/below")
	}
	for _, dir := range dirs {
		if err := d.send("GET", "/api/2.0/dbfs/list", map[string]any{"path": dir}); err != nil {
			return core.Page[core.Artifact]{}, err
		}
	}
	return core.Page[core.Artifact]{}, nil
}

func (d dbfs) Open(_ context.Context, path string, _ core.ReadOptions) (io.ReadCloser, error) {
	if err := d.send("POST", "artifacts/credentials-for-read", map[string]any{"run_id": "r", "path": path}); err != nil {
		return nil, err
	}
	return io.NopCloser(strings.NewReader("")), d.send("GET", "{signed_uri}", nil)
}

func (d dbfs) Put(_ context.Context, path string, _ io.Reader, _ core.PutOptions) (core.Artifact, error) {
	if err := d.send("POST", "artifacts/credentials-for-write", map[string]any{"run_id": "r", "path": path}); err != nil {
		return core.Artifact{}, err
	}
	return core.Artifact{Path: path}, d.send("PUT", "{signed_uri}", nil)
}

func (d dbfs) Delete(_ context.Context, path string, _ core.DeleteOptions) error {
	return d.send("POST", "/api/2.0/dbfs/delete", map[string]any{"path": path, "recursive": true})
}

func (d dbfs) calls() []call {
	return []call{
		{"ArtifactRepository.Stat", drop(d.Stat, "a")},
		{"ArtifactRepository.List", drop2(d.List, "a", core.ListOptions{Recursive: true})},
		{"ArtifactRepository.Open", drop2(d.Open, "a", core.ReadOptions{})},
		{"ArtifactRepository.Put", func(ctx context.Context) error {
			_, err := d.Put(ctx, "a", strings.NewReader("x"), core.PutOptions{})
			return err
		}},
		{"ArtifactRepository.Delete", only(d.Delete, "a", core.DeleteOptions{})},
	}
}
