package file

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

var (
	errNotRegular = errors.New("is not a regular file")
	errTooLarge   = errors.New("is larger than such a file may be")
)

// ioError turns an error of the operating system into one of the contract. path is relative to the store's root: the root
// itself, which may be private, is never named.
func ioError(op, path string, err error) error {
	if _, done := errors.AsType[*core.Error](err); !done && (errors.Is(err, errNotRegular) || errors.Is(err, errTooLarge)) {
		return &core.Error{Code: core.DataLoss, Key: path, Err: fmt.Errorf("%s %q: %w", op, path, disk.Bare(err))}
	}
	return disk.Wrap(op, path, err)
}

// malformed says what is wrong with a file or folder that somebody else has made, or that was cut short.
func malformed(path, format string, args ...any) error {
	return &core.Error{Code: core.DataLoss, Key: path, Err: fmt.Errorf("%s: %w", path, fmt.Errorf(format, args...))}
}

// passing reports whether err is the state of the process or machine, not of a file: then nothing is known of the file.
func passing(err error) bool {
	for _, target := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EAGAIN, syscall.EINTR} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// unreadable is the error of a file that cannot be read.
func unreadable(path string, err error) error {
	if passing(err) {
		return ioError("read", path, err)
	}
	return malformed(path, "it cannot be read: %w", disk.Bare(err))
}

// absent reports whether err says that a file or folder, or one on the way to it, is not there.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
