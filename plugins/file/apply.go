package file

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// applier carries the steps of a record out on the files of a run, experiment or logged model, whose lock is held. Nothing is
// flushed.
type applier struct {
	here    *folder
	top     *os.Root                             // the store's root
	others  func(prefix string) (*folder, error) // opens the folders that steps of a run name by opUp and modelMark
	again   bool                                 // the record may have been applied before, in part or whole
	written time.Time                            // when the journal was, if that was before the machine's last start
	opened  map[string]*folder                   // of others, by prefix
	inside  map[string]*os.Root                  // folders in which steps are, by prefix and path
	undo    []func() error
}

// apply carries out the steps. When one fails, those before it are taken back, as long as that can be; if it cannot, the
// error's outcome is unknown, and who locks the folder next finishes the record.
func (a *applier) apply(ops []op) error {
	defer a.close()
	for _, o := range ops {
		err := a.step(o)
		if err == nil {
			continue
		}
		err = ioError("write", path.Join(a.here.path, o.path), err)
		for i := len(a.undo) - 1; i >= 0; i-- {
			if a.undo[i]() != nil {
				return disk.Unsure(err)
			}
		}
		return err
	}
	return nil
}

func (a *applier) close() {
	for _, f := range a.opened {
		f.close()
	}
	for _, root := range a.inside {
		_ = root.Close()
	}
}

// place is where a step is: a file, from a folder that stays open and from the one that holds it.
type place struct {
	f    *folder
	name string
	dir  *os.Root // nil when it is not there
	base string
}

// locate finds the place of a step, and makes the folder that holds it if create says so.
func (a *applier) locate(p string, create bool) (place, error) {
	prefix, at := "", place{f: a.here, name: p}
	if below, up := strings.CutPrefix(p, opUp); up {
		prefix, at.name = opUp, below
	} else if id, below, ok := splitModel(p); ok {
		prefix, at.name = modelMark+string(id), below
	}
	if prefix != "" {
		if at.f = a.opened[prefix]; at.f == nil {
			f, err := a.others(prefix)
			if err != nil {
				return place{}, err
			}
			if a.opened == nil {
				a.opened = map[string]*folder{}
			}
			a.opened[prefix], at.f = f, f
		}
	}
	dir := path.Dir(at.name)
	at.base, at.dir = path.Base(at.name), at.f.root
	if dir == "." {
		return at, nil
	}
	var err error
	at.dir, err = a.enter(prefix+"/"+dir, at.f, dir, create)
	return at, err
}

// enter opens a folder once for all steps in it.
func (a *applier) enter(key string, f *folder, dir string, create bool) (*os.Root, error) {
	if known := a.inside[key]; known != nil {
		return known, nil
	}
	root, err := f.root.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if !create {
			return nil, nil //nolint:nilnil // said by the caller's name for it: not there
		}
		if err = f.root.MkdirAll(dir, dirMode); err == nil {
			root, err = f.root.OpenRoot(dir)
		}
	}
	if err != nil {
		return nil, err
	}
	const most = 64
	if len(a.inside) >= most {
		for key, old := range a.inside {
			_ = old.Close()
			delete(a.inside, key)
		}
	}
	if a.inside == nil {
		a.inside = map[string]*os.Root{}
	}
	a.inside[key] = root
	return root, nil
}

func (a *applier) step(o op) error {
	switch o.kind {
	case opCreate, opDelete, opRevive:
		return nil // what they begin is done where they are recovered
	case opMkdir:
		return a.here.root.MkdirAll(o.path, dirMode)
	case opWrite, opPoints, opRemove:
	default:
		return core.Errorf(core.DataLoss, "the journal has an unknown step %q", o.kind)
	}
	at, err := a.locate(o.path, o.kind != opRemove)
	if a.again && errors.Is(err, core.ErrNotFound) {
		return nil // the logged model has been removed since
	}
	if err != nil {
		return err
	}
	if a.again && o.kind != opPoints {
		if later, err := a.changedLater(at); later || err != nil {
			return err
		}
	}
	if o.kind == opPoints {
		return a.points(at, o.data)
	}
	if o.kind == opRemove {
		return a.remove(at)
	}
	return a.write(at, o.data)
}

// replace gives a file new content at once. The temporary file lies in the folder that is locked, so that who finishes the
// record may take away what a dead writer has left.
func (a *applier) replace(f *folder, name string, data []byte) error {
	if f == a.here {
		return f.replace(name, data)
	}
	temp, err := a.here.temp(data)
	if err != nil {
		return err
	}
	if err = f.root.MkdirAll(path.Dir(name), dirMode); err == nil {
		err = a.top.Rename(path.Join(a.here.path, temp), path.Join(f.path, name))
	}
	if err != nil {
		_ = a.here.root.Remove(temp)
	}
	return err
}

func (a *applier) write(at place, data []byte) error {
	if a.again {
		return a.replace(at.f, at.name, data)
	}
	// A new file is made in its place: as MLflow itself does, and whoever keeps our locks does not see it before it is whole.
	made, err := at.dir.OpenFile(at.base, os.O_WRONLY|os.O_CREATE|os.O_EXCL|openFlags, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return a.overwrite(at, data)
	}
	if err != nil {
		return err
	}
	_, err = made.Write(data)
	if closed := made.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return errors.Join(err, at.dir.Remove(at.base))
	}
	a.undo = append(a.undo, func() error { return at.f.root.Remove(at.name) })
	return nil
}

