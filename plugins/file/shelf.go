package file

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// content says what the files of a shelf hold.
type content int

const (
	texts        content   = iota // a param or tag
	runPoints                     // the points of a metric of a run
	modelPoints                   // the points of a metric of a logged model
	maxText      = 1 << 20        // bytes of a param or tag that are read at most
	tailLength   = 64             // bytes before the end of a metric file by which it is known to have only grown
	maxShelfDeep = 128            // folders below each other in a shelf
)

// shelf is one of the folders metrics, params and tags: a file for each key, kept in memory as it was read.
type shelf struct {
	name   string // from the folder of the run, model or experiment
	holds  content
	listed bool
	dirs   []state          // the shelf and every folder in it
	items  map[string]*item // by key
	paths  map[string]bool  // every path: true is a folder
	odd    []string         // paths that are no key's file
}

// state is a file or folder as it was when it was read.
type state struct {
	path string // from the folder of the run, model or experiment
	at   stamp
	firm bool
}

// item is a file of a shelf.
type item struct {
	state
	read   bool
	text   string           // of a param or tag
	latest []core.RunMetric // of a run's metric one, of a model's one for each dataset and run
	tail   string           // last bytes that were read of a metric file
	ended  int64            // how far a metric file was read: behind its last whole line
	err    error            // why it cannot be read; its text names the path
}

func (s *shelf) isFile(p string) bool {
	folder, found := s.paths[path.Join(s.name, p)]
	return found && !folder
}

func (s *shelf) isDir(p string) bool { return s.paths[path.Join(s.name, p)] }

// pathOf returns where the file of a key is, or is to be made. The shelf must be listed.
func (s *shelf) pathOf(key string) string {
	if known := s.items[key]; known != nil {
		return known.path
	}
	return path.Join(s.name, keyPath(key, s))
}

// newPath is pathOf for a file that is about to be made: what is chosen next knows of it.
func (s *shelf) newPath(key string) string {
	p := s.pathOf(key)
	if s.paths == nil {
		s.paths = map[string]bool{}
	}
	s.paths[p] = false
	for dir := path.Dir(p); dir != s.name; dir = path.Dir(dir) {
		s.paths[dir] = true
	}
	return p
}

// vacate takes note that the file of a key is about to be removed.
func (s *shelf) vacate(key string) {
	if i := s.items[key]; i != nil {
		delete(s.paths, i.path)
		delete(s.items, key)
	}
}

// forget makes the next look list the shelf anew, after a change of our own. What has been read of files stays.
func (s *shelf) forget() { s.dirs = nil }

