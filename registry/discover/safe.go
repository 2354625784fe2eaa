package discover

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// safeDir refuses a folder whose files somebody else could exchange.
func safeDir(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fileError(err)
	}
	if err := ownOnly(dir, info); err != nil {
		return err
	}
	for parent := filepath.Dir(dir); ; parent = filepath.Dir(parent) {
		info, err := os.Lstat(parent)
		if err != nil {
			return fileError(err)
		}
		if err := notForAll(parent, info); err != nil {
			return err
		}
		if parent == filepath.Dir(parent) {
			return nil
		}
	}
}

// safeFile refuses what is no regular file below dir that only its user may write, whatever folders lie between.
func safeFile(dir, name string) (fs.FileInfo, error) {
	path := dir
	parts := strings.Split(filepath.Clean(name), string(filepath.Separator))
	for i, part := range parts {
		path = filepath.Join(path, part)
		info, err := os.Lstat(path)
		switch {
		case err != nil:
			return nil, fileError(err)
		case info.Mode()&fs.ModeSymlink != 0:
			return nil, core.Errorf(core.FailedPrecondition, "%s is a symbolic link: put the file itself there", path)
		case i < len(parts)-1 && !info.IsDir():
			return nil, core.Errorf(core.FailedPrecondition, "%s is no folder", path)
		case i == len(parts)-1 && !info.Mode().IsRegular():
			return nil, core.Errorf(core.FailedPrecondition, "%s is no regular file", path)
		case info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0 && !info.IsDir():
			return nil, core.Errorf(core.FailedPrecondition, "%s runs as another user: run chmod ug-s on it", path)
		}
		if err := ownOnly(path, info); err != nil {
			return nil, err
		}
		if i == len(parts)-1 {
			return info, nil
		}
	}
	return nil, core.Errorf(core.Internal, "%s names no file", name)
}

// readSmall reads a file of at most limit bytes.
func readSmall(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, fileError(err)
	case int64(len(text)) > limit:
		return nil, core.Invalid(path, "%s is longer than %d bytes", path, limit)
	}
	return text, nil
}

// fileError gives an error of the file system its code.
func fileError(err error) error {
	code := core.Internal
	switch {
	case errors.Is(err, fs.ErrNotExist):
		code = core.NotFound
	case errors.Is(err, fs.ErrPermission):
		code = core.PermissionDenied
	}
	return &core.Error{Code: code, Err: err}
}
