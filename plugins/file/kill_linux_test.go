package file_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/file"
)

// killable are the system calls before each of which a child is killed.
func killable() []string {
	return []string{
		"openat", "write", "pwrite64", "fsync", "renameat", "unlinkat", "mkdirat", "ftruncate", "close", "flock",
	}
}

// TestKilledAtEverySystemCall kills a process at the system calls of one change after the other. Afterwards the store shows
// the state before the change or the one after it, and the latter if the change was acknowledged: to who had it open and to
// who opens it anew. MLSTORE_KILL=all takes every call instead of a sample.
func TestKilledAtEverySystemCall(t *testing.T) {
	t.Parallel()
	for name := range killedActs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKiller(t, name)
			killed := 0
			for _, call := range killable() {
				for _, n := range k.sample(call) {
					if k.kill(t, call, n) {
						killed++
					}
				}
			}
			if killed < 5 {
				t.Errorf("killed %d times only", killed)
			}
		})
	}
}

type killer struct {
	name          string
	strace        string
	program       string
	template      string // the folder of the store as it is before the change
	before, after []string
	calls         map[string][2]int // first and last call in the window
	written       string            // the descriptor that is written to first in the window: of the journal, or of what has none
	flushed       map[string]bool   // by descriptor
}

func newKiller(t *testing.T, name string) *killer {
	t.Helper()
	program, err := os.Executable()
	check(t, err)
	k := &killer{
		name: name, strace: testenv.Strace(t), program: program, template: filepath.Join(t.TempDir(), "template"),
		calls: map[string][2]int{},
	}
	prepareStore(t, k.template)
	dir := k.copy(t)
	k.before = k.shown(t, dir)
	log := filepath.Join(t.TempDir(), "strace.log")
	out, err := k.run(t, dir, "-o", log, "-e", "trace="+strings.Join(killable(), ","))
	if err != nil || out != acknowledge {
		t.Fatalf("the child alone: %v, output %q", err, out)
	}
	k.after = k.shown(t, dir)
	if cmp.Equal(k.before, k.after) {
		t.Fatal("the change changes nothing")
	}
	k.count(t, log)
	switch relaxed := strings.HasPrefix(name, relaxedAct); {
	case relaxed && len(k.flushed) > 0:
		t.Errorf("waited for a flush: flushed are %v", k.flushed)
	case !relaxed && (len(k.flushed) == 0 || k.written != "" && !k.flushed[k.written]):
		t.Errorf("acknowledged without a flush of what was written first, descriptor %q: flushed are %v", k.written, k.flushed)
	}
	return k
}

func (k *killer) copy(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "mlruns")
	check(t, os.CopyFS(dir, os.DirFS(k.template)))
	return dir
}

// run runs the child under strace.
func (k *killer) run(t *testing.T, dir string, options ...string) (string, error) {
	t.Helper()
	args := append([]string{"-f", "-qq"}, options...)
	cmd := exec.CommandContext(t.Context(), k.strace, append(args, k.program, dir)...)
	cmd.Env = append(os.Environ(), childVariable+"="+k.name)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	if err != nil && problems.Len() > 0 {
		err = fmt.Errorf("%w: %s", err, &problems)
	}
	return out.String(), err
}

var calledAt = regexp.MustCompile(`^(\d+) +(?:<... )?(\w+)`)

// count finds out which calls are in the window.
func (k *killer) count(t *testing.T, log string) {
	t.Helper()
	data, err := os.ReadFile(log)
	check(t, err)
	thread := ""
	for line := range strings.Lines(string(data)) {
		if strings.Contains(line, windowBegin) {
			thread = calledAt.FindStringSubmatch(line)[1]
		}
	}
	if thread == "" {
		t.Fatal("no window in the log of strace")
	}
	inside := false
	counts := map[string]int{}
	for line := range strings.Lines(string(data)) {
		m := calledAt.FindStringSubmatch(line)
		if m == nil || m[1] != thread || strings.Contains(line, "resumed>") {
			continue
		}
		counts[m[2]]++
		switch {
		case strings.Contains(line, windowBegin):
			inside = true
		case strings.Contains(line, windowEnd):
			inside = false
		case inside:
			span, seen := k.calls[m[2]]
			if !seen {
				span[0] = counts[m[2]]
			}
			span[1] = counts[m[2]]
			k.calls[m[2]] = span
			k.note(line)
		}
	}
}