// current reports, without a lock, whether the shelf is as it was read, as far as the keys go: nil is all of them.
func (s *shelf) current(dir *os.File, base string, keys []string) (bool, error) {
	if !s.listed || len(s.dirs) == 0 {
		return false, nil
	}
	folders := keys == nil
	check := func(key string, i *item) (bool, error) {
		// A key is where its name says or, when that is not there, where the folders say.
		folders = folders || i == nil || len(i.path) != len(s.name)+1+len(key)
		if i == nil {
			return true, nil
		}
		if !i.read {
			return false, nil
		}
		return i.current(dir, base)
	}
	for _, key := range keys {
		if same, err := check(key, s.items[key]); !same || err != nil {
			return false, err
		}
	}
	if !folders {
		return true, nil
	}
	for i := range s.dirs {
		if same, err := s.dirs[i].current(dir, base); !same || err != nil {
			return false, err
		}
	}
	if keys != nil {
		return true, nil
	}
	for key, i := range s.items {
		if same, err := check(key, i); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (s *state) current(dir *os.File, base string) (bool, error) {
	if !s.firm {
		return false, nil
	}
	now, err := stat(dir, base+s.path)
	return now == s.at, err
}

// refresh brings the shelf up to date as far as the keys go, nil being all. The folder's lock must be held. Files that
// cannot be read keep their error.
func (s *shelf) refresh(f *folder, keys []string) error {
	if err := s.list(f); err != nil {
		return err
	}
	if keys != nil {
		for _, key := range keys {
			if i := s.items[key]; i != nil {
				if err := s.load(f, key, i); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for key, i := range s.items {
		if err := s.load(f, key, i); err != nil {
			return err
		}
	}
	return nil
}

// list lists the shelf unless it is as it was.
func (s *shelf) list(f *folder) error {
	if s.listed && len(s.dirs) > 0 {
		same := true
		for i := range s.dirs {
			now, err := stat(f.dir, s.dirs[i].path)
			if err != nil {
				return ioError("list", path.Join(f.path, s.name), err)
			}
			if same = now == s.dirs[i].at && s.dirs[i].firm; !same {
				break
			}
		}
		if same {
			return nil
		}
	}
	known := s.items
	s.dirs, s.odd = nil, nil
	s.items, s.paths = make(map[string]*item, len(known)), make(map[string]bool, len(known))
	if err := s.walk(f, s.name, known, 0); err != nil {
		s.listed, s.dirs = false, nil
		return ioError("list", path.Join(f.path, s.name), err)
	}
	s.listed = true
	return nil
}

func (s *shelf) walk(f *folder, dir string, known map[string]*item, depth int) error {
	at, err := stat(f.dir, dir) // before its entries are read, so that a change meanwhile shows
	if err != nil {
		return err
	}
	s.dirs = append(s.dirs, state{path: dir, at: at, firm: at.absent() || at.firm(time.Now())})
	if at.absent() || depth > maxShelfDeep {
		return nil
	}
	entries, err := f.list(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		p := dir + "/" + entry.Name()
		switch {
		case entry.IsDir():
			s.paths[p] = true
			if err := s.walk(f, p, known, depth+1); err != nil {
				return err
			}
		case entry.Type().IsRegular():
			s.paths[p] = false
			s.add(p, known)
		default:
			s.paths[p] = false
			s.odd = append(s.odd, p)
		}
	}
	return nil
}

func (s *shelf) add(p string, known map[string]*item) {
	key, ok := pathKey(strings.TrimPrefix(p, s.name+"/"))
	if !ok {
		s.odd = append(s.odd, p)
		return
	}
	i := known[key]
	if i == nil || i.path != p {
		i = &item{state: state{path: p}}
	}
	if other := s.items[key]; other != nil { // two files for one key: that of the plain name counts
		if strings.Contains(p, ".mlstore-") {
			s.odd = append(s.odd, p)
			return
		}
		s.odd = append(s.odd, other.path)
	}
	s.items[key] = i
}

// load reads the file of a key unless it is as it was. What is wrong with the file is noted with it.
func (s *shelf) load(f *folder, key string, i *item) error {
	if i.read && i.firm {
		if now, err := stat(f.dir, i.path); err == nil && now == i.at {
			return nil
		}
	}
	file, info, err := f.open(i.path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) { // removed by somebody else since the folder was listed
		delete(s.items, key)
		s.forget()
		return nil
	}
	if err != nil {
		return i.fail(f, err)
	}
	defer func() { _ = file.Close() }()
	at := stampOf(info)
	if s.holds == texts {
		err = i.loadText(file, at)
	} else {
		err = i.loadPoints(file, at, key, s.holds == modelPoints)
	}
	if err != nil {
		return i.fail(f, err)
	}
	i.read, i.err = true, nil
	i.at, i.firm = at, at.firm(time.Now())
	return nil
}

func (i *item) fail(f *folder, err error) error {
	i.read, i.firm = !passing(err), false
	err = unreadable(path.Join(f.path, i.path), err)
	if !i.read {
		return err
	}
	i.err = err
	return nil
}

func (i *item) loadText(file *os.File, at stamp) error {
	if at.Size > maxText {
		return errTooLarge
	}
	data := make([]byte, at.Size+1)
	n, err := io.ReadFull(file, data)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return err
	}
	i.text = string(data[:n])
	return nil
}

// loadPoints finds the latest points of a metric file. A file that has only grown since it was read is read from there.
func (i *item) loadPoints(file *os.File, at stamp, key string, ofModel bool) error {
	start := int64(0)
	if i.read && i.err == nil && i.at.Ino == at.Ino && i.at.Dev == at.Dev && at.Size >= i.ended && i.hasTail(file) {
		start = i.ended
	} else {
		i.latest = nil
	}
	if _, err := file.Seek(start, io.SeekStart); err != nil {
		return err
	}
	latest := i.latest
	err := scanPoints(file, at.Size-start, ofModel, func(p point) error {
		latest = withPoint(latest, core.RunMetric{RunID: p.run, Metric: p.metric(key)}, ofModel)
		return nil
	})
	if err != nil {
		i.latest, i.ended, i.tail = nil, 0, ""
		return err
	}
	i.latest = latest
	return i.noteTail(file, at.Size)
}

// withPoint takes a point among the latest ones.
func withPoint(latest []core.RunMetric, p core.RunMetric, ofModel bool) []core.RunMetric {
	for n := range latest {
		old := &latest[n]
		if ofModel && (old.RunID != p.RunID || old.DatasetName != p.DatasetName || old.DatasetDigest != p.DatasetDigest) {
			continue
		}
		if supersedes(p.Metric, old.Metric) {
			*old = cloneNames(p)
		}
		return latest
	}
	return append(latest, cloneNames(p))
}

// cloneNames keeps a point from holding the whole chunk of the file that its names lie in.
func cloneNames(p core.RunMetric) core.RunMetric {
	p.RunID = core.RunID(strings.Clone(string(p.RunID)))
	p.DatasetName, p.DatasetDigest = strings.Clone(p.DatasetName), strings.Clone(p.DatasetDigest)
	return p
}

// supersedes is core.Latest, and where that finds two points equal, the order of the history decides, so that the order in
// which they came does not.
func supersedes(a, b core.Metric) bool {
	return core.Latest(a, b) || !core.Latest(b, a) && core.CompareMetrics(a, b) > 0
}

func (i *item) hasTail(file *os.File) bool {
	tail := make([]byte, len(i.tail))
	_, err := file.ReadAt(tail, i.ended-int64(len(tail)))
	return err == nil && string(tail) == i.tail
}

// noteTail remembers how far the file was read, and the bytes before that place.
func (i *item) noteTail(file *os.File, size int64) error {
	tail := make([]byte, min(size, tailLength))
	for {
		if _, err := file.ReadAt(tail, size-int64(len(tail))); err != nil {
			return err
		}
		if end := strings.LastIndexByte(string(tail), '\n') + 1; end > 0 || int64(len(tail)) == size {
			i.ended = size - int64(len(tail)-end)
			i.tail = string(tail[:end])
			return nil
		}
		tail = make([]byte, min(size, int64(len(tail))*8)) // a torn line longer than the tail
	}
}
