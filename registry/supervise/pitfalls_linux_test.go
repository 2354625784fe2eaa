package supervise_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/supervise"
)

// process is one that somebody else has started.
type process struct{ pid, fd int }

// watch looks at a process from now on, so that its end is seen whoever gets its number next.
func watch(t *testing.T, pid string) process {
	t.Helper()
	n, err := strconv.Atoi(pid)
	check(t, err)
	fd, err := unix.PidfdOpen(n, 0)
	check(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	return process{n, fd}
}

func (p process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	check(t, unix.PidfdSendSignal(p.fd, s, nil, 0))
}

// freeze stops the process, which is our child, and returns when all of it has stopped.
func (p process) freeze(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGSTOP)
	check(t, unix.Waitid(unix.P_PIDFD, p.fd, nil, unix.WSTOPPED|unix.WNOWAIT, nil))
}

// gone waits for the end of the process, and fails when that takes longer than limit.
func (p process) gone(t *testing.T, limit time.Duration) {
	t.Helper()
	poll := []unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}
	for deadline := time.Now().Add(limit); ; {
		n, err := unix.Poll(poll, int(max(0, time.Until(deadline).Milliseconds())))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		check(t, err)
		if n == 0 {
			t.Errorf("process %d lives after %v", p.pid, limit)
		}
		return
	}
}

// kill ends the plugin's process as kill -9 does.
func (h host) kill(t *testing.T) {
	t.Helper()
	p := watch(t, h.pid(t))
	p.signal(t, syscall.SIGKILL)
	p.gone(t, 5*time.Second)
}

// Pitfall 1.
func TestPoisonedLogLinesAreText(t *testing.T) {
	t.Parallel()
	h := newHost(t, "poison")
	s := h.open(t, "a")
	works(t, s)
	check(t, h.Supervisor.Close()) // all that was printed has been read
	text := h.log.String()
	for _, want := range []string{"@message", "msg=ok", "level=ERROR msg=text", "a=\"map[b:[1 2]]\""} {
		if !strings.Contains(text, want) {
			t.Errorf("the log has no %q:\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\n"); n < len(poison()) {
		t.Errorf("the log has %d lines, want at least one for each of %d", n, len(poison()))
	}
}

// Pitfalls 2 and 3.
func TestAFrozenPluginIsReplaced(t *testing.T) {
	t.Parallel()
	h := newHost(t, "serve", func(o *supervise.Options, _ *supervise.Program) {
		o.Timing.Watch, o.Timing.Probe = 50*time.Millisecond, 300*time.Millisecond
	})
	s := h.open(t, "a")
	frozen := watch(t, h.pid(t))
	frozen.freeze(t)
	within(t, 5*time.Second, func() {
		err := s.ChangeRunTags(t.Context(), core.NewRunID(), core.TagChange{Set: map[string]string{"a": "b"}})
		wantError(t, err, supervise.ReasonFrozen, "test", "health")
		if e, ok := errors.AsType[*core.Error](err); !ok || e.Outcome != core.OutcomeUnknown || !errors.Is(err, core.ErrUnavailable) {
			t.Errorf("a change that a frozen plugin got: %#v, want ErrUnavailable of unknown outcome", err)
		}
	})
	frozen.gone(t, time.Second)
	works(t, s)
	again := watch(t, h.pid(t))
	again.freeze(t)
	within(t, 5*time.Second, func() { works(t, s) }) // a read is made once more
	if st := h.status(); st.Crashes != 2 || st.Starts != 3 {
		t.Errorf("status %+v: want two crashes, three starts", st)
	}
}

// Pitfall 2.
func TestAHostClosesWithAFrozenPlugin(t *testing.T) {
	t.Parallel()
	h := newHost(t, "serve", func(o *supervise.Options, _ *supervise.Program) { o.Timing.Close = 3 * time.Second })
	s := h.open(t, "a")
	waiting := make(chan error, 1)
	go func() { waiting <- knock(t.Context(), s, fault.Waits, "for-ever") }()
	running(t, s, "for-ever")
	frozen := watch(t, h.pid(t))
	frozen.freeze(t)
	within(t, 3500*time.Millisecond, func() { check(t, h.Supervisor.Close()) })
	frozen.gone(t, 100*time.Millisecond)
	if err := <-waiting; err == nil {
		t.Error("the call that waited has succeeded")
	}
}

// running waits until a call of the token has arrived in the rigged store.
func running(t *testing.T, s core.TrackingStore, token string) {
	t.Helper()
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	for range ticks.C {
		if fault.Told(knock(t.Context(), s, fault.Waited, token), "state") == "running" {
			return
		}
	}
}

// Pitfall 4.
func TestAPluginEndsWithItsHost(t *testing.T) {
	t.Parallel()
	for _, end := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT} {
		t.Run(end.String(), func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp("", "h") //nolint:usetesting // a socket's path must be short
			check(t, err)
			defer os.RemoveAll(dir)
			cmd := command(t, "host", "serve")
			cmd.Env = append(os.Environ(), "TMPDIR="+dir)
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			check(t, err)
			check(t, cmd.Start())
			pid, err := bufio.NewReader(out).ReadString('\n')
			check(t, err)
			plugin := watch(t, strings.TrimSpace(pid))
			check(t, cmd.Process.Signal(end))
			_ = cmd.Wait() // it was killed
			plugin.gone(t, time.Second)
			sockets, err := filepath.Glob(filepath.Join(dir, "*", "*", "*"))
			check(t, err)
			if len(sockets) > 0 {
				t.Errorf("left behind: %v", sockets)
			}
			// The next host removes the rest.
			s := supervise.New(supervise.Options{TempDir: dir})
			_, err = s.Plugin(testProgram(t, "serve")).Open(t.Context(), request(t, "a"))
			check(t, err)
			rooms, err := os.ReadDir(dir)
			check(t, err)
			if len(rooms) != 1 {
				t.Errorf("%d rooms beside the living host's, want none", len(rooms)-1)
			}
			check(t, s.Close())
		})
	}
}

