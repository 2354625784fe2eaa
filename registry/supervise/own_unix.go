//go:build unix

package supervise

import (
	"io/fs"
	"os"
	"syscall"
)

// ownFile reports whether a file or folder is this user's and nobody else may write it.
func ownFile(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && info.Mode().Perm()&0o022 == 0
}
