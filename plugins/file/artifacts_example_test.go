package file_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

func ExampleNewArtifacts() {
	dir, err := os.MkdirTemp("", "artifacts")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx := context.Background()

	artifacts, err := file.NewArtifacts(filepath.Join(dir, "run-1"), file.ArtifactsOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = artifacts.Close() }()
	put, err := artifacts.Put(ctx, "model/weights.csv", strings.NewReader("1,2,3\n"), core.PutOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(put.Path, put.Size)
	r, err := artifacts.Open(ctx, "model/weights.csv", core.ReadOptions{Offset: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = r.Close() }()
	rest, err := io.ReadAll(r)
	fmt.Printf("%q %v\n", rest, err)
	// Output:
	// model/weights.csv 6
	// "2,3\n" <nil>
}

func ExampleNewRegistry() {
	dir, err := os.MkdirTemp("", "mlruns")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx := context.Background()

	registry, err := file.NewRegistry(dir, file.RegistryOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = registry.Close() }()
	if _, err := registry.CreateModel(ctx, core.ModelSpec{Name: "iris"}); err != nil {
		fmt.Println(err)
		return
	}
	v, err := registry.CreateVersion(ctx, "iris", core.VersionSpec{Source: "s3://bucket/iris"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := registry.SetAlias(ctx, core.VersionRef{Model: "iris", Number: v.Number}, "champion"); err != nil {
		fmt.Println(err)
		return
	}
	v, err = registry.VersionByAlias(ctx, "iris", "champion")
	fmt.Println(v.Number, v.Source, v.Aliases, err)
	// Output: 1 s3://bucket/iris [champion] <nil>
}
