package client_test

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/mem"
)

// direct is a repository that reads and writes local files by itself, or says that it cannot.
type direct struct {
	*mem.Artifacts
	blind    bool          // it reaches no local file
	lie      core.Artifact // what it says to have stored; the zero value is the truth
	cut      bool          // it writes one byte less than there is
	transfer *atomic.Int64
}

func (d direct) PutFile(ctx context.Context, path string, from *os.File, o core.PutOptions) (core.Artifact, error) {
	if d.blind {
		return core.Artifact{}, core.Errorf(core.Unimplemented, "blind")
	}
	d.transfer.Add(1)
	stored, err := d.Put(ctx, path, io.NewSectionReader(from, 0, math.MaxInt64), o)
	if d.lie.Path != "" {
		stored = d.lie
	}
	return stored, err
}

func (d direct) GetFile(ctx context.Context, path string, to *os.File) (core.Artifact, error) {
	if d.blind {
		_, err := to.WriteString("rubbish that a plugin left")
		return core.Artifact{}, errors.Join(err, core.Errorf(core.Unimplemented, "blind"))
	}
	d.transfer.Add(1)
	found, err := d.Stat(ctx, path)
	if err != nil {
		return found, err
	}
	in, err := d.Open(ctx, path, core.ReadOptions{})
	if err != nil {
		return found, err
	}
	defer in.Close()
	most := found.Size
	if d.cut {
		most--
	}
	_, err = io.Copy(to, io.LimitReader(in, most))
	return found, err
}

func TestLocalFilesAreTransferredByTheStore(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a": "hello", "d/empty": "", "d/big": strings.Repeat("x", 3<<20)}
	for name, blind := range map[string]bool{"by itself": false, "as streams": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := direct{Artifacts: mem.NewArtifacts(), blind: blind, transfer: &atomic.Int64{}}
			part, err := client.Sub(r, "here")
			check(t, err)
			var moved int64
			count := func(e client.TransferEvent) { moved = e.Total }
			check(t, client.UploadDir(t.Context(), part, tree(t, files), "", client.TransferOptions{Progress: count}))
			if moved != 5+3<<20 {
				t.Errorf("%d bytes went through", moved)
			}
			out, err := client.Download(t.Context(), part, "", t.TempDir(), client.TransferOptions{})
			check(t, err)
			sameFiles(t, files, filesIn(t, out))
			if n := r.transfer.Load(); (n == 0) != blind || !blind && n != int64(2*len(files)) {
				t.Errorf("%d transfers by the store", n)
			}
			if _, ok := core.As[core.PathTransfer](part); !ok {
				t.Error("a part has lost the ability")
			}
		})
	}
}

func TestTransfersByTheStoreAreChecked(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"f": "hello"})
	for name, lie := range map[string]core.Artifact{
		"size":   {Path: "f", Size: 4},
		"digest": {Path: "f", Size: 5, SHA256: strings.Repeat("0", 64)},
	} {
		r := direct{Artifacts: mem.NewArtifacts(), lie: lie, transfer: &atomic.Int64{}}
		_, err := client.UploadFile(t.Context(), r, filepath.Join(dir, "f"), "f", client.TransferOptions{})
		if !errors.Is(err, core.ErrDataLoss) {
			t.Errorf("another %s: got %v, want ErrDataLoss", name, err)
		}
	}
	r := direct{Artifacts: mem.NewArtifacts(), cut: true, transfer: &atomic.Int64{}}
	put(t, r, "f", "hello")
	to := t.TempDir()
	if _, err := client.Download(t.Context(), r, "f", to, client.TransferOptions{}); !errors.Is(err, core.ErrDataLoss) {
		t.Errorf("a short file: got %v, want ErrDataLoss", err)
	}
	sameFiles(t, map[string]string{}, filesIn(t, to))
}
