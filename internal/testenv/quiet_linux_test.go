package testenv_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mlstore/mlstore/internal/testenv"
)

// TestQuietDir finds the folder empty and, on ext4, the one that its candidates lie in marked.
func TestQuietDir(t *testing.T) {
	t.Parallel()
	dir := testenv.QuietDir(t)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Fatalf("%d entries, error %v", len(entries), err)
	}
	above, err := os.Open(filepath.Dir(filepath.Dir(dir)))
	if err != nil {
		t.Fatal(err)
	}
	defer above.Close()
	var system unix.Statfs_t
	if err := unix.Fstatfs(int(above.Fd()), &system); err != nil {
		t.Fatal(err)
	}
	flags, err := unix.IoctlGetUint32(int(above.Fd()), unix.FS_IOC_GETFLAGS)
	const topDir = 0x00020000
	if system.Type == unix.EXT4_SUPER_MAGIC && (err != nil || flags&topDir == 0) {
		t.Errorf("the folder above is not marked: flags %x, error %v", flags, err)
	}
}
