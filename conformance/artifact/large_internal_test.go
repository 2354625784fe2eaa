package artifact

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// spilling keeps one file on disk, or what is read of it in memory first.
type spilling struct {
	core.ArtifactRepository
	dir  string
	flaw string
}

func (s spilling) Put(ctx context.Context, path string, r io.Reader, _ core.PutOptions) (core.Artifact, error) {
	if s.flaw == "holds it" {
		all, err := io.ReadAll(r)
		if err != nil {
			return core.Artifact{}, err
		}
		return s.ArtifactRepository.Put(ctx, path, bytes.NewReader(all), core.PutOptions{})
	}
	f, err := os.Create(filepath.Join(s.dir, "f"))
	if err != nil {
		return core.Artifact{}, err
	}
	digest := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, digest), r)
	if err != nil {
		return core.Artifact{}, err
	}
	return core.Artifact{Path: path, Size: n, SHA256: hex.EncodeToString(digest.Sum(nil))}, f.Close()
}

func (s spilling) Open(ctx context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	if s.flaw == "holds it" {
		return s.ArtifactRepository.Open(ctx, path, o)
	}
	f, err := os.Open(filepath.Join(s.dir, "f"))
	if err == nil && s.flaw == "loses a byte" {
		_, err = f.Seek(1, io.SeekStart)
	}
	return f, err
}

// The cases on large files, on smaller ones.
//
//nolint:paralleltest // it looks at the heap of the process
func TestLarge(t *testing.T) {
	const size, most = 24 << 20, 10 << 20
	for _, tt := range []struct {
		flaw string
		run  func(*yard)
		want conformance.Verdict
	}{
		{"", func(y *yard) { passThrough(y, size) }, conformance.Pass},
		{"loses a byte", func(y *yard) { passThrough(y, size) }, conformance.Fail},
		{"", streamMemory(size, most), conformance.Pass},
		{"holds it", streamMemory(size, most), conformance.Fail},
	} {
		s := Suite()
		s.Cases = []entry{{ID: "AR-999", Name: "large/any", Rule: "It comes back.", Run: inYard(tt.run)}}
		h := Harness{Open: func(t conformance.T) store { return spilling{mem.NewArtifacts(), t.TempDir(), tt.flaw} }}
		r := conformance.Run(t.Context(), s, h, conformance.Options{})
		if r.Count(tt.want) != 1 {
			t.Errorf("a store that %q: %s %v", tt.flaw, r.Summary(), r.Results)
		}
	}
}
