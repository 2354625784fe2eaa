package file_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFullAndBrokenDisk lets the system calls of one change after the other fail, once or from then on. The change then fails
// too and has no effect, or says that its outcome is unknown; half of it is never seen. MLSTORE_KILL=all takes every call.
func TestFullAndBrokenDisk(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"point", "point-new-key", "batch", "tags", "rename-run", "inputs", "create-run", "create-experiment", "experiment-tags",
		"update-model", "delete-experiment",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKiller(t, name)
			for _, fault := range []struct{ call, errno string }{
				{"write", "ENOSPC"},
				{"pwrite64", "ENOSPC"},
				{"mkdirat", "ENOSPC"},
				{"openat", "EMFILE"},
				{"renameat", "ENOSPC"},
				{"fsync", "EIO"},
				{"ftruncate", "EIO"},
			} {
				for _, n := range k.sample(fault.call) {
					for _, lasting := range []string{"", "+"} {
						k.fail(t, fmt.Sprintf("inject=%s:error=%s:when=%d%s", fault.call, fault.errno, n, lasting))
					}
				}
			}
		})
	}
}

// exitCrash is how Go ends a program whose own calls fail: it writes, too, to wake its threads.
const exitCrash = 2

// fail runs the child with a fault and looks at what is left.
func (k *killer) fail(t *testing.T, fault string) {
	t.Helper()
	dir := k.copy(t)
	call, _, _ := strings.Cut(strings.TrimPrefix(fault, "inject="), ":")
	_, err := k.run(t, dir, "-o", os.DevNull, "-e", "trace="+call, "-e", fault)
	exit, _ := errors.AsType[*exec.ExitError](err)
	got := k.shown(t, dir)
	before, after := slices.Equal(got, k.before), slices.Equal(got, k.after)
	switch {
	case err == nil:
		if !after {
			t.Errorf("%s: an acknowledged change is lost (-after +got):\n%s", fault, cmp.Diff(k.after, got))
		}
	case exit != nil && (exit.ExitCode() == exitUnknown || exit.ExitCode() == exitCrash):
		if !before && !after {
			t.Errorf("%s: half a change:\n%s", fault, cmp.Diff(k.before, got))
		}
	case !before:
		t.Errorf("%s: the change failed (%v), but has an effect (-before +got):\n%s", fault, err, cmp.Diff(k.before, got))
	}
	if problems := leftovers(t, dir); len(problems) > 0 {
		t.Errorf("%s: left %v", fault, problems)
	}
}
