package supervise_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/supervise"
	"github.com/mlstore/mlstore/sdk/wire"
)

func TestWhatCannotBeStartedSaysWhy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	check(t, place(text, strings.NewReader("no program")))
	plain := filepath.Join(dir, "plain")
	check(t, os.WriteFile(plain, []byte("no program"), 0o600))
	at := func(path string) func(*supervise.Options, *supervise.Program) {
		return func(_ *supervise.Options, p *supervise.Program) { p.Path, p.Args = path, nil }
	}
	for _, test := range []struct {
		name   string
		way    string
		shape  func(*supervise.Options, *supervise.Program)
		reason core.Reason
		code   error
		words  []string
	}{
		{"not there", "", at(filepath.Join(dir, "absent")), supervise.ReasonNotFound, core.ErrState, []string{"absent", "install"}},
		{"a folder", "", at(dir), supervise.ReasonNotFound, core.ErrState, []string{"no regular file"}},
		{"no program", "", at(text), supervise.ReasonStart, core.ErrUnavailable, []string{"exec format"}},
		{"not executable", "", at(plain), supervise.ReasonStart, core.ErrUnavailable, []string{"permission denied"}},
		{"another program", "version", nil, supervise.ReasonStart, core.ErrUnavailable, []string{"test plugin 1.0.0", "exit status 0"}},
		{"a panic", "panic", nil, supervise.ReasonStart, core.ErrUnavailable, []string{"exit status 2", "the plugin cannot go on"}},
		{"silence", "silent", func(o *supervise.Options, _ *supervise.Program) {
			o.Timing.Start = 300 * time.Millisecond
		}, supervise.ReasonStart, core.ErrUnavailable, []string{"within 300ms"}},
		{"a newer handshake", "newer", nil, supervise.ReasonProtocol, core.ErrState, []string{"1|2", "1|1"}},
		{"an address elsewhere", "elsewhere", nil, supervise.ReasonStart, core.ErrUnavailable, []string{"169.254.169.254", "refused"}},
		{"somebody's socket", "foreign", nil, supervise.ReasonStart, core.ErrUnavailable, []string{"docker.sock", "refused"}},
		{"another digest", "serve", func(_ *supervise.Options, p *supervise.Program) {
			p.Digest = strings.Repeat("0", 64)
		}, supervise.ReasonChecksum, core.ErrState, []string{"not the program that was installed", "plugin install"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			shapes := []func(*supervise.Options, *supervise.Program){}
			if test.shape != nil {
				shapes = append(shapes, test.shape)
			}
			h := newHost(t, test.way, shapes...)
			within(t, 8*time.Second, func() {
				_, err := h.Open(t.Context(), request(t, "a"))
				wantError(t, err, test.reason, append(test.words, "plugin test")...)
				if !errors.Is(err, test.code) || errors.Is(err, core.ErrNotFound) {
					t.Errorf("got %v, want %v", err, test.code)
				}
			})
		})
	}
}

func TestACrashLoopOpensTheCircuit(t *testing.T) {
	t.Parallel()
	h := newHost(t, "panic", func(o *supervise.Options, _ *supervise.Program) { o.Timing.Backoff = time.Millisecond })
	var last error
	within(t, 10*time.Second, func() {
		for range 30 {
			_, last = h.Open(t.Context(), request(t, "a"))
		}
	})
	wantError(t, last, supervise.ReasonCircuitOpen, "plugin test", "5 times", "the plugin cannot go on", "exit status 2")
	if e, _ := errors.AsType[*core.Error](last); e.RetryAfter <= 0 || e.RetryAfter > time.Minute {
		t.Errorf("try again after %v, want at most a minute", e.RetryAfter)
	}
	if st := h.status(); st.Starts != 5 {
		t.Errorf("%d starts, want 5", st.Starts)
	}
}

