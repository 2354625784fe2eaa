package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/mlstore/mlstore/core"
)

// Why something is not what it should be; errors.Is finds them in the ErrState of this package.
var (
	ErrLink    = errors.New("is a symbolic link, which is not followed")
	ErrSpecial = errors.New("is neither a regular file nor a directory")
	ErrDir     = errors.New("is a directory")
	ErrNotDir  = errors.New("is not a directory")

	errFlushed = errors.New("an earlier flush to the disk failed, its content is not certain")
)

// kindError says why an entry is no directory.
func kindError(mode fs.FileMode) error {
	switch {
	case mode&fs.ModeSymlink != 0:
		return ErrLink
	case mode.IsRegular():
		return ErrNotDir
	}
	return ErrSpecial
}

// Wrap gives an error of an open file, such as of reading it, the form and code of this package's errors.
func Wrap(op, name string, err error) error { return fail(op, name, err) }

func (r *Root) fail(op, name string, err error) error {
	full := r.full(name)
	if full == "" {
		full = "."
	}
	return fail(op, full, err)
}

// fail turns an error of the operating system into one of the contract. The text names the path below the root.
func fail(op, name string, err error) error {
	if err == nil {
		return nil
	}
	if inner, ok := errors.AsType[*core.Error](err); ok {
		return inner
	}
	cause := Bare(err)
	if errors.Is(cause, fs.ErrClosed) {
		return core.Closed("file")
	}
	return &core.Error{Code: codeOf(cause), Key: name, Err: fmt.Errorf("%s %q: %w", op, name, cause)}
}

// Unsure marks an error after which the change may have happened.
func Unsure(err error) error {
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

// Bare takes the wrappings off that repeat paths.
func Bare(err error) error {
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

// codeOf is the one place where errors of the operating system get their code.
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
	case is(syscall.ENAMETOOLONG, fs.ErrInvalid, syscall.EILSEQ):
		return core.InvalidArgument
	case is(ErrLink, ErrSpecial, ErrDir, ErrNotDir, syscall.ENOTDIR, syscall.EISDIR, syscall.ENOTEMPTY, syscall.ELOOP):
		return core.FailedPrecondition
	case is(fs.ErrNotExist):
		return core.NotFound
	case is(fs.ErrExist):
		return core.AlreadyExists
	case is(fs.ErrPermission, syscall.EROFS):
		return core.PermissionDenied
	case is(syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EMFILE, syscall.ENFILE, syscall.EMLINK):
		return core.ResourceExhausted
	case is(syscall.EIO, errFlushed):
		return core.DataLoss
	case is(syscall.ESTALE, syscall.ETIMEDOUT, syscall.EAGAIN, syscall.EBUSY):
		return core.Unavailable
	case is(errors.ErrUnsupported, syscall.EXDEV):
		return core.Unimplemented
	}
	return core.Internal
}
