package supervise_test

import (
	"syscall"
	"time"
)

// diskWrite takes 5 ms, as a write to a disk does: the thread waits in the kernel. A timer of the runtime would be late by up
// to a millisecond in a process that hears from others meanwhile, since it waits for them in whole milliseconds.
func diskWrite() {
	left := syscall.NsecToTimespec(int64(5 * time.Millisecond))
	for syscall.Nanosleep(&left, &left) == syscall.EINTR {
	}
}
