package file

import (
	"errors"
	"io/fs"
	"sync"
)

// hidden is the folder of what is ours alone: journals, runs that are being made, the index. All of it but journals that
// have not been applied may be removed at any time; it is made again when it is needed.
type hidden struct {
	top     *folder
	mu      sync.Mutex
	folders map[string]*folder
}

func newHidden(top *folder) *hidden { return &hidden{top: top, folders: map[string]*folder{}} }

// folder opens a folder in the hidden one, or makes it. Without create an absent one is nil.
func (h *hidden) folder(name string, create bool) (*folder, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	full := hiddenName + "/" + name
	if known := h.folders[name]; known != nil {
		there, err := stat(h.top.dir, full)
		if info, statErr := known.dir.Stat(); err == nil && statErr == nil {
			if mine := stampOf(info); mine.Dev == there.Dev && mine.Ino == there.Ino {
				return known, nil
			}
		}
		delete(h.folders, name) // somebody has removed it; who still uses it does so to the end
	}
	if create {
		if err := h.make(full); err != nil {
			return nil, err
		}
	}
	f, err := openFolder(h.top.root, "", full)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // nothing hidden is the usual case for readers
	}
	if err != nil {
		return nil, err
	}
	h.folders[name] = f
	return f, nil
}

// make makes a folder and flushes the new entries.
func (h *hidden) make(full string) error {
	if at, err := stat(h.top.dir, full); err == nil && !at.absent() {
		return nil
	}
	err := h.top.root.MkdirAll(full, dirMode)
	for _, parent := range []string{hiddenName, "."} {
		if err == nil {
			err = h.top.flush(parent)
		}
	}
	return ioError("make", full, err)
}

func (h *hidden) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, f := range h.folders {
		f.close()
		delete(h.folders, name)
	}
}
