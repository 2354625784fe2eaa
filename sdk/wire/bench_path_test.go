//go:build unix

package wire_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/sdk/wire"
)

// folder is a repository that copies local files to and from one file.
type folder struct {
	core.ArtifactRepository
	file string
}

func copyFile(to, from *os.File) error {
	_, err := io.Copy(io.NewOffsetWriter(to, 0), io.NewSectionReader(from, 0, benchSize))
	return err
}

func (f folder) PutFile(_ context.Context, path string, from *os.File, _ core.PutOptions) (core.Artifact, error) {
	to, err := os.Create(f.file)
	if err != nil {
		return core.Artifact{}, err
	}
	return core.Artifact{Path: path, Size: benchSize}, errors.Join(copyFile(to, from), to.Close())
}

func (f folder) GetFile(_ context.Context, path string, to *os.File) (core.Artifact, error) {
	from, err := os.Open(f.file)
	if err != nil {
		return core.Artifact{}, err
	}
	return core.Artifact{Path: path, Size: benchSize}, errors.Join(copyFile(to, from), from.Close())
}

// BenchmarkPath stores 256 MiB from a file in path mode; the floor is the same copy without a wire. Target: at most 1/0.9.
func BenchmarkPath(b *testing.B) {
	dir := b.TempDir()
	store := folder{mem.NewArtifacts(), filepath.Join(dir, "stored")}
	conn := socket(b, core.OpenerFunc(func(context.Context, core.OpenRequest) (core.Backend, error) {
		return core.Backend{Artifacts: store}, nil
	}))
	uri, err := core.ParseURI("mem://bench")
	if err != nil {
		b.Fatal(err)
	}
	backend, err := wire.NewClient(conn).Open(b.Context(), core.OpenRequest{URI: uri})
	if err != nil {
		b.Fatal(err)
	}
	transfer, ok := core.As[core.PathTransfer](backend.Artifacts)
	if !ok {
		b.Fatal("no path transfer")
	}
	from, err := os.Create(filepath.Join(dir, "from"))
	if err != nil {
		b.Fatal(err)
	}
	defer from.Close()
	if _, err := io.Copy(from, io.LimitReader(zeroes{}, benchSize)); err != nil {
		b.Fatal(err)
	}
	against(b, func() error {
		_, err := store.PutFile(b.Context(), "f", from, core.PutOptions{})
		return err
	}, func() error {
		_, err := transfer.PutFile(b.Context(), "f", from, core.PutOptions{})
		return err
	})
}