// Pitfalls 5 and 11.
func TestACrashedPluginIsStartedAndVerifiedAgain(t *testing.T) {
	t.Parallel()
	h := newHost(t, "serve", func(_ *supervise.Options, p *supervise.Program) { p.Digest = digestOf(t, p.Path) })
	s := h.open(t, "a")
	for range 3 {
		works(t, s)
		h.kill(t)
	}
	works(t, s)
	if st := h.status(); st.Starts != 4 || st.Crashes != 3 || st.Open != 1 {
		t.Errorf("status %+v: want four starts, three crashes, one instance", st)
	}
}

// Pitfall 6.
func TestALongRequestPasses(t *testing.T) {
	t.Parallel()
	h := newHost(t, "serve")
	s := h.open(t, "a")
	long := strings.Repeat("x", 10<<20)
	_, err := s.SearchExperiments(t.Context(), core.ExperimentQuery{Filter: "name = '" + long + "'"})
	if errors.Is(err, core.ErrExhausted) || errors.Is(err, core.ErrUnavailable) {
		t.Errorf("a request of 10 MiB: %v", err)
	}
	works(t, s)
}

// Pitfall 7.
func TestAPluginPrintsWhatItWants(t *testing.T) {
	t.Parallel()
	h := newHost(t, "flood")
	s := h.open(t, "a")
	for _, do := range []fault.Verb{fault.Stdout, fault.Stderr} {
		err := knock(t.Context(), s, do, "1024")
		if fault.Told(err, "printed") != "1024" {
			t.Errorf("%s of 1 MiB: %v", do, err)
		}
		works(t, s)
	}
}

