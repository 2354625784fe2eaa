package testenv

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

const (
	// constraintsDir holds one file of exact pins for each environment, seen from the project's root.
	constraintsDir = "internal/testenv/constraints"

	// recipe is part of each environment's key: raise it when the way of making environments changes.
	recipe = "2"

	// readyFile is written last, so an environment whose making was interrupted is never taken for a whole one.
	readyFile = ".ready"
)

// venvs makes Python environments below the project's cache folder.
type venvs struct {
	root string                           // the project's root
	logf func(format string, args ...any) // told what takes long
}

// A fill turns the new, empty folder dir into the environment that the file pins describes.
type fill func(ctx context.Context, dir, pins string) error

// ensure returns the folder of the environment called name, calling build only when no whole one is there. The folder's
// name carries a hash of the pins, so changed pins lead to a new environment. A lock beside the folder makes other
// goroutines and processes that want the same environment wait for the one that makes it.
func (v venvs) ensure(ctx context.Context, name string, build fill) (string, error) {
	pins := filepath.Join(v.root, constraintsDir, name+".txt")
	content, err := os.ReadFile(pins)
	if errors.Is(err, os.ErrNotExist) {
		known, _ := mlflowVersions(v.root)
		return "", fmt.Errorf("no pins for it in %s; MLflow versions with pins: %v", constraintsDir, known)
	}
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256(append([]byte(recipe+"\n"), content...))
	dir := filepath.Join(v.root, ".cache", "venvs", fmt.Sprintf("%s-%x", name, hash[:6]))
	if whole(dir) {
		return dir, nil
	}
	unlock, err := lock(ctx, dir+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if whole(dir) { // another one made it while this one waited
		return dir, nil
	}
	return dir, v.fresh(ctx, dir, pins, build)
}

// fresh replaces what is at dir with a new environment.
func (v venvs) fresh(ctx context.Context, dir, pins string, build fill) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	start := time.Now()
	v.logf("making %s", dir)
	if err := build(ctx, dir, pins); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, readyFile), nil, 0o600); err != nil {
		return err
	}
	v.logf("made %s in %v", filepath.Base(dir), time.Since(start).Round(100*time.Millisecond))
	return nil
}

// whole reports whether dir is a finished environment whose interpreter still exists.
func whole(dir string) bool {
	for _, path := range []string{filepath.Join(dir, readyFile), program(dir, "python")} {
		if _, err := os.Stat(path); err != nil {
			return false
		}
	}
	return true
}

// lock takes the lock file at path, waiting for other holders for as long as ctx allows.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file := flock.New(path)
	if _, err := file.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return nil, fmt.Errorf("wait for %s: %w", path, err)
	}
	return func() { _ = file.Unlock() }, nil
}
