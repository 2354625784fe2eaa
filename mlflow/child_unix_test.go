//go:build unix

package mlflow

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/registry"
)

// Variables that turn the test binary into the program of one of the tests below.
const (
	childProgram = "MLSTORE_TEST_CHILD"
	childJournal = "MLSTORE_TEST_JOURNAL"
)

func TestMain(m *testing.M) {
	if program := os.Getenv(childProgram); program != "" {
		childMain(program, os.Getenv(childJournal))
		return
	}
	os.Exit(m.Run())
}

// journaled is a tracking store whose changes of runs can be read in a file, also after the process has died.
type journaled struct {
	core.TrackingStore
	path string
	hang bool
}

func (s *journaled) UpdateRun(ctx context.Context, id core.RunID, change core.RunChange) (core.RunInfo, error) {
	info, err := s.TrackingStore.UpdateRun(ctx, id, change)
	file, fileErr := os.OpenFile(s.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if fileErr != nil {
		return info, fileErr
	}
	_, fileErr = fmt.Fprintf(file, "%s %v\n", info.Name, change.Status)
	if s.hang {
		select {} // even when ctx ends
	}
	return info, errors.Join(err, fileErr, file.Close())
}

// childMain starts the runs outer and inner, says so on stdout, and goes on as the program says.
func childMain(program, journal string) {
	ctx := context.Background()
	opener := mem.NewOpener()
	resolver := registry.New(nil)
	err := resolver.Handle("mem", registry.Rule{
		Kinds: []registry.Kind{registry.Tracking, registry.Artifacts, registry.Registry}, Empty: true,
		Opener: core.OpenerFunc(func(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
			b, err := opener.Open(ctx, request)
			b.Tracking = &journaled{TrackingStore: b.Tracking, path: journal, hang: program == "hang"}
			return b, err
		}),
	})
	std.resolver = resolver
	defer Finish(ctx)
	if program == "handle alone" {
		SetSignalHandling(false)
	}
	err = errors.Join(err, SetTrackingURI("mem://child"))
	for _, name := range []string{"outer", "inner"} {
		_, startErr := StartRun(ctx, RunOptions{Name: name, Nested: true})
		err = errors.Join(err, startErr)
	}
	if err != nil {
		panic(err)
	}
	caught := make(chan os.Signal, 2)
	switch program {
	case "handle", "handle alone":
		signal.Notify(caught, syscall.SIGTERM)
	case "ended":
		if err := errors.Join(EndRun(ctx, 0), EndRun(ctx, 0)); err != nil {
			panic(err)
		}
	}
	fmt.Println("ready")
	switch program {
	case "return":
	case "panic":
		panic("the loss is gone")
	case "handle", "handle alone":
		<-caught
		fmt.Println("caught")
		if program == "handle" {
			<-caught // sent again after the runs were marked
		}
		os.Exit(7) // without what is deferred, as programs do
	default:
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test ends, whatever happens to it
	}
}

// child is a running program.
type child struct {
	*exec.Cmd
	journal string
	stderr  strings.Builder
	out     *bufio.Reader
	stdin   io.WriteCloser
}

// runChild starts a program, through the shell when there are commands to run before, and waits until it is ready.
func runChild(t *testing.T, program, before string) *child {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	c := &child{Cmd: exec.Command(self), journal: filepath.Join(t.TempDir(), "journal")}
	if before != "" {
		c.Cmd = exec.Command("/bin/sh", "-c", before+`; exec "$0"`, self)
	}
	c.Env = append(os.Environ(), childProgram+"="+program, childJournal+"="+c.journal)
	c.Cmd.Stderr = &c.stderr
	c.stdin, err = c.StdinPipe()
	must(t, err)
	out, err := c.StdoutPipe()
	must(t, err)
	c.out = bufio.NewReader(out)
	must(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill() })
	if line, err := c.out.ReadString('\n'); line != "ready\n" {
		t.Fatalf("%s: %q, %v\n%s", program, line, err, &c.stderr)
	}
	return c
}

// end waits for the program and returns how it ended, and the changes of its runs.
func (c *child) end(t *testing.T) (syscall.WaitStatus, string) {
	t.Helper()
	_, _ = io.Copy(io.Discard, c.out)
	_ = c.Wait() // how it ended is in the state
	changes, err := os.ReadFile(c.journal)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return c.ProcessState.Sys().(syscall.WaitStatus), string(changes)
}
