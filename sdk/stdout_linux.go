package sdk

import (
	"os"
	"syscall"
)

// keepStdout returns standard output for the handshake, and lets its descriptor be standard error from now on, for libraries
// that print to it on their own.
func keepStdout() (*os.File, error) {
	kept, err := syscall.Dup(1)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(kept)
	if err := syscall.Dup3(2, 1, 0); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(kept), "handshake"), nil
}
