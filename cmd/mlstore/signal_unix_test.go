//go:build unix

package main

import (
	"bufio"
	"strings"
	"syscall"
	"testing"
)

// An interrupted demo ends at once with 130, and its run is marked as killed.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		s := newShell(t)
		cmd := s.command("demo", "--epochs", "100000000")
		stdout, err := cmd.StdoutPipe()
		s.must(err)
		s.must(cmd.Start())
		lines := bufio.NewScanner(stdout)
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "Training") {
		}
		s.must(cmd.Process.Signal(sig))
		for lines.Scan() {
		}
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
			t.Errorf("%v: exit %d, want %d", sig, code, exitInterrupted)
		}
		if got := s.ok("runs", "search", "--experiment-name", "iris", "-o", "jsonl"); strings.Count(got, `"KILLED"`) != 1 {
			t.Errorf("%v: the run is %s", sig, got)
		}
	}
}
