package copying

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// files copies what lies at one artifact location to another one, when the two differ.
func (c *copier) files(ctx context.Context, kind, key, from, to string) (err error) {
	if from == to || c.from.Artifacts == nil || c.to.Artifacts == nil {
		return nil
	}
	source, err := c.from.Artifacts(ctx, from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := c.to.Artifacts(ctx, to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	for a, err := range client.Artifacts(ctx, source, "", core.ListOptions{Recursive: true}) {
		if err != nil {
			return err
		}
		if err := c.file(ctx, source, target, a); err != nil {
			return core.Do("copy artifact of "+kind+" "+key, a.Path, err)
		}
	}
	return nil
}

func (c *copier) file(ctx context.Context, source, target core.ArtifactRepository, a core.Artifact) error {
	different, err := c.differentFile(ctx, source, target, a)
	if err != nil {
		return err
	}
	if different != "" && c.writes() {
		if err := copyFile(ctx, source, target, a); err != nil {
			return err
		}
	}
	c.saw("artifact", a.Path, different)
	c.count(func(n *Counts) { n.Files++; n.Bytes += a.Size }, different != "")
	return nil
}

// differentFile compares sizes and digests, and reads both files where a store does not know their digest.
func (c *copier) differentFile(ctx context.Context, source, target core.ArtifactRepository, a core.Artifact) (string, error) {
	have, err := target.Stat(ctx, a.Path)
	switch {
	case errors.Is(err, core.ErrNotFound):
		return "it is missing", nil
	case err != nil:
		return "", err
	case have.Dir:
		return "it is a directory", nil
	case have.Size != a.Size:
		return "its size", nil
	}
	theirs, err := digest(ctx, source, a)
	if err != nil {
		return "", err
	}
	ours, err := digest(ctx, target, have)
	if err != nil || theirs == ours {
		return "", err
	}
	return "its content", nil
}

func digest(ctx context.Context, r core.ArtifactRepository, a core.Artifact) (_ string, err error) {
	if a.SHA256 != "" {
		return a.SHA256, nil
	}
	in, err := r.Open(ctx, a.Path, core.ReadOptions{})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func copyFile(ctx context.Context, source, target core.ArtifactRepository, a core.Artifact) (err error) {
	in, err := source.Open(ctx, a.Path, core.ReadOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	_, err = target.Put(ctx, a.Path, in, core.PutOptions{Size: &a.Size, SHA256: a.SHA256})
	return err
}
