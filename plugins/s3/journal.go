package s3

import (
	"bufio"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/mlstore/mlstore/core"
)

// upload is an upload in several parts that has been begun.
type upload struct {
	Bucket string      `json:"bucket"`
	Key    string      `json:"key"`
	ID     string      `json:"id"`
	Until  core.Millis `json:"until,omitempty"` // somebody else sends its parts, and may do so until then
	Done   bool        `json:"done,omitempty"`  // completed or aborted

	Source *source `json:"source,omitempty"` // the file that goes up; nil is what cannot be read again
	Form   string  `json:"form,omitempty"`   // see formOf
	Mark   string  `json:"mark,omitempty"`   // see markKey
}

// name is the upload without what changes of it.
func (u upload) name() upload { return upload{Bucket: u.Bucket, Key: u.Key, ID: u.ID} }

// journal remembers the uploads that this process has begun and not ended, so that another one can abort them when it
// dies. Each process that uploads has a file of its own in the folder, and a lock beside it that it holds for as long as it
// lives: a file whose lock can be had has lost its process. Its name says which settings it belongs to; it holds no secrets.
//
// It is a line for each beginning and end, written before the first part is sent. It outlives the process, not a power loss.
type journal struct {
	dir string
	id  string // of the settings

	mu   sync.Mutex
	file *os.File // nil until the first upload
	hold *flock.Flock
	open map[upload]bool
	left map[upload]upload // those of open at which nobody works, and with which one may go on
}

const (
	journalSuffix = ".uploads"
	lockSuffix    = ".lock"
)

func newJournal(dir, id string) *journal {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			cache = os.TempDir()
		}
		dir = filepath.Join(cache, "mlstore", "s3")
	}
	return &journal{dir: dir, id: id, open: map[upload]bool{}, left: map[upload]upload{}}
}

// begin notes the upload. Without a note there is no upload: nobody would clean up after it.
func (j *journal) begin(u upload) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		if err := j.create(); err != nil {
			return err
		}
	}
	j.open[u.name()] = true
	return j.write(u)
}

// end notes that the upload is no more. One that another process has begun stays in that one's journal.
func (j *journal) end(u upload) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if u = u.name(); !j.open[u] {
		return nil
	}
	delete(j.open, u)
	u.Done = true
	return j.write(u)
}

func (j *journal) write(u upload) error {
	line, err := json.Marshal(u)
	if err != nil {
		return err
	}
	_, err = j.file.Write(append(line, '\n'))
	return err
}

func (j *journal) create() error {
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return err
	}
	gate, err := j.gate()
	if err != nil {
		return err
	}
	defer gate.Unlock() //nolint:errcheck // it ends with the process at the latest
	f, err := os.CreateTemp(j.dir, j.id+"-*"+journalSuffix)
	if err != nil {
		return err
	}
	hold := flock.New(f.Name() + lockSuffix)
	if err := hold.Lock(); err != nil {
		return errors.Join(err, f.Close())
	}
	j.file, j.hold = f, hold
	return nil
}

// gate keeps sweeps away from a journal that is made and not yet locked.
func (j *journal) gate() (*flock.Flock, error) {
	gate := flock.New(filepath.Join(j.dir, "gate"+lockSuffix))
	return gate, gate.Lock()
}

// close gives the journal up. Uploads that are still open stay in it, for the next process.
func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	name := j.file.Name()
	err := j.file.Close()
	if len(j.open) == 0 {
		err = errors.Join(err, os.Remove(name), os.Remove(name+lockSuffix))
	}
	err = errors.Join(err, j.hold.Unlock())
	j.file, j.hold = nil, nil
	return err
}

// sweep takes over what dead processes with the same settings have left: those uploads with which one may go on, if keep
// says so, become this journal's; for the others it calls abort, and forgets those for which it is true. Those of which
// others send the parts are left to them until their time is over.
func (j *journal) sweep(keep bool, abort func(upload) bool) {
	for _, o := range j.orphans() {
		left := false
		for _, u := range readUploads(o.name) {
			switch {
			case u.Until > core.MillisOf(time.Now()):
				left = true
			case keep && u.Source.unchanged() && j.begin(u) == nil:
				j.leave(u)
			case !abort(u):
				left = true
			}
		}
		if !left {
			_ = os.Remove(o.name) // the next sweep finds it again
			_ = os.Remove(o.name + lockSuffix)
		}
		_ = o.hold.Unlock() // as the process ends, at the latest
	}
}

// leave notes that nobody works at an open upload any more.
func (j *journal) leave(u upload) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if u.Source != nil && j.open[u.name()] {
		j.left[u.name()] = u
	}
}

// claim returns an upload that was left, of the same file to the same object in the same form, for the caller to go on with.
func (j *journal) claim(like upload) (upload, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for name, u := range j.left {
		if u.Bucket == like.Bucket && u.Key == like.Key && u.Form == like.Form && *u.Source == *like.Source {
			delete(j.left, name)
			return u, true
		}
	}
	return upload{}, false
}

// claimAll returns all that were left.
func (j *journal) claimAll() []upload {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := slices.Collect(maps.Values(j.left))
	clear(j.left)
	return all
}

// orphan is a journal whose process has died, locked by us.
type orphan struct {
	name string
	hold *flock.Flock
}

func (j *journal) orphans() []orphan {
	names, err := filepath.Glob(filepath.Join(j.dir, j.id+"-*"+journalSuffix))
	if err != nil || len(names) == 0 {
		return nil
	}
	gate, err := j.gate()
	if err != nil {
		return nil // a folder that cannot be written has no journals of ours
	}
	defer gate.Unlock() //nolint:errcheck // it ends with the process at the latest
	var found []orphan
	for _, name := range names {
		hold := flock.New(name + lockSuffix)
		if locked, err := hold.TryLock(); err == nil && locked {
			found = append(found, orphan{name, hold})
		}
	}
	return found
}

// readUploads lists the uploads of a journal that have not ended. A last line that was cut short is passed over.
func readUploads(name string) []upload {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	open := map[upload]upload{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var u upload
		if json.Unmarshal(lines.Bytes(), &u) != nil {
			continue
		}
		if open[u.name()] = u; u.Done {
			delete(open, u.name())
		}
	}
	return slices.Collect(maps.Values(open))
}
