package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/mlstore/mlstore/core"
)

var (
	errNotRegular = errors.New("is not a regular file")
	errTooLarge   = errors.New("is larger than such a file may be")
)

// ioError turns an error of the operating system into one of the contract. path is relative to the store's root: the root
// itself, which may be private, is never named.
func ioError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*core.Error](err); ok {
		return err
	}
	err = bare(err)
	return &core.Error{Code: codeOf(err), Key: path, Err: fmt.Errorf("%s %q: %w", op, path, err)}
}

// bare takes the wrappings off that repeat paths.
func bare(err error) error {
	for {
		switch wrapped := err.(type) { //nolint:errorlint // the outermost wrapping is meant, one after the other
		case *fs.PathError:
			err = wrapped.Err
		case *os.LinkError:
			err = wrapped.Err
		case *os.SyscallError:
			err = wrapped.Err
		default:
			return err
		}
	}
}

func codeOf(err error) core.Code {
	is := func(targets ...error) bool {
		for _, target := range targets {
			if errors.Is(err, target) {
				return true
			}
		}
		return false
	}
	switch {
	case is(fs.ErrNotExist):
		return core.NotFound
	case is(fs.ErrExist):
		return core.AlreadyExists
	case is(fs.ErrPermission, syscall.EROFS):
		return core.PermissionDenied
	case is(syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EMFILE, syscall.ENFILE, syscall.EMLINK):
		return core.ResourceExhausted
	case is(syscall.EIO, errNotRegular, errTooLarge):
		return core.DataLoss
	case is(syscall.ENAMETOOLONG, fs.ErrInvalid):
		return core.InvalidArgument
	case is(syscall.ENOTDIR, syscall.EISDIR, syscall.ENOTEMPTY, syscall.ELOOP):
		return core.FailedPrecondition
	}
	return core.Internal
}

// unsure marks an error after which the change may have happened.
func unsure(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*core.Error](err); ok {
		marked := *e
		marked.Outcome = core.OutcomeUnknown
		return &marked
	}
	return &core.Error{Code: core.Internal, Outcome: core.OutcomeUnknown, Err: err}
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
	return malformed(path, "it cannot be read: %w", bare(err))
}

// absent reports whether err says that a file or folder, or one on the way to it, is not there.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
