package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestPrepareStrace(t *testing.T) {
	t.Parallel()
	t.Logf("%s is ready", Strace(t))
}

func TestStraceKillsAtASystemCall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const script = `
import os
f = open("kept", "w")
os.fsync(f.fileno())
os.fsync(f.fileno())
open("never", "w")
`
	traced := MLflow(t, "1.30.1").Command(t.Context(), "-c", script)
	cmd := exec.CommandContext(t.Context(), Strace(t), append([]string{
		"-f", "-qq", "-o", filepath.Join(dir, "strace.log"),
		"-e", "trace=fsync", "-e", "inject=fsync:signal=KILL:when=2",
	}, traced.Args...)...)
	cmd.Env, cmd.Dir = traced.Env, dir
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("the script ended well, want it killed:\n%s", out)
	}
	if _, err := os.Stat(filepath.Join(dir, "kept")); err != nil {
		t.Errorf("file written before the kill: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "never")); err == nil {
		t.Error("the script went on after the call at which it was to be killed")
	}
}
