package supervise

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup keeps the host's Ctrl-C away from the program.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// terminate does nothing here: there is no way to ask, and slay follows.
func terminate(int) {}

// slay ends the program.
func slay(pid int) {
	if process, err := os.FindProcess(pid); err == nil {
		_ = process.Kill()
		_ = process.Release()
	}
}
