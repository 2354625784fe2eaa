//go:build unix

package mlflow

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlstore/mlstore/core"
)

// lines are the sorted lines of text.
func lines(text string) []string {
	all := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	slices.Sort(all)
	return all
}

func TestSignalMarksRunsAndKills(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		if sig != syscall.SIGTERM && signal.Ignored(sig) {
			t.Logf("%v is ignored here, as under nohup, so a child ignores it too: TestIgnoredSignalStaysIgnored", sig)
			continue
		}
		c := runChild(t, "wait", "")
		must(t, c.Process.Signal(sig))
		status, changes := c.end(t)
		if !status.Signaled() || status.Signal() != sig {
			t.Errorf("%v: the process ended with %v\n%s", sig, status, &c.stderr)
		}
		if !slices.Equal(lines(changes), []string{"inner KILLED", "outer KILLED"}) {
			t.Errorf("%v: the runs were changed so:\n%s", sig, changes)
		}
	}
}

func TestSignalWithoutActiveRuns(t *testing.T) {
	t.Parallel()
	c := runChild(t, "ended", "")
	must(t, c.Process.Signal(syscall.SIGTERM))
	status, changes := c.end(t)
	if !status.Signaled() || status.Signal() != syscall.SIGTERM || strings.Contains(changes, "KILLED") {
		t.Errorf("the process ended with %v, its runs so:\n%s", status, changes)
	}
}

func TestIgnoredSignalStaysIgnored(t *testing.T) {
	t.Parallel()
	c := runChild(t, "wait", `trap "" HUP`)
	must(t, c.Process.Signal(syscall.SIGHUP))
	must(t, c.stdin.Close()) // the program returns, if it lives
	status, changes := c.end(t)
	if !status.Exited() || status.ExitStatus() != 0 || changes != "inner FINISHED\n" {
		t.Errorf("the process ended with %v, its runs so:\n%s", status, changes)
	}
}

func TestProgramsOwnHandlerGetsTheSignal(t *testing.T) {
	t.Parallel()
	for program, want := range map[string][]string{
		"handle":       {"inner KILLED", "outer KILLED"},
		"handle alone": {""}, // SetSignalHandling(false): nobody touches the runs
	} {
		c := runChild(t, program, "")
		must(t, c.Process.Signal(syscall.SIGTERM))
		if line, err := c.out.ReadString('\n'); line != "caught\n" {
			t.Errorf("%s: %q, %v", program, line, err)
		}
		status, changes := c.end(t)
		if !status.Exited() || status.ExitStatus() != 7 || !slices.Equal(lines(changes), want) {
			t.Errorf("%s: the process ended with %v, its runs so:\n%s", program, status, changes)
		}
	}
}

func TestSecondSignalDoesNotWaitForAStore(t *testing.T) {
	t.Parallel()
	c := runChild(t, "hang", "")
	must(t, c.Process.Signal(syscall.SIGINT))
	for deadline := time.Now().Add(10 * time.Second); ; {
		if text, err := os.ReadFile(c.journal); err == nil && len(text) > 0 || time.Now().After(deadline) {
			break
		}
	}
	began := time.Now()
	must(t, c.Process.Signal(syscall.SIGINT))
	status, _ := c.end(t)
	if waited := time.Since(began); !status.Signaled() || status.Signal() != syscall.SIGINT || waited > lastWords/2 {
		t.Errorf("the process ended with %v after %v", status, waited)
	}
}

func TestPanicMarksRunsFailed(t *testing.T) {
	t.Parallel()
	c := runChild(t, "panic", "")
	status, changes := c.end(t)
	if status.ExitStatus() != 2 || !strings.Contains(c.stderr.String(), "the loss is gone") ||
		!strings.Contains(c.stderr.String(), "childMain") {
		t.Errorf("the panic was changed: %v\n%s", status, &c.stderr)
	}
	if changes != "inner FAILED\nouter FAILED\n" {
		t.Errorf("the runs were changed so:\n%s", changes)
	}
}

func TestReturnEndsTheActiveRun(t *testing.T) {
	t.Parallel()
	c := runChild(t, "return", "")
	status, changes := c.end(t)
	if status.ExitStatus() != 0 || changes != "inner FINISHED\n" {
		t.Errorf("the process ended with %v, its runs so:\n%s", status, changes)
	}
}

// stuck is a tracking store that cannot update runs before it is released, whatever its context says.
type stuck struct {
	core.TrackingStore
	release chan struct{}
}

func (s *stuck) UpdateRun(context.Context, core.RunID, core.RunChange) (core.RunInfo, error) {
	<-s.release
	return core.RunInfo{}, nil
}

func TestMarkingRunsHasADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &stuck{release: make(chan struct{})}
		s := newSession(environment(nil))
		s.live["a"] = &Run{client: &Client{tracking: store}, info: core.RunInfo{ID: "a"}}
		began := time.Now()
		s.kill(t.Context(), nil)
		if waited := time.Since(began); waited != lastWords {
			t.Errorf("a store that hangs held up the end for %v", waited)
		}
		close(store.release)
	})
}
