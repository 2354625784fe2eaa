package fault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// Artifacts puts the path before an artifact repository. Files on their way are held in memory while a fault hits them.
func (p *Path) Artifacts(s core.ArtifactRepository) core.ArtifactRepository {
	return pathArtifacts{s, p}
}

type pathArtifacts struct {
	s core.ArtifactRepository
	p *Path
}

func (a pathArtifacts) Close() error { return a.s.Close() }

func (a pathArtifacts) Describe(ctx context.Context) (core.Info, error) {
	return through(ctx, a.p, reading, func() (core.Info, error) { return a.s.Describe(ctx) })
}

func (a pathArtifacts) Stat(ctx context.Context, path string) (core.Artifact, error) {
	return through(ctx, a.p, reading, func() (core.Artifact, error) { return a.s.Stat(ctx, path) })
}

func (a pathArtifacts) List(ctx context.Context, dir string, o core.ListOptions) (core.Page[core.Artifact], error) {
	return through(ctx, a.p, reading, func() (core.Page[core.Artifact], error) { return a.s.List(ctx, dir, o) })
}

func (a pathArtifacts) Delete(ctx context.Context, path string, o core.DeleteOptions) error {
	return alter(ctx, a.p, func() error { return a.s.Delete(ctx, path, o) })
}

// Put sends the bytes with their digest, as the wire does: the far side refuses what it did not get so.
func (a pathArtifacts) Put(ctx context.Context, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	switch a.p.take(conformance.Reset, conformance.Corrupt) {
	case conformance.Reset:
		content, err := io.ReadAll(r)
		if err != nil {
			return core.Artifact{}, core.Do("put artifact", path, err)
		}
		half := io.MultiReader(bytes.NewReader(content[:len(content)/2]), cut{})
		if _, err := a.s.Put(ctx, path, half, o); err != nil && !errors.Is(err, errBroken) {
			return core.Artifact{}, err // it was refused before the connection broke
		}
		return core.Artifact{}, broken(changing)
	case conformance.Corrupt:
		content, err := io.ReadAll(r)
		if err != nil {
			return core.Artifact{}, core.Do("put artifact", path, err)
		}
		if o.SHA256 == "" {
			sum := sha256.Sum256(content)
			o.SHA256 = hex.EncodeToString(sum[:])
		}
		_, err = a.s.Put(ctx, path, bytes.NewReader(flipped(content)), o)
		if errors.Is(err, core.ErrInvalid) {
			err = core.Errorf(core.DataLoss, "what arrived is not what was sent: %w", err)
		}
		return core.Artifact{}, core.Do("put artifact", path, err)
	case conformance.LoseRequest, conformance.LoseReply, conformance.Stall: // below
	}
	return through(ctx, a.p, changing, func() (core.Artifact, error) { return a.s.Put(ctx, path, r, o) })
}

// Open gets the bytes with their digest at the end.
func (a pathArtifacts) Open(ctx context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	hit := a.p.take(conformance.Reset, conformance.Corrupt)
	if hit == "" {
		r, err := through(ctx, a.p, reading, func() (io.ReadCloser, error) { return a.s.Open(ctx, path, o) })
		if err != nil {
			return nil, err
		}
		return stalling{r, ctx, a.p}, nil
	}
	r, err := a.s.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if hit == conformance.Reset {
		return io.NopCloser(io.MultiReader(bytes.NewReader(content[:len(content)/2]), cut{})), nil
	}
	return io.NopCloser(io.MultiReader(bytes.NewReader(flipped(content)), spoiled{})), nil
}

// flipped is the content with one other byte.
func flipped(content []byte) []byte {
	other := bytes.Clone(content)
	if len(other) > 0 {
		other[len(other)/2] ^= 0x20
	}
	return other
}

// cut is where a connection breaks.
type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, broken(reading) }

// spoiled is the end of a file whose digest is wrong.
type spoiled struct{}

func (spoiled) Read([]byte) (int, error) {
	return 0, core.Errorf(core.DataLoss, "the digest of the file is not that of what was read")
}

// stalling waits with the path, also in the middle of a file.
type stalling struct {
	io.ReadCloser
	ctx context.Context //nolint:containedctx // the reader of a call belongs to the call
	p   *Path
}

func (s stalling) Read(b []byte) (int, error) {
	if err := s.p.pass(s.ctx); err != nil {
		return 0, err
	}
	return s.ReadCloser.Read(b)
}
