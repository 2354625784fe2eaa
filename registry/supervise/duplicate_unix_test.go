//go:build unix

package supervise_test

import "syscall"

func duplicate(fd int) int {
	other, err := syscall.Dup(fd)
	if err != nil {
		panic(err)
	}
	return other
}
