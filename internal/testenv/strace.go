package testenv

import (
	"context"
	"os/exec"
	"testing"
)

// Strace returns the path of strace, with which tests kill a program at a chosen system call or make a call fail.
// It installs Debian's package when strace is missing and the test runs as root. It fails the test, naming the line
// to run, when it may not; on a system other than Linux there is no strace, so its callers are built for Linux alone.
func Strace(t testing.TB) string {
	t.Helper()
	if path, err := exec.LookPath("strace"); err == nil {
		return path
	}
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	if err := (venvs{root: Root(t), logf: t.Logf}).aptInstall(ctx, "strace"); err != nil {
		t.Fatalf("prepare strace: %v", err)
	}
	path, err := exec.LookPath("strace")
	if err != nil {
		t.Fatalf("prepare strace: installed, but %v", err)
	}
	return path
}
