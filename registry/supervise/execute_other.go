//go:build !linux

package supervise

import (
	"os"
	"os/exec"
)

// execute makes cmd run the file at the path that was verified.
func (b *binary) execute(cmd *exec.Cmd) { cmd.Path = b.file.Name() }

// stands reports whether the file at path still is the one that was verified.
func (b *binary) stands(path string) bool {
	info, err := os.Stat(path)
	return err == nil && stampOf(info) == b.stamp && b.unchanged()
}