var withDescriptor = regexp.MustCompile(`(write|pwrite64|fsync)\((\d+)`)

// note notes what a call in the window writes or flushes.
func (k *killer) note(line string) {
	m := withDescriptor.FindStringSubmatch(line)
	switch {
	case m == nil || m[2] == "1":
	case m[1] == "fsync" && k.flushed == nil:
		k.flushed = map[string]bool{m[2]: true}
	case m[1] == "fsync":
		k.flushed[m[2]] = true
	case k.written == "":
		k.written = m[2]
	}
}

// sample chooses the calls at which to kill.
func (k *killer) sample(call string) []int {
	span, called := k.calls[call]
	if !called {
		return nil
	}
	var all []int
	for n := span[0]; n <= span[1]; n++ {
		all = append(all, n)
	}
	const most = 3
	if os.Getenv("MLSTORE_KILL") == "all" || len(all) <= most {
		return all
	}
	return []int{all[0], all[len(all)/2], all[len(all)-1]}
}

// kill kills the child before its n-th call and looks at what is left. It reports whether the child was killed.
func (k *killer) kill(t *testing.T, call string, n int) bool {
	t.Helper()
	dir := k.copy(t)
	witness := openTracking(t, dir)
	if diff := cmp.Diff(k.before, dump(t, witness)); diff != "" {
		t.Fatalf("before the change (-want +got):\n%s", diff)
	}
	out, err := k.run(t, dir, "-o", os.DevNull, "-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", call, n))
	killed := err != nil
	if exit, ok := errors.AsType[*exec.ExitError](err); killed && (!ok || exit.ExitCode() != 137 && exit.ExitCode() != -1) {
		t.Fatalf("%s %d: the child failed: %v", call, n, err)
	}
	place := fmt.Sprintf("killed before %s %d (output %q)", call, n, out)
	seen := dump(t, witness)
	again := k.shown(t, dir)
	k.judge(t, place+", fresh handle", again, out)
	k.judge(t, place+", witness", seen, out)
	if !k.creates() && !cmp.Equal(seen, again) {
		t.Errorf("%s: who had it open and who opened it anew see different things", place)
	}
	k.judge(t, place+", witness again", dump(t, witness), out)
	if problems := leftovers(t, dir); len(problems) > 0 {
		t.Errorf("%s: left %v", place, problems)
	}
	return killed
}

// creates reports whether the change makes something new, which is not seen before the next opening has finished it.
func (k *killer) creates() bool {
	name := strings.TrimPrefix(k.name, relaxedAct)
	return strings.HasPrefix(name, "create") || strings.HasPrefix(name, "import")
}

func (k *killer) judge(t *testing.T, place string, got []string, out string) {
	t.Helper()
	switch {
	case slices.Equal(got, k.after):
	case out != "":
		t.Errorf("%s: an acknowledged change is lost (-after +got):\n%s", place, cmp.Diff(k.after, got))
	case !slices.Equal(got, k.before):
		t.Errorf("%s: neither before nor after:\n(-before +got)\n%s\n(-after +got)\n%s", place, cmp.Diff(k.before, got),
			cmp.Diff(k.after, got))
	}
}

func (k *killer) shown(t *testing.T, dir string) []string {
	t.Helper()
	s, err := file.NewTracking(dir, file.TrackingOptions{})
	check(t, err)
	defer func() { check(t, s.Close()) }()
	return dump(t, s)
}
