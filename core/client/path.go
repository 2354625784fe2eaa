package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"os"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// putFile lets the store read the local file by itself, where it can. done is false when it cannot, and the bytes must be
// streamed.
func putFile(ctx context.Context, r core.ArtifactRepository, s source, from *os.File) (_ core.Artifact, done bool, _ error) {
	transfer, ok := core.As[core.PathTransfer](r)
	if !ok {
		return core.Artifact{}, false, nil
	}
	stored, err := transfer.PutFile(ctx, s.target, from, core.PutOptions{Size: &s.size})
	switch {
	case errors.Is(err, core.ErrUnsupported):
		return core.Artifact{}, false, nil
	case err != nil:
		return core.Artifact{}, true, err
	}
	return stored, true, sameContent(from, stored)
}

// getFile lets the store write the local file by itself, where it can, and checks what it wrote. done is false when it
// cannot; the file is then empty as it was.
func getFile(ctx context.Context, r core.ArtifactRepository, want core.Artifact, to *os.File) (done bool, _ error) {
	transfer, ok := core.As[core.PathTransfer](r)
	if !ok {
		return false, nil
	}
	_, err := transfer.GetFile(ctx, want.Path, to)
	if errors.Is(err, core.ErrUnsupported) {
		return false, localErrorOrNil(to.Truncate(0))
	}
	if err == nil {
		err = sameContent(to, want)
	}
	return true, err
}

// sameContent compares a local file with what the store says of its own: the size, and the digest where it knows it.
func sameContent(file *os.File, stored core.Artifact) error {
	info, err := file.Stat()
	if err != nil {
		return localError(err)
	}
	if info.Size() != stored.Size {
		return core.Errorf(core.DataLoss, "the store has %d bytes, the file %d", stored.Size, info.Size())
	}
	if stored.SHA256 == "" {
		return nil
	}
	digest := sha256.New()
	if _, err := io.Copy(digest, io.NewSectionReader(file, 0, math.MaxInt64)); err != nil {
		return localError(err)
	}
	if sum := hex.EncodeToString(digest.Sum(nil)); !strings.EqualFold(sum, stored.SHA256) {
		return core.Errorf(core.DataLoss, "the store has SHA-256 %s, the file %s", stored.SHA256, sum)
	}
	return nil
}

func localErrorOrNil(err error) error {
	if err == nil {
		return nil
	}
	return localError(err)
}
