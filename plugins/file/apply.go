package file

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// applier carries the steps of a record out on the files of a run, experiment or logged model, whose lock is held. Nothing is
// flushed.
type applier struct {
	here    *folder
	top     *os.Root                             // the store's root
	others  func(prefix string) (*folder, error) // opens the folders that steps of a run name by opUp and modelMark
	again   bool                                 // the record may have been applied before, in part or whole
	written time.Time                            // when the journal was, if that was before the machine's last start
	opened  map[string]*folder
	undo    []func() error
}

// apply carries out the steps. When one fails, those before it are taken back, as long as that can be; if it cannot, the
// error's outcome is unknown, and who locks the folder next finishes the record.
func (a *applier) apply(ops []op) error {
	defer func() {
		for _, f := range a.opened {
			f.close()
		}
	}()
	for _, o := range ops {
		err := a.step(o)
		if err == nil {
			continue
		}
		err = ioError("write", path.Join(a.here.path, o.path), err)
		for i := len(a.undo) - 1; i >= 0; i-- {
			if a.undo[i]() != nil {
				return unsure(err)
			}
		}
		return err
	}
	return nil
}

// target is the folder that a step is in, and its path from there.
func (a *applier) target(p string) (*folder, string, error) {
	prefix, name := "", p
	if below, up := strings.CutPrefix(p, opUp); up {
		prefix, name = opUp, below
	} else if id, below, ok := splitModel(p); ok {
		prefix, name = modelMark+string(id), below
	}
	if prefix == "" {
		return a.here, name, nil
	}
	if known := a.opened[prefix]; known != nil {
		return known, name, nil
	}
	f, err := a.others(prefix)
	if err != nil {
		return nil, "", err
	}
	if a.opened == nil {
		a.opened = map[string]*folder{}
	}
	a.opened[prefix] = f
	return f, name, nil
}

func (a *applier) step(o op) error {
	f, name, err := a.target(o.path)
	if a.again && errors.Is(err, core.ErrNotFound) {
		return nil // the logged model has been removed since
	}
	if err != nil {
		return err
	}
	switch o.kind {
	case opWrite:
		return a.write(f, name, o.data)
	case opPoints:
		return a.points(f, name, o.data)
	case opRemove:
		return a.remove(f, name)
	case opMkdir:
		return f.root.MkdirAll(name, dirMode)
	case opCreate, opDelete, opRevive:
		return nil // what they begin is done where they are recovered
	}
	return core.Errorf(core.DataLoss, "the journal has an unknown step %q", o.kind)
}

// replace is folder.replace. The temporary file lies in the folder that is locked, so that who finishes the record may take
// away what a dead writer has left.
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

func (a *applier) write(f *folder, name string, data []byte) error {
	if a.again {
		if later, err := a.changedLater(f, name); later || err != nil {
			return err
		}
		return a.replace(f, name, data)
	}
	old, _, err := f.read(name, maxDatasetYAML)
	if err != nil && !absent(err) {
		return err
	}
	existed := err == nil
	if err := a.replace(f, name, data); err != nil {
		return err
	}
	a.undo = append(a.undo, func() error {
		if existed {
			return a.replace(f, name, old)
		}
		return f.root.Remove(name)
	})
	return nil
}

func (a *applier) remove(f *folder, name string) error {
	if a.again {
		if later, err := a.changedLater(f, name); later || err != nil {
			return err
		}
		if err := f.root.Remove(name); !absent(err) {
			return err
		}
		return nil
	}
	old, _, err := f.read(name, maxDatasetYAML)
	if err != nil {
		return err
	}
	if err := f.root.Remove(name); err != nil {
		return err
	}
	a.undo = append(a.undo, func() error { return f.replace(name, old) })
	return nil
}

// changedLater reports whether, since a journal from before a restart of the machine was written, somebody who keeps no
// journal has changed a file. Two seconds are for the time that it took to carry the record out.
func (a *applier) changedLater(f *folder, name string) (bool, error) {
	if a.written.IsZero() {
		return false, nil
	}
	at, err := stat(f.dir, name)
	return at.Size > 0 && at.Mtime > a.written.Add(2*time.Second).UnixNano(), err
}

func (a *applier) points(f *folder, name string, lines []byte) error {
	file, err := openForAppend(f, name, true)
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
			_ = f.root.Remove(name) // empty: MLflow refuses a metric file without a point
		}
		return err
	}
	a.undo = append(a.undo, func() error { return cutBack(f, name, size, existed, len(lines)) })
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
// left and nobody was told of, is cut off.
func openForAppend(f *folder, name string, create bool) (*appendFile, error) {
	file, info, err := f.open(name, os.O_RDWR|os.O_APPEND)
	existed := err == nil
	if errors.Is(err, fs.ErrNotExist) && create {
		file, info, err = f.open(name, os.O_RDWR|os.O_APPEND|os.O_CREATE)
		if errors.Is(err, fs.ErrNotExist) {
			if err = f.root.MkdirAll(path.Dir(name), dirMode); err == nil {
				file, info, err = f.open(name, os.O_RDWR|os.O_APPEND|os.O_CREATE)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	a := &appendFile{file: file, path: path.Join(f.path, name), size: info.Size(), existed: existed}
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
		return unsure(ioError("write", a.path, err))
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
