package file

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncAll flushes everything that the file system of an open folder still holds in memory.
func syncAll(dir *os.File) error { return unix.Syncfs(int(dir.Fd())) }

// bootID tells one start of the machine from another. What was written before a restart may be lost, unless it was flushed.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return string(id)
}