func (a *applier) overwrite(at place, data []byte) error {
	old, _, err := at.f.read(at.name, maxDatasetYAML)
	if err != nil {
		return err
	}
	if err := a.replace(at.f, at.name, data); err != nil {
		return err
	}
	a.undo = append(a.undo, func() error { return a.replace(at.f, at.name, old) })
	return nil
}

func (a *applier) remove(at place) error {
	if at.dir == nil && a.again {
		return nil
	}
	if a.again {
		if err := at.dir.Remove(at.base); !absent(err) {
			return err
		}
		return nil
	}
	old, _, err := at.f.read(at.name, maxDatasetYAML)
	if err != nil {
		return err
	}
	if err := at.f.root.Remove(at.name); err != nil {
		return err
	}
	a.undo = append(a.undo, func() error { return a.replace(at.f, at.name, old) })
	return nil
}

// changedLater reports whether, since a journal from before a restart of the machine was written, somebody who keeps no
// journal has changed a file. Two seconds are for the time that it took to carry the record out.
func (a *applier) changedLater(at place) (bool, error) {
	if a.written.IsZero() || at.dir == nil {
		return false, nil
	}
	info, err := at.dir.Lstat(at.base)
	if err != nil {
		if absent(err) {
			err = nil
		}
		return false, err
	}
	return info.Size() > 0 && info.ModTime().After(a.written.Add(2*time.Second)), nil
}

func (a *applier) points(at place, lines []byte) error {
	file, err := openForAppend(at.dir, at.base, at.f.path+"/"+at.name, true)
	if err != nil {
		return err
	}
	defer func() { _ = file.close() }()
	if a.again {
		if lines, err = file.without(lines); err != nil || len(lines) == 0 {
			return err
		}
	}
	size, existed := file.size, file.existed
	if err := file.append(lines); err != nil {
		if !existed && size == 0 {
			_ = at.dir.Remove(at.base) // empty: MLflow refuses a metric file without a point
		}
		return err
	}
	a.undo = append(a.undo, func() error { return cutBack(at.f, at.name, size, existed, len(lines)) })
	return nil
}

// cutBack takes appended lines off again, unless somebody has appended after them.
func cutBack(f *folder, name string, size int64, existed bool, appended int) error {
	file, info, err := f.open(name, os.O_RDWR)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if info.Size() > size+int64(appended) {
		return errors.New("somebody else has appended")
	}
	if !existed && size == 0 {
		return f.root.Remove(name)
	}
	return file.Truncate(size)
}

// appendFile is a metric file that is open for appending. The lock of the folder is held.
type appendFile struct {
	file    *os.File
	path    string // from the store's root
	size    int64  // without a torn line at the end
	existed bool
}

// openForAppend opens a metric file; with create it is made if needed. A torn last line, which a crash or a full disk has
// left and nobody was told of, is cut off. full is its path from the store's root.
func openForAppend(dir *os.Root, name, full string, create bool) (*appendFile, error) {
	file, info, err := openRegular(dir, name, os.O_RDWR|os.O_APPEND)
	existed := err == nil
	if errors.Is(err, fs.ErrNotExist) && create {
		file, info, err = openRegular(dir, name, os.O_RDWR|os.O_APPEND|os.O_CREATE)
	}
	if err != nil {
		return nil, err
	}
	a := &appendFile{file: file, path: full, size: info.Size(), existed: existed}
	if err := a.mend(); err != nil {
		_ = file.Close()
		return nil, err
	}
	return a, nil
}

// tornFor is how long a last line must have been without its end to count as torn. The kernel shows a line that crosses a
// page in two steps, and MLflow, which keeps no locks, may be writing one right now.
const tornFor = 2 * time.Second

// mend cuts a torn last line off. It waits until it is certain that nobody is about to end it.
func (a *appendFile) mend() error {
	for pause := time.Millisecond; a.size > 0; pause = min(2*pause, tornFor/10) {
		var last [1]byte
		if _, err := a.file.ReadAt(last[:], a.size-1); err != nil {
			return err
		}
		if last[0] == '\n' {
			return nil
		}
		info, err := a.file.Stat()
		if err != nil {
			return err
		}
		if same := info.Size() == a.size; same && time.Since(info.ModTime()) > tornFor {
			return a.cut()
		} else if same {
			time.Sleep(pause)
		}
		if info, err = a.file.Stat(); err != nil {
			return err
		}
		a.size = info.Size()
	}
	return nil
}

// cut truncates the file behind its last whole line.
func (a *appendFile) cut() error {
	whole := &item{}
	if err := whole.noteTail(a.file, a.size); err != nil {
		return err
	}
	a.size = whole.ended
	return a.file.Truncate(whole.ended)
}

// append adds whole lines with one write. What a full disk took of them is cut off again.
func (a *appendFile) append(lines []byte) error {
	n, err := a.file.Write(lines)
	if err == nil || n == 0 {
		return err
	}
	if info, statErr := a.file.Stat(); statErr != nil || info.Size() != a.size+int64(n) || a.file.Truncate(a.size) != nil {
		return disk.Unsure(ioError("write", a.path, err))
	}
	return err
}

// without leaves the lines out that the file has already.
func (a *appendFile) without(lines []byte) ([]byte, error) {
	data := make([]byte, a.size)
	if _, err := a.file.ReadAt(data, 0); err != nil && a.size > 0 {
		return nil, err
	}
	there := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		there[line] = true
	}
	var missing []byte
	for line := range strings.Lines(string(lines)) {
		if !there[line] {
			missing = append(missing, line...)
		}
	}
	return missing, nil
}

func (a *appendFile) close() error { return a.file.Close() }
