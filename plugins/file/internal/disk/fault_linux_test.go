package disk_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// childVariable names what a copy of this test program does, in the folder that is its last argument, instead of testing.
const childVariable = "MLSTORE_DISK_CHILD"

func TestMain(m *testing.M) {
	name := os.Getenv(childVariable)
	if name == "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread() // strace counts calls by thread
	r, err := disk.Open(os.Args[len(os.Args)-1])
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	for i, err := range faulty()[name](r) {
		fmt.Println(i, core.CodeOf(err), outcome(err))
	}
	os.Exit(0)
}

func outcome(err error) string {
	if e, ok := errors.AsType[*core.Error](err); ok && e.Outcome == core.OutcomeUnknown {
		return "unknown"
	}
	return "known"
}

// faulty are works during which a system call fails. They return the errors of their steps.
func faulty() map[string]func(r *disk.Root) []error {
	return map[string]func(r *disk.Root) []error{
		"write": func(r *disk.Root) []error {
			return []error{r.WriteAtomic("d/f", []byte("new"), disk.Sync)}
		},
		"append": func(r *disk.Root) []error {
			add := func() error { return r.Append("d/f", []byte("new"), disk.Sync) }
			return []error{add(), add(), r.SyncFile("d/f"), r.WriteAtomic("d/f", []byte("whole"), disk.Sync), add()}
		},
	}
}

// A system call that fails is an error that says what has become of the content, and leaves no temporary file.
func TestFailingSystemCalls(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		work, inject string
		want         string // by step: code and whether the outcome is known
		content      string
	}{
		"full disk":       {"write", "write:error=ENOSPC:when=1", "0 resource exhausted known", "old"},
		"quota":           {"write", "write:error=EDQUOT:when=1", "0 resource exhausted known", "old"},
		"flush":           {"write", "fsync:error=EIO:when=1", "0 data loss known", "old"},
		"read-only":       {"write", "renameat:error=EROFS:when=1", "0 permission denied known", "old"},
		"directory flush": {"write", "fsync:error=EIO:when=2", "0 data loss unknown", "new"},
		"append, full disk": {
			"append", "write:error=ENOSPC:when=1",
			"0 resource exhausted known\n1 ok known\n2 ok known\n3 ok known\n4 ok known", "wholenew",
		},
		// What a failed flush leaves in the cache may not be on the disk: nothing is acknowledged before it is replaced.
		"append, flush": {
			"append", "fsync:error=EIO:when=1",
			"0 data loss unknown\n1 data loss known\n2 data loss known\n3 ok known\n4 ok known", "wholenew",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			must(t, os.Mkdir(filepath.Join(dir, "d"), 0o750))
			must(t, os.WriteFile(filepath.Join(dir, "d/f"), []byte("old"), 0o600))
			if got := child(t, dir, test.work, "-e", "inject="+test.inject); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			if data, err := os.ReadFile(filepath.Join(dir, "d/f")); err != nil || string(data) != test.content {
				t.Errorf("content %q, %v, want %q", data, err, test.content)
			}
			if entries, err := os.ReadDir(filepath.Join(dir, "d")); err != nil || len(entries) != 1 {
				t.Errorf("left %v, %v", entries, err)
			}
		})
	}
}

func child(t *testing.T, dir, work string, options ...string) string {
	t.Helper()
	program, err := os.Executable()
	must(t, err)
	args := append([]string{"-f", "-qq", "-o", filepath.Join(t.TempDir(), "log")}, options...)
	cmd := exec.CommandContext(t.Context(), testenv.Strace(t), append(args, program, dir)...)
	cmd.Env = append(os.Environ(), childVariable+"="+work)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// A pipe in the place of a file never keeps anybody waiting.
func TestPipes(t *testing.T) {
	t.Parallel()
	r, dir := open(t)
	must(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	began := time.Now()
	for range 100 {
		_, err := r.ReadFile("pipe", 10)
		wantErr(t, err, core.ErrState)
		wantErr(t, r.Append("pipe", []byte("x"), disk.Sync), core.ErrState)
		_, err = r.ReadDir("pipe")
		wantErr(t, err, core.ErrState)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v", took)
	}
	must(t, r.RemoveAll("pipe", disk.Sync))
}

// A directory that turns into a link and back lets nobody read what the link leads to, out of the root or inside.
func TestSwappedDirectories(t *testing.T) {
	t.Parallel()
	for name, outside := range map[string]string{"inside": "other", "outside": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			swap(t, outside)
		})
	}
}

func swap(t *testing.T, to string) {
	t.Helper()
	r, dir := open(t)
	outside := to
	if !filepath.IsAbs(to) {
		outside = filepath.Join(dir, to)
		must(t, os.Mkdir(outside, 0o750))
	}
	must(t, os.WriteFile(filepath.Join(outside, "f"), []byte("canary"), 0o600))
	must(t, r.MkdirAll("d", disk.Relaxed))
	must(t, r.WriteAtomic("d/f", []byte("inside"), disk.Relaxed))
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		at := func(name string) string { return filepath.Join(dir, name) }
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.Rename(at("d"), at("aside"))
			_ = os.Symlink(to, at("d"))
			_ = os.Remove(at("d"))
			_ = os.Rename(at("aside"), at("d"))
		}
	}()
	read := 0
	for i := 0; i < 3000 || i < 100_000 && read == 0; i++ {
		if data, err := r.ReadFile("d/f", 100); err == nil {
			read++
			if string(data) == "canary" {
				t.Error("read what is outside")
			}
		}
		_ = r.WriteAtomic("d/f", []byte("inside"), disk.Relaxed) // may fail, but not write there
	}
	close(stop)
	<-done
	if data, err := os.ReadFile(filepath.Join(outside, "f")); err != nil || string(data) != "canary" {
		t.Errorf("the file outside is %q, %v", data, err)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Errorf("outside are %v, %v", entries, err)
	}
	if read == 0 {
		t.Error("never read anything")
	}
}
