//go:build unix

package sdktest

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/registry/supervise"
)

// slay ends a process at once, and waits until it is gone.
func slay(pid string) error {
	n, err := strconv.Atoi(pid)
	if err != nil {
		return err
	}
	if err := syscall.Kill(n, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	await(func() bool { return !lives(pid) })
	return nil
}

// await looks every millisecond until something is so.
func await(so func() bool) {
	ticks := time.NewTicker(time.Millisecond)
	defer ticks.Stop()
	for !so() {
		<-ticks.C
	}
}

// stopped reports whether all threads of a process have: a signal stops them one after the other, and until then they answer.
// Where the system has no /proc, that cannot be told.
func stopped(pid string) bool {
	threads, err := filepath.Glob("/proc/" + pid + "/task/*/stat")
	if err != nil {
		return true // the pattern is wrong
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if err != nil {
			continue // it has ended
		}
		if _, state, _ := strings.Cut(string(stat), ") "); !strings.HasPrefix(state, "T") {
			return false
		}
	}
	return true
}

// lives reports whether there is such a process. One that has ended does not live, though nobody may have waited for it yet;
// where the system has no /proc, that cannot be told apart.
func lives(pid string) bool {
	if stat, err := os.ReadFile("/proc/" + pid + "/stat"); err == nil {
		_, state, _ := strings.Cut(string(stat), ") ")
		return !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
	}
	n, err := strconv.Atoi(pid)
	return err == nil && syscall.Kill(n, 0) == nil
}

// freeze stops a supervisor's processes; the function that it returns lets them go on.
func freeze(t conformance.T, s *supervise.Supervisor) (thaw func()) {
	t.Helper()
	var frozen []int
	for _, one := range s.Status() {
		n, err := strconv.Atoi(one.PID)
		if err != nil {
			continue // it does not run
		}
		conformance.NoError(t, "stopping the plugin", syscall.Kill(n, syscall.SIGSTOP))
		await(func() bool { return stopped(one.PID) || !lives(one.PID) })
		frozen = append(frozen, n)
	}
	return func() {
		for _, n := range frozen {
			_ = syscall.Kill(n, syscall.SIGCONT) // it may have ended
		}
	}
}
