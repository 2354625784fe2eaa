package disk

import (
	"errors"
	"io/fs"
	"os"
)

// Sweep removes from the directory dir what writers left that have died, and nothing of those that live.
func (r *Root) Sweep(dir string) error {
	entries, err := r.readAll(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !IsTemp(entry.Name()) {
			continue
		}
		if err := r.sweep(join(dir, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (r *Root) sweep(name string) error {
	at, err := r.parent("sweep", name)
	if err != nil {
		return err
	}
	defer at.release()
	info, err := at.root.Lstat(at.base)
	if err != nil {
		return r.fail("sweep", name, err)
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return nil // not ours
	}
	f, err := at.root.OpenFile(at.base, os.O_RDONLY|openNonblock, 0)
	if err != nil {
		return r.fail("sweep", name, err)
	}
	defer func() { _ = f.Close() }() // keeps the lock until the name is gone
	opened, err := f.Stat()
	if err != nil || !os.SameFile(info, opened) || !abandoned(f, opened) {
		return r.fail("sweep", name, err)
	}
	return r.fail("sweep", name, at.root.RemoveAll(at.base))
}
