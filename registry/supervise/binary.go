package supervise

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/mlstore/mlstore/core"
)

// binary is a program's file, held open from the moment of its verification.
type binary struct {
	file  *os.File
	stamp stamp
}

// openBinary opens the program and checks that it is the one which its pin names. Its caller closes it.
func openBinary(ctx context.Context, p Program, known *digests) (*binary, error) {
	file, err := os.Open(p.Path)
	if err != nil {
		return nil, absent(p, err)
	}
	b := &binary{file: file}
	if err := b.verify(ctx, p, known); err != nil {
		_ = file.Close()
		return nil, err
	}
	return b, nil
}

func (b *binary) verify(ctx context.Context, p Program, known *digests) error {
	info, err := b.file.Stat()
	switch {
	case err != nil:
		return absent(p, err)
	case !info.Mode().IsRegular():
		return (&fault{plugin: p.name(), reason: ReasonNotFound, cause: p.Path + " is no regular file"}).as(core.NoEffect)
	}
	b.stamp = stampOf(info)
	if p.Digest == "" {
		return nil
	}
	digest, err := known.digest(ctx, b)
	switch {
	case err != nil:
		return core.Do("verify plugin", p.name(), err)
	case digest != p.Digest:
		return swapped(p, "its sha256 is "+digest+" and not "+p.Digest)
	}
	return nil
}

// unchanged reports whether nobody has written into the file since it was opened. It is asked after the start, when the
// system keeps writers away. That another file has taken its place meanwhile does not matter.
func (b *binary) unchanged() bool {
	info, err := b.file.Stat()
	if err != nil {
		return false
	}
	now := stampOf(info)
	return now.Size == b.stamp.Size && now.Modified == b.stamp.Modified
}

// hash reads the whole file.
func (b *binary) hash(ctx context.Context) (string, error) {
	sum := sha256.New()
	content := io.NewSectionReader(b.file, 0, b.stamp.Size)
	for {
		if err := core.Interrupted(ctx); err != nil {
			return "", err
		}
		_, err := io.CopyN(sum, content, 16<<20)
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(sum.Sum(nil)), nil
		}
		if err != nil {
			return "", fmt.Errorf("read the program: %w", err)
		}
	}
}

// swapped is the error for a program that is not the one that was installed.
func swapped(p Program, why string) error {
	return (&fault{
		plugin: p.name(), reason: ReasonChecksum,
		cause: p.Path + " is not the program that was installed: " + why +
			"; if you changed it, run mlstore plugin install again",
	}).as(core.NoEffect)
}

func absent(p Program, err error) error {
	cause := "its program cannot be opened: " + err.Error()
	if errors.Is(err, fs.ErrNotExist) {
		cause = "its program " + p.Path + " is not there: install the plugin again"
	}
	return (&fault{plugin: p.name(), reason: ReasonNotFound, cause: cause}).as(core.NoEffect)
}
