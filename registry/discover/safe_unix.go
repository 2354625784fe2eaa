//go:build unix

package discover

import (
	"io/fs"
	"os"
	"syscall"

	"github.com/mlstore/mlstore/core"
)

// ownOnly refuses a file or folder that somebody else than this user and root owns or may write.
func ownOnly(path string, info fs.FileInfo) error {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 && int(stat.Uid) != os.Geteuid() {
		return core.Errorf(core.PermissionDenied, "%s belongs to another user (uid %d): it must be yours or root's", path, stat.Uid)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return core.Errorf(core.PermissionDenied, "others may write %s (mode %v): run chmod go-w on it", path, info.Mode().Perm())
	}
	return nil
}

// notForAll refuses a folder in which everybody may exchange what others put there.
func notForAll(path string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return core.Errorf(core.PermissionDenied, "everybody may write %s (mode %v): run chmod o-w on it", path, info.Mode().Perm())
	}
	return nil
}
