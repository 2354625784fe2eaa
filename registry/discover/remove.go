package discover

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mlstore/mlstore/core"
)

// Remove removes a plugin that Install put into dir. One that the lock file does not name is ErrNotFound: whoever put its
// files there knows best how to take them away.
func Remove(ctx context.Context, dir, name string) error {
	return core.Do("remove plugin", name, remove(ctx, dir, name))
}

func remove(ctx context.Context, dir, name string) error {
	dir, err := realDir(dir)
	if err != nil {
		return err
	}
	if err := safeDir(dir); err != nil {
		return err
	}
	unlock, err := lockDir(ctx, dir)
	if err != nil {
		return err
	}
	defer unlock()
	lock, _, err := readLock(dir)
	if err != nil {
		return err
	}
	pin, ok := lock.pin(name)
	if !ok || !core.ManifestName(name) {
		return &core.Error{
			Code: core.NotFound, Reason: ReasonNotFound, Key: name,
			Err: errorf("%s does not name a plugin %q: it was not installed by this command", filepath.Join(dir, lockFile), name),
		}
	}
	root, err := os.OpenRoot(dir) // the lock file says which program; nothing outside the folder goes
	if err != nil {
		return fileError(err)
	}
	defer root.Close()
	for _, file := range []string{filePrefix + name + ".json", filepath.FromSlash(pin.Program)} {
		if err := root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fileError(err)
		}
	}
	return writeLock(ctx, dir, lock.without(name))
}
