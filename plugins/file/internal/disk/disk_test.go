package disk_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

func open(t *testing.T) (*disk.Root, string) {
	t.Helper()
	dir := t.TempDir()
	r, err := disk.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r, dir
}

func mustRead(t *testing.T, r *disk.Root, name string) string {
	t.Helper()
	data, err := r.ReadFile(name, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

func TestWriteAtomicReplacesAndLeavesNoTemp(t *testing.T) {
	t.Parallel()
	r, dir := open(t)
	must(t, r.MkdirAll("a/b", disk.Sync))
	for _, text := range []string{"one", "", strings.Repeat("x", 100_000), "two"} {
		must(t, r.WriteAtomic("a/b/f", []byte(text), disk.Sync))
		if got := mustRead(t, r, "a/b/f"); got != text {
			t.Errorf("read %d bytes, want %d", len(got), len(text))
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "a/b"))
	must(t, err)
	if len(entries) != 1 {
		t.Errorf("left %v", entries)
	}
	wantErr(t, r.WriteAtomic("a/b", nil, disk.Sync), core.ErrState)
	wantErr(t, r.WriteAtomic("none/f", nil, disk.Sync), core.ErrNotFound)
	wantErr(t, r.WriteAtomic("a/b/f/g", nil, disk.Sync), core.ErrState)
	wantErr(t, r.WriteAtomic(strings.Repeat("n", 300), nil, disk.Sync), core.ErrInvalid)
}

func TestAppend(t *testing.T) {
	t.Parallel()
	r, _ := open(t)
	must(t, r.Append("log", []byte("a\n"), disk.Sync))
	must(t, r.Append("log", []byte("b\n"), disk.Relaxed))
	must(t, r.SyncFile("log"))
	if got := mustRead(t, r, "log"); got != "a\nb\n" {
		t.Errorf("read %q", got)
	}
	_, err := r.ReadFile("log", 3)
	wantErr(t, err, core.ErrExhausted)
}

func TestModes(t *testing.T) {
	t.Parallel()
	r, dir := open(t)
	must(t, r.MkdirAll("d", disk.Sync))
	must(t, r.WriteAtomic("d/f", nil, disk.Sync))
	for name, most := range map[string]fs.FileMode{"d": 0o750, "d/f": 0o640} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if extra := info.Mode().Perm() &^ most; extra != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

func TestLinksAreNeverFollowed(t *testing.T) {
	t.Parallel()
	r, dir := open(t)
	must(t, r.MkdirAll("real", disk.Sync))
	must(t, r.WriteAtomic("real/f", []byte("old"), disk.Sync))
	must(t, os.Symlink("real", filepath.Join(dir, "dirlink")))
	must(t, os.Symlink("f", filepath.Join(dir, "real/filelink")))
	must(t, os.Symlink("absent", filepath.Join(dir, "dangling")))

	_, err := r.ReadFile("dirlink/f", 10)
	wantErr(t, err, core.ErrState)
	_, err = r.ReadFile("real/filelink", 10)
	wantErr(t, err, core.ErrState)
	_, err = r.ReadDir("dirlink")
	wantErr(t, err, core.ErrState)
	_, err = r.Sub("dirlink")
	wantErr(t, err, core.ErrState)
	wantErr(t, r.Append("real/filelink", []byte("x"), disk.Sync), core.ErrState)
	wantErr(t, r.Append("dangling", []byte("x"), disk.Sync), core.ErrState)
	wantErr(t, r.MkdirAll("dirlink/sub", disk.Sync), core.ErrState)
	wantErr(t, r.WriteAtomic("dirlink/g", nil, disk.Sync), core.ErrState)
	wantErr(t, r.Rename("real/f", "dirlink/f2", disk.Sync), core.ErrState)
	must(t, r.RemoveAll("dirlink", disk.Sync))
	if got := mustRead(t, r, "real/f"); got != "old" {
		t.Errorf("read %q", got)
	}
	if _, err := os.Lstat(filepath.Join(dir, "absent")); err == nil {
		t.Error("made the target of a link")
	}
}

func TestNamesThatAreNone(t *testing.T) {
	t.Parallel()
	r, _ := open(t)
	for _, name := range []string{"", ".", "..", "a/../b", "/abs", "a//b", "a/", "a/.", "../x"} {
		wantErr(t, r.WriteAtomic(name, nil, disk.Sync), core.ErrInvalid)
		wantErr(t, r.RemoveAll(name, disk.Sync), core.ErrInvalid)
		wantErr(t, r.Append(name, nil, disk.Sync), core.ErrInvalid)
		wantErr(t, r.Rename("x", name, disk.Sync), core.ErrNotFound)
		if name != "." {
			wantErr(t, r.MkdirAll(name, disk.Sync), core.ErrInvalid)
		}
	}
}

func TestRename(t *testing.T) {
	t.Parallel()
	r, _ := open(t)
	must(t, r.MkdirAll("a", disk.Sync))
	must(t, r.MkdirAll("b", disk.Sync))
	must(t, r.MkdirAll("empty", disk.Sync))
	must(t, r.WriteAtomic("a/f", []byte("f"), disk.Sync))
	must(t, r.WriteAtomic("b/g", []byte("g"), disk.Sync))
	must(t, r.Rename("a/f", "b/g", disk.Sync)) // a file replaces a file, across directories
	if got := mustRead(t, r, "b/g"); got != "f" {
		t.Errorf("read %q", got)
	}
	wantErr(t, r.Rename("a", "empty", disk.Sync), core.ErrExists)
	wantErr(t, r.Rename("a", "b/g", disk.Sync), core.ErrExists)
	must(t, r.Rename("b", "a/b", disk.Sync))
	if got := mustRead(t, r, "a/b/g"); got != "f" {
		t.Errorf("read %q", got)
	}
}

func TestCommitNewHasOneWinner(t *testing.T) {
	t.Parallel()
	r, dir := open(t)
	var group sync.WaitGroup
	won := make(chan string, 16)
	for i := range 16 {
		group.Go(func() {
			temp, err := r.CreateTemp(".")
			if err != nil {
				t.Error(err)
				return
			}
			text := strings.Repeat(string(rune('a'+i)), 1000)
			if _, err := temp.Write([]byte(text)); err != nil {
				t.Error(err)
			}
			switch err := temp.CommitNew("f", disk.Sync); {
			case err == nil:
				won <- text
			case !errors.Is(err, core.ErrExists):
				t.Error(err)
			}
		})
	}
	group.Wait()
	close(won)
	winner := <-won
	if len(won) != 0 || mustRead(t, r, "f") != winner {
		t.Errorf("%d more winners, or not the winner's content", len(won))
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left %v, %v", entries, err)
	}
}

func TestSweepTakesTheDeadAndSparesTheLiving(t *testing.T) {
	t.Parallel()
	r, dir := open(t)
	must(t, os.WriteFile(filepath.Join(dir, ".mlstore-tmp-dead"), []byte("x"), 0o600))
	must(t, os.MkdirAll(filepath.Join(dir, ".mlstore-tmp-deaddir/v"), 0o700))
	must(t, os.Symlink("f", filepath.Join(dir, ".mlstore-tmp-link")))
	file, err := r.CreateTemp(".")
	must(t, err)
	folder, err := r.CreateTempDir(".")
	must(t, err)
	must(t, folder.Add("inside", []byte("1"), disk.Sync))

	other, err := disk.Open(dir)
	must(t, err)
	defer func() { _ = other.Close() }()
	must(t, other.Sweep("."))
	must(t, file.Commit("f", disk.Sync))
	must(t, folder.Commit("d", disk.Sync))
	if got := mustRead(t, r, "d/inside"); got != "1" {
		t.Errorf("read %q", got)
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != ".mlstore-tmp-link d f" {
		t.Errorf("left %s", got)
	}
	if listed, err := r.ReadDir("."); err != nil || len(listed) != 2 {
		t.Errorf("ReadDir shows %v, %v", listed, err)
	}
}

func TestSweepRacesWithWriters(t *testing.T) {
	t.Parallel()
	r, dir := open(t)
	stop := make(chan struct{})
	var sweeper sync.WaitGroup
	sweeper.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if err := r.Sweep("."); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for range 100 {
		must(t, r.WriteAtomic("f", []byte("whole"), disk.Relaxed))
		temp, err := r.CreateTempDir(".")
		must(t, err)
		must(t, temp.Add("v", []byte("whole"), disk.Relaxed))
		must(t, temp.Commit("d", disk.Relaxed))
		must(t, r.RemoveAll("d", disk.Relaxed))
	}
	close(stop)
	sweeper.Wait()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left %v, %v", entries, err)
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	r, dir := open(t)
	other, err := disk.Open(dir) // as another process: it shares nothing but the files
	must(t, err)
	defer func() { _ = other.Close() }()

	unlock, err := r.Lock(t.Context(), "lock")
	must(t, err)
	for _, waiter := range []*disk.Root{r, other} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err = waiter.Lock(ctx, "lock")
		cancel()
		wantErr(t, err, context.DeadlineExceeded)
	}
	got := make(chan func())
	go func() {
		free, err := other.Lock(t.Context(), "lock")
		if err != nil {
			t.Error(err)
		}
		got <- free
	}()
	unlock()
	(<-got)()

	must(t, r.WriteAtomic("counter", nil, disk.Relaxed))
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			root := r
			if i%2 == 0 {
				root = other
			}
			for range 20 {
				free, err := root.Lock(t.Context(), "lock")
				if err != nil {
					t.Error(err)
					return
				}
				seen, err := root.ReadFile("counter", 1000) // read, add one, write: loses counts without the lock
				if err == nil {
					err = root.WriteAtomic("counter", append(seen, 'x'), disk.Relaxed)
				}
				if err != nil {
					t.Error(err)
				}
				free()
			}
		})
	}
	group.Wait()
	if got := len(mustRead(t, r, "counter")); got != 160 {
		t.Errorf("counted %d", got)
	}
}

func TestLockFileThatWasRemoved(t *testing.T) {
	t.Parallel()
	r, dir := open(t)
	free, err := r.Lock(t.Context(), "lock")
	must(t, err)
	must(t, os.Remove(filepath.Join(dir, "lock")))
	other, err := disk.Open(dir)
	must(t, err)
	defer func() { _ = other.Close() }()
	again, err := other.Lock(t.Context(), "lock")
	must(t, err)
	again()
	free()
}