func TestAManyCallsMeetOneRestart(t *testing.T) {
	t.Parallel()
	h := newHost(t, "serve")
	s := h.open(t, "a")
	h.kill(t)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if _, err := s.SearchExperiments(t.Context(), core.ExperimentQuery{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if st := h.status(); st.Starts != 2 {
		t.Errorf("%d starts, want 2", st.Starts)
	}
}

func TestWhatMayBeRepeatedIs(t *testing.T) {
	t.Parallel()
	h := newHost(t, "mortal", func(o *supervise.Options, _ *supervise.Program) {
		o.Timing.Crashes, o.Timing.Backoff, o.Timing.MaxBackoff = -1, time.Millisecond, time.Millisecond
	})
	s := h.open(t, "a")
	ctx := t.Context()
	if _, err := s.SearchExperiments(ctx, core.ExperimentQuery{Filter: "name = 'die once'"}); err != nil {
		t.Errorf("a read: %v", err)
	}
	if err := s.LogBatch(ctx, "die", core.Batch{}); err != nil { // the same batch twice is the same batch
		t.Errorf("a batch: %v", err)
	}
	if _, err := s.CreateRun(ctx, "die", core.RunSpec{IdempotencyKey: "key"}); err != nil {
		t.Errorf("a creation with a key: %v", err)
	}
	_, err := s.CreateRun(ctx, "die", core.RunSpec{})
	wantError(t, err, supervise.ReasonCrashed, "plugin test", "exit status 7", "outcome is unknown")
	if e, _ := errors.AsType[*core.Error](err); e.Outcome != core.OutcomeUnknown || !errors.Is(err, core.ErrUnavailable) {
		t.Errorf("a creation without a key: %#v, want ErrUnavailable of unknown outcome", err)
	}
	err = s.UpdateExperiment(ctx, "die", core.ExperimentChange{Lifecycle: core.Deleted})
	wantError(t, err, supervise.ReasonCrashed, "last words of the store")
	works(t, s)
	if st := h.status(); st.Crashes != 5 {
		t.Errorf("%d crashes, want 5: one a call", st.Crashes)
	}
}

// TestBatchesOnOneStreamMeetACrash: each of those that were under way together is repeated.
func TestBatchesOnOneStreamMeetACrash(t *testing.T) {
	t.Parallel()
	h := newHost(t, "mortal")
	s := h.open(t, "a")
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 3 {
				if err := s.LogBatch(t.Context(), "r", core.Batch{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if st := h.status(); st.Crashes != 1 || st.Starts != 2 {
		t.Errorf("%d crashes and %d starts, want 1 and 2", st.Crashes, st.Starts)
	}
}

func TestACallThatTakesTooLongEnds(t *testing.T) {
	t.Parallel()
	h := newHost(t, "waiter", func(o *supervise.Options, _ *supervise.Program) { o.Timing.Read = 200 * time.Millisecond })
	s := h.open(t, "a")
	within(t, 5*time.Second, func() {
		err := knock(t.Context(), s, fault.Waits, "too-long")
		wantError(t, err, supervise.ReasonFrozen, "200ms", "plugin test", "last words before the wrong answer")
	})
	works(t, s)
	if st := h.status(); st.Starts != 1 {
		t.Errorf("%d starts, want 1: the process answers", st.Starts)
	}
}

func TestALiarIsFound(t *testing.T) {
	t.Parallel()
	h := newHost(t, "liar")
	s := h.open(t, "a")
	_, err := s.Run(t.Context(), "long")
	wantError(t, err, supervise.ReasonTransport, "plugin test", "larger than max", "last words before the wrong answer")
	if !errors.Is(err, core.ErrInternal) {
		t.Errorf("got %v, want ErrInternal", err)
	}
	works(t, s)
	_, err = s.Run(t.Context(), "other")
	wantError(t, err, supervise.ReasonWrong, "plugin test", `answered with "another"`, "last words before the wrong answer")
	if !errors.Is(err, core.ErrDataLoss) {
		t.Errorf("another run than asked for: %v, want ErrDataLoss", err)
	}
	_, err = s.CreateExperiment(t.Context(), core.ExperimentSpec{Name: "a"})
	wantError(t, err, supervise.ReasonWrong, "plugin test", "passwd", "last words before the wrong answer")
	if !errors.Is(err, core.ErrDataLoss) {
		t.Errorf("an id that is a path: %v, want ErrDataLoss", err)
	}
	q := core.RunQuery{Experiments: []core.ExperimentID{"1"}}
	pages := 0
	for _, err = range core.All(t.Context(), func(ctx context.Context, o core.PageOptions) (core.Page[core.Run], error) {
		q.PageOptions = o
		return s.SearchRuns(ctx, q)
	}, core.PageOptions{Limit: 1}) {
		if pages++; err != nil {
			break
		}
	}
	if !errors.Is(err, core.ErrDataLoss) || pages > 3 {
		t.Errorf("pages without an end: %v after %d, want ErrDataLoss", err, pages)
	}
	if st := h.status(); st.Crashes != 0 {
		t.Errorf("%d crashes, want none", st.Crashes)
	}
}

func TestASwappedProgramIsRefused(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	check(t, err)
	mine := filepath.Join(t.TempDir(), "plugin")
	placeCopy(t, self, mine)
	h := newHost(t, "serve", func(_ *supervise.Options, p *supervise.Program) { p.Path, p.Digest = mine, digestOf(t, self) })
	s := h.open(t, "a")
	other := mine + ".new"
	check(t, place(other, strings.NewReader("#!/bin/sh\necho swapped\n")))
	check(t, os.Rename(other, mine))
	works(t, s) // the one that runs goes on
	h.kill(t)
	_, err = s.SearchExperiments(t.Context(), core.ExperimentQuery{})
	wantError(t, err, supervise.ReasonChecksum, mine, "plugin install")
	placeCopy(t, self, other)
	check(t, os.Rename(other, mine))
	works(t, s)
}

// X06: whatever is at the path at any moment, a stranger never runs.
func TestTheVerifiedBytesAreExecuted(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	check(t, err)
	dir := t.TempDir()
	mine, canary := filepath.Join(dir, "plugin"), filepath.Join(dir, "canary")
	stranger := filepath.Join(dir, "stranger")
	check(t, place(stranger, strings.NewReader("#!/bin/sh\ntouch "+canary+"\n")))
	placeCopy(t, self, mine)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // exchanges the two again and again
		defer close(stopped)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			from := []string{self, stranger}[n%2]
			next := filepath.Join(dir, fmt.Sprint("next", n))
			if err := os.Symlink(from, next); err != nil {
				t.Error(err)
				return
			}
			if err := os.Rename(next, mine); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	h := newHost(t, "serve", func(o *supervise.Options, p *supervise.Program) {
		p.Path, p.Digest = mine, digestOf(t, self)
		o.Timing.Crashes, o.Timing.Backoff, o.Timing.MaxBackoff = -1, time.Microsecond, time.Microsecond
	})
	opened, refused := 0, 0
	for tries := 0; tries < 60 || (opened < 3 || refused < 3) && tries < 3000; tries++ {
		b, err := h.Open(t.Context(), request(t, "a"))
		switch {
		case err == nil:
			opened++
			h.kill(t)
			check(t, b.Close())
		case core.ReasonOf(err) == supervise.ReasonChecksum:
			refused++
		default:
			t.Fatal(err)
		}
	}
	close(stop)
	<-stopped
	if _, err := os.Stat(canary); err == nil {
		t.Error("a program that was not verified has run")
	}
	t.Logf("%d starts, %d refused", opened, refused)
	if opened == 0 || refused == 0 {
		t.Error("the exchange was not met: it proves nothing")
	}
}

func TestNothingOfAPluginSurvives(t *testing.T) {
	t.Parallel()
	h := newHost(t, "parent")
	s := h.open(t, "a")
	works(t, s)
	var child process
	for line := range strings.SplitSeq(h.log.String(), "\n") {
		if _, pid, found := strings.Cut(line, "child "); found {
			child = watch(t, strings.TrimRight(strings.Fields(pid)[0], `"`))
		}
	}
	if child.pid == 0 {
		t.Fatalf("the plugin did not tell of its child:\n%s", h.log)
	}
	h.kill(t)
	child.gone(t, time.Second)
}

func TestIdleProcessesStop(t *testing.T) {
	t.Parallel()
	h := newHost(t, "serve", func(o *supervise.Options, _ *supervise.Program) { o.Timing.Idle = 50 * time.Millisecond })
	b, err := h.Open(t.Context(), request(t, "a"))
	check(t, err)
	works(t, b.Tracking)
	p := watch(t, h.pid(t))
	check(t, b.Close())
	p.gone(t, 5*time.Second)
	works(t, h.open(t, "a"))
	if st := h.status(); st.Crashes != 0 || st.Starts != 2 {
		t.Errorf("status %+v: want two starts and no crash", st)
	}
}

func TestAHostWithoutCallsDoesNotEndAnOpenStore(t *testing.T) {
	t.Parallel()
	h := newHost(t, "serve", func(o *supervise.Options, _ *supervise.Program) { o.Timing.Idle = time.Millisecond })
	s := h.open(t, "a")
	_, err := s.CreateExperiment(t.Context(), core.ExperimentSpec{Name: "kept in memory"})
	check(t, err)
	b, err := h.Open(t.Context(), request(t, "b"))
	check(t, err)
	check(t, b.Close())
	check(t, b.Close()) // twice is once
	_, err = s.Experiment(t.Context(), core.ExperimentRef{Name: "kept in memory"})
	check(t, err)
	if st := h.status(); st.Starts != 1 || st.Open != 1 {
		t.Errorf("status %+v: want one start, one instance", st)
	}
}

func TestSecretsStayOutOfLogAndErrors(t *testing.T) {
	t.Parallel()
	h := newHost(t, "mortal")
	q := request(t, "a")
	q.Secrets = map[string]core.Secret{"token": core.NewSecret("hunter2-and-more")}
	b, err := h.Open(t.Context(), q)
	check(t, err)
	defer b.Close()
	err = b.Tracking.UpdateExperiment(t.Context(), "die", core.ExperimentChange{Lifecycle: core.Deleted})
	wantError(t, err, supervise.ReasonCrashed, "my token is ***")
	if text := err.Error() + h.log.String(); strings.Contains(text, "hunter2") {
		t.Errorf("the secret shows:\n%s", text)
	}
}

func TestAttachedProcesses(t *testing.T) {
	t.Parallel()
	h := newHost(t, "serve")
	works(t, h.open(t, "a"))
	sockets, err := filepath.Glob(filepath.Join(h.dir, "*", "*", "*"))
	check(t, err)
	attach := func(version int) host {
		return newHost(t, "panic", func(o *supervise.Options, _ *supervise.Program) {
			text := fmt.Sprintf(`{"test": {"protocol": %d, "socket": %q, "pid": 1}}`, version, sockets[0])
			o.Attach, err = supervise.ParseAttach(text)
			check(t, err)
		})
	}
	works(t, attach(wire.ProtocolVersion).open(t, "b"))
	_, err = attach(2).Open(t.Context(), request(t, "b"))
	wantError(t, err, supervise.ReasonProtocol, "version 2", "version 1")
	if _, err := supervise.ParseAttach("{"); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
	check(t, attach(1).Supervisor.Close())
	works(t, h.open(t, "c")) // a host that goes leaves the process alone
}

func TestAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Log("only root can speak as another user: the test looks at nothing here")
		return
	}
	h := newHost(t, "serve")
	works(t, h.open(t, "a"))
	sockets, err := filepath.Glob(filepath.Join(h.dir, "*", "*", "*"))
	check(t, err)
	for dir := sockets[0]; dir != h.dir; dir = filepath.Dir(dir) {
		check(t, os.Chmod(dir, 0o777)) // so that the folder alone does not keep the stranger out
	}
	check(t, os.Chmod(h.dir, 0o755))          // likewise
	public, err := os.MkdirTemp("", "public") //nolint:usetesting // whose folder nobody else may enter
	check(t, err)
	defer os.RemoveAll(public)
	check(t, os.Chmod(public, 0o755)) // that is the point
	cmd := command(t, "stranger", sockets[0])
	cmd.Path = filepath.Join(public, "stranger")
	self, err := os.Executable()
	check(t, err)
	placeCopy(t, self, cmd.Path)
	check(t, os.Chmod(cmd.Path, 0o755)) // likewise
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "refused by the plugin") {
		t.Errorf("a stranger at the socket: %v, %s", err, out)
	}
	works(t, h.open(t, "b"))
}

// place writes an executable file by another process: what this one writes is inherited by programs that are started
// meanwhile, and a file that is open for writing cannot be executed.
func place(path string, content io.Reader) error {
	cmd := exec.Command("install", "-m", "700", "/dev/stdin", path)
	cmd.Stdin = content
	return cmd.Run()
}

func placeCopy(t *testing.T, from, to string) {
	t.Helper()
	check(t, exec.CommandContext(t.Context(), "install", "-m", "700", from, to).Run())
}
