package file

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// Put stores a file. See core.ArtifactRepository.
//
// When ctx ends while r waits, Put returns at once. The one read that is under way is left to end by itself; it does not
// touch anything of the caller but r.
func (a *Artifacts) Put(ctx context.Context, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	put, err := a.put(ctx, path, r, o)
	return put, core.Do("put artifact", path, err)
}

func (a *Artifacts) put(ctx context.Context, name string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	if err := a.at.begin(ctx); err != nil {
		return core.Artifact{}, err
	}
	err := cmp.Or(core.CheckArtifactPath(name), core.CheckPut(o, core.DefaultLimits()), a.writable())
	if err != nil {
		return core.Artifact{}, err
	}
	if reserved(name) {
		return core.Artifact{}, core.Invalid("path", "%q is a name for files that are being written", name)
	}
	root, err := a.at.open(create)
	if err != nil {
		return core.Artifact{}, err
	}
	if err := vacancy(root, name, o); err != nil {
		return core.Artifact{}, err
	}
	content := newPump(&a.free, r) // reads while the file is made
	defer content.stop()
	temp, err := root.CreateTemp(".")
	if err != nil {
		return core.Artifact{}, err
	}
	defer temp.Abort()
	stored := core.Artifact{Path: name}
	if err := receive(ctx, temp, content, &stored, o); err != nil {
		return core.Artifact{}, err
	}
	written, err := temp.ModTime()
	if err != nil {
		return core.Artifact{}, err
	}
	stored.ModTime = core.MillisOf(written)
	if err := a.publish(ctx, root, temp, name, o); err != nil {
		return core.Artifact{}, err
	}
	return stored, nil
}

// vacancy refuses early what publishing would refuse.
func vacancy(root *disk.Root, name string, o core.PutOptions) error {
	info, err := root.Stat(name)
	switch {
	case errors.Is(err, core.ErrNotFound):
		return nil
	case err != nil:
		return err // below a file or a link
	case info.IsDir():
		filled, err := hasFile(root, name)
		if err != nil {
			return err
		}
		if !filled { // nothing to our callers: it gives way
			return unlessNothing(removeEmpty(root, name))
		}
		if !o.IfAbsent {
			return core.State(name, "%q is a directory", name)
		}
		return core.Exists("artifact", name)
	case o.IfAbsent:
		return core.Exists("artifact", name)
	case !info.Mode().IsRegular():
		return notPlain(name)
	}
	return nil
}

// removeEmpty removes a directory that has nothing but directories in it. Anything else that it has, such as a link, keeps it.
func removeEmpty(root *disk.Root, dir string) error {
	entries, err := root.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeEmpty(root, below(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return root.Remove(dir, disk.Relaxed)
}

// publish makes the complete file visible, with the directories above it.
func (a *Artifacts) publish(ctx context.Context, root *disk.Root, temp *disk.Temp, name string, o core.PutOptions) error {
	commit := temp.Commit
	if o.IfAbsent {
		commit = temp.CommitNew
	}
	const attempts = 10_000 // others may remove the directory each time between its making and its use
	for range attempts {
		if err := core.Interrupted(ctx); err != nil {
			return err
		}
		if err := root.MkdirAll(path.Dir(name), disk.Relaxed); err != nil && !errors.Is(err, core.ErrNotFound) {
			return err
		}
		if err := commit(name, a.durability()); !errors.Is(err, core.ErrNotFound) {
			return err
		}
	}
	return core.Errorf(core.Aborted, "the directory of %q is removed all the time", name)
}

// receive writes the content into temp, and size and digest into stored. It verifies what the caller knows of them.
func receive(ctx context.Context, temp *disk.Temp, content *pump, stored *core.Artifact, o core.PutOptions) error {
	digest := sha256.New()
	for {
		chunk, err := content.next(ctx)
		stored.Size += int64(len(chunk))
		if o.Size != nil && stored.Size > *o.Size {
			return core.Invalid("size", "the content has more than the %d bytes that were announced", *o.Size)
		}
		if _, err := io.MultiWriter(digest, temp).Write(chunk); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			return verify(stored, digest, o)
		}
		if err != nil {
			return fmt.Errorf("read the content: %w", err)
		}
	}
}

func verify(stored *core.Artifact, digest hash.Hash, o core.PutOptions) error {
	if o.Size != nil && stored.Size != *o.Size {
		return core.Invalid("size", "the content has %d bytes, %d were announced", stored.Size, *o.Size)
	}
	stored.SHA256 = hex.EncodeToString(digest.Sum(nil))
	if o.SHA256 != "" && !strings.EqualFold(o.SHA256, stored.SHA256) {
		return core.Errorf(core.DataLoss, "the content has the SHA-256 %s, %s was announced", stored.SHA256, o.SHA256)
	}
	return nil
}
