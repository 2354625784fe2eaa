package discover

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"

	"github.com/mlstore/mlstore/core"
)

// Verify reads the whole program of a plugin and compares it with its pin. Without a pin there is nothing to compare with,
// which is ErrState.
func Verify(ctx context.Context, c Candidate) error {
	const op = "verify plugin"
	if c.Digest == "" {
		return core.Do(op, c.Name(), core.Errorf(core.FailedPrecondition,
			"no lock file pins it: run mlstore plugin install %s", c.Path))
	}
	digest, size, err := Digest(ctx, c.Path)
	switch {
	case err != nil:
		return core.Do(op, c.Name(), err)
	case digest != c.Digest || size != c.Size:
		return core.Do(op, c.Name(), changed(c, c.Path))
	}
	return nil
}

// Digest is the sha256 of a file in hexadecimal, and its size in bytes.
func Digest(ctx context.Context, path string) (digest string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, fileError(err)
	}
	defer f.Close()
	return digestOf(ctx, f)
}

func digestOf(ctx context.Context, r io.Reader) (digest string, size int64, err error) {
	hash := sha256.New()
	for {
		if err := core.Interrupted(ctx); err != nil {
			return "", 0, err
		}
		n, err := io.CopyN(hash, r, 16<<20)
		size += n
		switch {
		case err == io.EOF: //nolint:errorlint // CopyN returns it as it is
			return hex.EncodeToString(hash.Sum(nil)), size, nil
		case err != nil:
			return "", 0, fileError(err)
		}
	}
}

func hexDigest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
