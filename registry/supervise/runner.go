package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-plugin/runner"

	"github.com/mlstore/mlstore/sdk/wire"
)

const (
	politeness = 500 * time.Millisecond // between asking a program to end and ending it
	afterDeath = 200 * time.Millisecond // for what a program printed last, when something of it still holds the pipe
)

// program runs one program once. It is the runner of go-plugin's client, from which it keeps all that the plugin prints but
// for the handshake: standard error it reads itself, and what comes on standard output is drained for ever.
type program struct {
	name    string
	binary  *binary
	journal *journal
	cmd     *exec.Cmd
	sockets string // the folder in which its socket must be

	mu       sync.Mutex
	pid      int       // 0 until it has started
	doomed   bool      // it must not start any longer
	lifeline io.Closer // our end: the program ends when it breaks
	greeting *greeting
	stopped  chan struct{} // closed when the program has ended
	status   error         // how it ended, once stopped is closed
	readers  sync.WaitGroup
}

var _ runner.Runner = (*program)(nil)

// newProgram prepares a program. Settings are what go-plugin wants it to find in its environment, besides what is granted.
func newProgram(p Program, b *binary, j *journal, environ []string) *program {
	cmd := exec.Command(p.Path, p.Args...) //nolint:noctx // it outlives the call that starts it; Kill ends it
	cmd.Env = environ
	ownGroup(cmd)
	b.execute(cmd)
	return &program{
		name: p.name(), binary: b, journal: j, cmd: cmd, greeting: newGreeting(j.stdout), stopped: make(chan struct{}),
	}
}

// equip adds what go-plugin tells the program, and the folder in which the program works and opens its socket.
func (r *program) equip(settings []string, dir string) {
	r.sockets, r.cmd.Dir = dir, dir
	r.cmd.Env = append(r.cmd.Env, settings...)
	r.cmd.Env = append(r.cmd.Env, wire.LifelineVariable+"=stdin")
}

// Start starts the program with three pipes and nothing else.
func (r *program) Start(context.Context) error {
	var theirs, ours [3]*os.File
	for i := range theirs {
		reader, writer, err := os.Pipe()
		if err != nil {
			closeAll(theirs[:i], ours[:i])
			return fmt.Errorf("make a pipe: %w", err)
		}
		theirs[i], ours[i] = writer, reader
		if i == 0 {
			theirs[i], ours[i] = reader, writer
		}
	}
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = theirs[0], theirs[1], theirs[2]
	err := r.launch(ours[0])
	closeAll(theirs[:])
	if err != nil {
		closeAll(ours[:])
		return err
	}
	r.readers.Go(func() { r.journal.follow(ours[1], r.greeting.line) })
	r.readers.Go(func() { r.journal.follow(ours[2], r.journal.stderr) })
	go r.reap(ours[1], ours[2])
	return nil
}

// launch starts the program, unless somebody has killed it already.
func (r *program) launch(lifeline io.Closer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.doomed {
		return errors.New("it was given up before it was started")
	}
	if err := r.cmd.Start(); err != nil {
		return err
	}
	r.pid, r.lifeline = r.cmd.Process.Pid, lifeline
	return nil
}

// process is the number of the process; 0 before its start.
func (r *program) process() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pid
}

// reap waits for the end of the program, ends what it has left behind, and reads its last words.
func (r *program) reap(pipes ...*os.File) {
	err := r.cmd.Wait()
	slay(r.process()) // its children; a group that is empty is gone
	for _, pipe := range pipes {
		_ = pipe.SetReadDeadline(time.Now().Add(afterDeath)) // a child that left the group may hold it open
	}
	r.readers.Wait()
	closeAll(pipes)
	r.hangUp()
	r.greeting.end()
	r.status = err
	close(r.stopped)
}

// Wait waits for the end of the program.
func (r *program) Wait(ctx context.Context) error {
	select {
	case <-r.stopped:
		return r.status
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Kill asks the program to end, and ends it with all that it has started.
func (r *program) Kill(ctx context.Context) error {
	r.mu.Lock()
	r.doomed = true
	pid := r.pid
	r.mu.Unlock()
	if pid == 0 {
		return nil
	}
	terminate(pid)
	patience := time.NewTimer(politeness)
	defer patience.Stop()
	select {
	case <-r.stopped:
		return nil
	case <-patience.C:
	case <-ctx.Done():
	}
	return r.slay()
}

// slay ends the program and what it has started at once.
func (r *program) slay() error {
	slay(r.process())
	patience := time.NewTimer(2 * time.Second)
	defer patience.Stop()
	select {
	case <-r.stopped:
		return nil
	case <-patience.C:
		return fmt.Errorf("process %s of plugin %s does not end although it was killed", r.ID(), r.name)
	}
}

// hangUp breaks the lifeline: the program ends by itself.
func (r *program) hangUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.lifeline.Close()
}

// ended says how the program ended, if it has.
func (r *program) ended() (text string, ended bool) {
	select {
	case <-r.stopped:
		return statusText(r.status), true
	default:
		return "it runs", false
	}
}

// Stdout is the line of the handshake and nothing else.
func (r *program) Stdout() io.ReadCloser { return r.greeting }

// Stderr is empty: go-plugin's parser, which panics on a line that is not what it seems, reads nothing of it.
func (r *program) Stderr() io.ReadCloser { return &nothing{until: r.stopped} }

// Name is the plugin's name.
func (r *program) Name() string { return r.name }

// ID is the process id.
func (r *program) ID() string {
	if pid := r.process(); pid != 0 {
		return strconv.Itoa(pid)
	}
	return ""
}

// Diagnose adds nothing: the error that is made of a start holds what there is to know.
func (r *program) Diagnose(context.Context) string { return "" }

// PluginToHost refuses an address that is not a socket in the program's own folder.
func (r *program) PluginToHost(network, address string) (string, string, error) {
	if runtime.GOOS == "windows" {
		host, _, err := net.SplitHostPort(address)
		if network != "tcp" || err != nil || host != "127.0.0.1" {
			return "", "", fmt.Errorf("the plugin listens on %s %s, which is not this machine alone: refused", network, address)
		}
		return network, address, nil
	}
	info, err := os.Lstat(address)
	if network != "unix" || filepath.Dir(address) != r.sockets || err != nil || info.Mode()&os.ModeSocket == 0 {
		return "", "", fmt.Errorf("the plugin listens on %s %s, which is no socket in its own folder %s: refused", network, address,
			r.sockets)
	}
	return network, address, nil
}

// HostToPlugin changes nothing.
func (r *program) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// nothing is a stream that ends with the program, so that go-plugin takes the plugin for alive until then.
type nothing struct{ until <-chan struct{} }

func (n *nothing) Read([]byte) (int, error) {
	<-n.until
	return 0, io.EOF
}

func (n *nothing) Close() error { return nil }

func closeAll(lists ...[]*os.File) {
	for _, files := range lists {
		for _, file := range files {
			_ = file.Close()
		}
	}
}

// statusText says how a program ended.
func statusText(err error) string {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "it ended by itself (exit status 0)"
	case errors.As(err, &exit):
		return "it ended: " + exit.String()
	}
	return "it ended: " + err.Error()
}
