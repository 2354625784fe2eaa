package supervise

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// digests remembers the sha256 of programs by their stamps, so that a program is read once and not at every start. The zero
// value remembers in memory alone.
type digests struct {
	path string // a file that only this user may write, such as one in the user's cache folder; empty is none

	mu     sync.Mutex
	loaded bool
	known  map[stamp]string
}

// entry is one line of the file.
type entry struct {
	Stamp  stamp  `json:"stamp"`
	SHA256 string `json:"sha256"`
}

const mostDigests = 256

// digest returns the sha256 of a program. A file that changed just now is read each time.
func (d *digests) digest(ctx context.Context, b *binary) (string, error) {
	if sum, ok := d.recall(b.stamp); ok {
		return sum, nil
	}
	settled := b.stamp.settled(time.Now())
	sum, err := b.hash(ctx)
	if err == nil && settled && b.stamp.Inode != 0 && b.unchanged() {
		d.keep(b.stamp, sum)
	}
	return sum, err
}

func (d *digests) recall(s stamp) (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.loaded {
		d.loaded, d.known = true, d.load()
	}
	sum, ok := d.known[s]
	return sum, ok && s.Inode != 0
}

// keep adds a digest. A file that cannot be written is no error: programs are then read again.
func (d *digests) keep(s stamp, sum string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.known) >= mostDigests {
		clear(d.known)
	}
	d.known[s] = sum
	if d.path == "" {
		return
	}
	var entries []entry
	for s, sum := range d.known {
		entries = append(entries, entry{s, sum})
	}
	if text, err := json.Marshal(entries); err == nil {
		_ = replace(d.path, text)
	}
}

// load reads the file. What others could have written counts for nothing.
func (d *digests) load() map[stamp]string {
	known := map[stamp]string{}
	if d.path == "" {
		return known
	}
	file, err := os.Open(d.path)
	if err != nil {
		return known
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !ownFile(info) || info.Size() > 1<<20 {
		return known
	}
	var entries []entry
	if json.NewDecoder(file).Decode(&entries) != nil {
		return known
	}
	for _, e := range entries {
		known[e.Stamp] = e.SHA256
	}
	return known
}

// replace writes a file of this user whole, or not at all.
func replace(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}
