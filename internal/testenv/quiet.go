package testenv

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// QuietDir is a folder for measurements that make many files: of several that it makes in different parts of the disk, the
// one in which that is quickest. It goes when the test ends, like t.TempDir.
//
// ext4 makes the files of a folder in one part of the disk, its block group, and for each new file it looks anew at every
// file that was removed there in the last 5 to 40 seconds (recently_deleted in fs/ext4/ialloc.c). Tests and benchmarks remove
// thousands of files near each other, so that making a file costs the kernel 20 µs in one folder and 500 µs in the one beside
// it. Two programs that make the same files then look equally slow, whatever they do besides.
func QuietDir(t testing.TB) string {
	t.Helper()
	const candidates, probes = 16, 24
	above := t.TempDir()
	spreadBelow(above)
	best, least := "", time.Duration(math.MaxInt64)
	for i := range candidates {
		dir := filepath.Join(above, strconv.Itoa(i))
		took, err := timeFiles(dir, probes)
		if err != nil {
			t.Fatal(err)
		}
		if took < least {
			best, least = dir, took
		}
	}
	quiet := filepath.Join(best, "quiet")
	if err := os.Mkdir(quiet, 0o750); err != nil {
		t.Fatal(err)
	}
	return quiet
}

// timeFiles makes a folder with some files, which stay, and tells how long the files took.
func timeFiles(dir string, count int) (time.Duration, error) {
	if err := os.Mkdir(dir, 0o750); err != nil {
		return 0, err
	}
	begin := time.Now()
	for i := range count {
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), nil, 0o600); err != nil {
			return 0, err
		}
	}
	return time.Since(begin), nil
}
