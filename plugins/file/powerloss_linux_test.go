package file_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/plugins/file"
)

// TestLossOfPower takes away from a change that was acknowledged all that was not flushed: everything but its journal. Who
// opens the store after the restart finds the change nevertheless.
func TestLossOfPower(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"point-new-key", "batch", "tags", "rename-run", "inputs", "experiment-tags", "rename-experiment", "delete-experiment",
		"restore-experiment", "create-run", "update-model",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed, lost := filepath.Join(t.TempDir(), "mlruns"), filepath.Join(t.TempDir(), "mlruns")
			prepareStore(t, changed)
			check(t, os.CopyFS(lost, os.DirFS(changed)))
			runChild(t, name, changed)
			check(t, os.RemoveAll(filepath.Join(lost, ".mlstore.trash")))
			check(t, os.CopyFS(filepath.Join(lost, ".mlstore.trash"), os.DirFS(filepath.Join(changed, ".mlstore.trash"))))
			restartMachine(t, lost)
			want := shownBy(t, changed)
			for range 2 { // the second time nothing is left to do
				if diff := cmp.Diff(want, shownBy(t, lost)); diff != "" {
					t.Errorf("after the restart (-want +got):\n%s", diff)
				}
			}
			if problems := leftovers(t, lost); len(problems) > 0 {
				t.Errorf("left %v", problems)
			}
		})
	}
}

func runChild(t *testing.T, name, dir string) {
	t.Helper()
	program, err := os.Executable()
	check(t, err)
	cmd := exec.CommandContext(t.Context(), program, dir)
	// The race detector would wait a second at the end, in which the journals are emptied.
	cmd.Env = append(os.Environ(), childVariable+"="+name, "GORACE=atexit_sleep_ms=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("child %s: %v\n%s", name, err, out)
	}
}

// restartMachine makes the journals those of an earlier start of the machine.
func restartMachine(t *testing.T, dir string) {
	t.Helper()
	changed := 0
	for _, kind := range []string{"runs", "experiments", "models"} {
		names, err := filepath.Glob(filepath.Join(dir, ".mlstore.trash", kind, "*"))
		check(t, err)
		for _, name := range names {
			data, err := os.ReadFile(name)
			check(t, err)
			boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
			check(t, err)
			at := strings.Index(string(data), string(boot))
			if at < 0 {
				continue // empty
			}
			data[at]++
			check(t, os.WriteFile(name, data, 0o640))
			changed++
		}
	}
	if changed == 0 {
		t.Fatal("no journal is left")
	}
}

func shownBy(t *testing.T, dir string) []string {
	t.Helper()
	s, err := file.NewTracking(dir, file.TrackingOptions{})
	check(t, err)
	defer func() { check(t, s.Close()) }()
	return dump(t, s)
}
