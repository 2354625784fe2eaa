package sdktest

import (
	"os"
	"strconv"
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
