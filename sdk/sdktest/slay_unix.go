//go:build unix

package sdktest

import (
	"errors"
	"os"
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
	ticks := time.NewTicker(time.Millisecond)
	defer ticks.Stop()
	for lives(pid) {
		<-ticks.C
	}
	return nil
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
		frozen = append(frozen, n)
	}
	return func() {
		for _, n := range frozen {
			_ = syscall.Kill(n, syscall.SIGCONT) // it may have ended
		}
	}
}
