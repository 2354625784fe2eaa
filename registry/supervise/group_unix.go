//go:build unix

package supervise

import (
	"os/exec"
	"syscall"
)

// ownGroup puts the program into a process group of its own, so that what is sent to the host's group does not reach it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// terminate asks the program and what it has started to end.
func terminate(pid int) { _ = syscall.Kill(-pid, syscall.SIGTERM) }

// slay ends the program and what it has started.
func slay(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
