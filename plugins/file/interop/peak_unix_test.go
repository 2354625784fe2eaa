//go:build linux || darwin

package interop_test

import (
	"os"
	"runtime"
	"syscall"
)

// peak is the most memory that a process that has ended held at once, in bytes.
func peak(ended *os.ProcessState) int64 {
	usage, ok := ended.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss
	}
	return usage.Maxrss << 10
}