// Pitfall 8.
func TestAPrintBeforeTheHandshake(t *testing.T) {
	t.Parallel()
	h := newHost(t, "noise")
	works(t, h.open(t, "a"))
	if text := h.log.String(); !strings.Contains(text, "hello from a library") {
		t.Errorf("the log does not have what was printed:\n%s", text)
	}
	_, err := newHost(t, "hello").Open(t.Context(), request(t, "a"))
	wantError(t, err, supervise.ReasonStart, "hello, I am no plugin", "standard output", "standard error")
}

// Pitfall 9.
func TestAPluginSeesWhatIsGranted(t *testing.T) {
	t.Parallel()
	h := newHost(t, "environ", func(o *supervise.Options, p *supervise.Program) {
		o.Environ = []string{
			"PATH=/bin", "HOME=/root", "CANARY=secret-of-the-host", "AWS_PROFILE=mine", "AWS_SECRET_ACCESS_KEY=granted", "AWSOME=no",
			"MLSTORE_PLUGIN_COOKIE=wrong", "MLSTORE_PLUGIN_DEV=no", "TOKEN=declared", "https_proxy=http://proxy",
		}
		p.Env = []string{"AWS_*", "TOKEN", "MLSTORE_*", "*"}
	})
	works(t, h.open(t, "a"))
	check(t, h.Supervisor.Close())
	text := h.log.String()
	for _, want := range []string{"PATH=/bin", "HOME=/root", "AWS_PROFILE=mine", "AWS_SECRET_ACCESS_KEY=granted", "TOKEN=declared", "https_proxy"} {
		if !strings.Contains(text, "seen: "+want) {
			t.Errorf("the plugin did not see %s", want)
		}
	}
	for _, secret := range []string{"CANARY", "AWSOME", "COOKIE=wrong", "PLUGIN_DEV"} {
		if strings.Contains(text, secret) {
			t.Errorf("the plugin saw %s", secret)
		}
	}
}

// Pitfall 10: newHost looks at what is left.
func TestFiftyKillsLeaveNothing(t *testing.T) {
	t.Parallel()
	h := newHost(t, "serve", func(o *supervise.Options, _ *supervise.Program) {
		o.Timing.Crashes, o.Timing.Backoff, o.Timing.MaxBackoff = -1, time.Millisecond, time.Millisecond
	})
	s := h.open(t, "a")
	for range 50 {
		works(t, s)
		h.kill(t)
	}
	works(t, s)
	sockets, err := filepath.Glob(filepath.Join(h.dir, "*", "*", "*"))
	check(t, err)
	if len(sockets) != 1 {
		t.Errorf("%d sockets, want that of the process which runs: %v", len(sockets), sockets)
	}
}

func TestOnlyTheProgramIsInherited(t *testing.T) {
	t.Parallel()
	h := newHost(t, "serve")
	works(t, h.open(t, "a"))
	p := h.pid(t)
	fds, err := os.ReadDir("/proc/" + p + "/fd")
	check(t, err)
	var files []string
	for _, fd := range fds {
		to, err := os.Readlink("/proc/" + p + "/fd/" + fd.Name())
		ofTheRuntime := strings.HasPrefix(to, "/sys/fs/cgroup/") // Go watches its share of the processors
		if err == nil && strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "/dev/") && !ofTheRuntime {
			files = append(files, to)
		}
	}
	self, err := os.Executable()
	check(t, err)
	if len(files) != 1 || files[0] != self {
		t.Errorf("the plugin has open %v, want the program %s alone", files, self)
	}
}

func TestNoCallOutlivesItsContext(t *testing.T) {
	t.Parallel()
	h := newHost(t, "serve")
	s := h.open(t, "a")
	frozen := watch(t, h.pid(t))
	frozen.freeze(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	within(t, time.Second, func() {
		if err := knock(ctx, s, fault.Waited, "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a call whose time is over: %v", err)
		}
	})
	frozen.signal(t, syscall.SIGCONT)
	works(t, s)
}
