package sdktest

import (
	"os"
	"strconv"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/registry/supervise"
)

// slay ends a process at once.
func slay(pid string) error {
	n, err := strconv.Atoi(pid)
	if err != nil {
		return err
	}
	process, err := os.FindProcess(n)
	if err != nil {
		return err
	}
	return process.Kill()
}

// lives reports whether there is such a process.
func lives(pid string) bool {
	n, err := strconv.Atoi(pid)
	if err != nil {
		return false
	}
	process, err := os.FindProcess(n)
	if err == nil {
		_ = process.Release()
	}
	return err == nil
}

// freeze cannot be done here.
func freeze(t conformance.T, _ *supervise.Supervisor) (thaw func()) {
	t.Helper()
	t.Skip("this system cannot stop a process")
	return func() {}
}
