package file

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

const (
	dirMode  = 0o750
	fileMode = 0o640

	// tempPrefix starts the names of files that are being written. They lie where neither MLflow nor a listing looks, and
	// whoever finishes the journal that they belong to removes them.
	tempPrefix = ".mlstore-tmp-"
)

// folder is an open folder of the store. Everything below it goes through os.Root, which no name and no link leaves.
type folder struct {
	root *os.Root
	dir  *os.File // the same folder; it carries the lock, if there is one
	path string   // from the store's root
	id   stamp    // as it was locked: device and inode tell it from others
}

// openFolder opens the folder name below parent.
func openFolder(parent *os.Root, above, name string) (*folder, error) {
	full := path.Join(above, name)
	root, err := parent.OpenRoot(name)
	if err != nil {
		return nil, ioError("open", full, err)
	}
	dir, err := root.Open(".")
	if err != nil {
		_ = root.Close()
		return nil, ioError("open", full, err)
	}
	return &folder{root: root, dir: dir, path: full}, nil
}

// sub opens a folder below f.
func (f *folder) sub(name string) (*folder, error) { return openFolder(f.root, f.path, name) }

// close closes the folder and frees its lock.
func (f *folder) close() {
	_ = f.dir.Close()
	_ = f.root.Close()
}

func (f *folder) open(name string, flag int) (*os.File, fs.FileInfo, error) {
	return openRegular(f.root, name, flag)
}

// openRegular opens a regular file. Whatever else has its name is an error, and never waited for.
func openRegular(root *os.Root, name string, flag int) (*os.File, fs.FileInfo, error) {
	file, err := root.OpenFile(name, flag|openFlags, fileMode)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		_ = file.Close()
		return nil, nil, err
	}
	return file, info, nil
}

// read returns the content of a regular file of at most limit bytes, and the state in which it was.
func (f *folder) read(name string, limit int64) ([]byte, stamp, error) {
	file, info, err := f.open(name, os.O_RDONLY)
	if err != nil {
		return nil, stamp{}, err
	}
	defer func() { _ = file.Close() }()
	if info.Size() > limit {
		return nil, stamp{}, errTooLarge
	}
	data := make([]byte, info.Size()+1)
	n, err := io.ReadFull(file, data)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = nil
	}
	return data[:n:n], stampOf(info), err // what has grown meanwhile shows by its stamp
}

// list returns the entries of a folder below f, sorted: their names and what they are. An absent folder has none.
func (f *folder) list(name string) ([]fs.DirEntry, error) {
	dir, err := f.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	entries, err := disk.List(dir)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// replace gives a file new content at once: whoever reads it sees the old or the new. It is not flushed.
func (f *folder) replace(name string, data []byte) error {
	temp, err := f.temp(data)
	if err != nil {
		return err
	}
	err = f.root.Rename(temp, name)
	if errors.Is(err, fs.ErrNotExist) && strings.Contains(name, "/") {
		if err = f.root.MkdirAll(path.Dir(name), dirMode); err == nil {
			err = f.root.Rename(temp, name)
		}
	}
	if err != nil {
		_ = f.root.Remove(temp)
	}
	return err
}

// temp writes a temporary file.
func (f *folder) temp(data []byte) (string, error) {
	name := tempPrefix + rand.Text()
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = f.root.Remove(name)
		return "", err
	}
	return name, nil
}

// sweep removes temporary files that a dead writer has left. The folder's lock must be held.
func (f *folder) sweep() error {
	dir, err := f.root.Open(".")
	if err != nil {
		return err
	}
	names, err := dir.Readdirnames(-1)
	_ = dir.Close()
	for _, name := range names {
		if strings.HasPrefix(name, tempPrefix) {
			err = errors.Join(err, f.root.Remove(name))
		}
	}
	return err
}

// flush makes the content of a file, or the entries of a folder, survive a loss of power.
func (f *folder) flush(name string) error {
	file, err := f.root.OpenFile(name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return file.Sync()
}
