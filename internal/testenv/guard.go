package testenv

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"
)

// guardScript runs a server for as long as somebody uses it. Python does it because every machine that tests has one, and
// because a guard must outlive the test that started it.
//
//go:embed guard.py
var guardScript string

// A guarded is a server that ends when nobody uses it any more, however its users end. Several processes may use it.
type guarded struct {
	dir    string        // of its locks and its state: absolute
	linger time.Duration // how long it waits for another user
	stop   int           // the signal that ends it
	user   *flock.Flock  // held while this process uses the server
}

// A launch is how to run a server that is not there yet.
type launch struct {
	command []string
	as      account
	state   any      // what another process must know to use it
	remove  []string // folders to remove when it has ended
	ready   func(context.Context) error
}

// use returns the state of a server that runs, or of one that start describes, and keeps it running until release.
func (g *guarded) use(ctx context.Context, state any, start func(context.Context) (launch, error)) error {
	for {
		again, err := g.tryUse(ctx, state, start)
		if err != nil || !again {
			return err
		}
		// The guard that is there has no server yet, and who wanted one is gone: it will see that.
		if err := g.ended(ctx); err != nil {
			return err
		}
	}
}

func (g *guarded) tryUse(ctx context.Context, state any, start func(context.Context) (launch, error)) (again bool, err error) {
	unlock, err := lock(ctx, filepath.Join(g.dir, "gate"))
	if err != nil {
		return false, err
	}
	defer unlock()
	running, err := g.running()
	if err != nil {
		return false, err
	}
	if running {
		content, err := os.ReadFile(filepath.Join(g.dir, "state"))
		if errors.Is(err, os.ErrNotExist) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		return false, errors.Join(json.Unmarshal(content, state), g.join(ctx))
	}
	l, err := start(ctx)
	if err != nil {
		return false, err
	}
	return false, errors.Join(copyJSON(state, l.state), g.launch(ctx, l))
}

// running reports whether a guard is at work.
func (g *guarded) running() (bool, error) {
	alive := flock.New(filepath.Join(g.dir, "alive"))
	free, err := alive.TryLock()
	if err != nil || !free {
		return !free, err
	}
	return false, alive.Unlock()
}

// join counts this process among the users.
func (g *guarded) join(ctx context.Context) error {
	path := filepath.Join(g.dir, "users")
	g.user = flock.New(path)
	if _, err := g.user.TryRLockContext(ctx, 10*time.Millisecond); err != nil {
		return fmt.Errorf("wait for %s: %w", path, err)
	}
	return touch(path)
}

// release ends the use of the server by this process.
func (g *guarded) release() error {
	if g.user == nil {
		return nil
	}
	return errors.Join(touch(filepath.Join(g.dir, "users")), g.user.Unlock())
}

// ended waits until no guard is at work.
func (g *guarded) ended(ctx context.Context) error {
	unlock, err := lock(ctx, filepath.Join(g.dir, "alive"))
	if err == nil {
		unlock()
	}
	return err
}

// launch starts the guard with the server and waits until the server is ready.
func (g *guarded) launch(ctx context.Context, l launch) error {
	if err := errors.Join(g.join(ctx), g.note("remove", lines(l.remove))); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(g.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	args := append([]string{
		"-c", guardScript, g.dir, fmt.Sprint(g.linger.Seconds()), l.as.name, strconv.Itoa(g.stop),
	}, l.command...)
	cmd := exec.Command("python3", args...) //nolint:noctx // the guard outlives the test that starts it, on purpose
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = log, log, ownSession()
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	if err := poll(ctx, exited, g.up, l.ready); err != nil {
		content, _ := os.ReadFile(log.Name())
		return errors.Join(fmt.Errorf("%s does not start: %w\n%s", l.command[0], err, content), g.release())
	}
	state, err := json.Marshal(l.state)
	return errors.Join(err, g.note("state", state))
}

// up fails as long as the guard is not at work.
func (g *guarded) up(context.Context) error {
	running, err := g.running()
	if err == nil && !running {
		err = errors.New("the guard is not at work")
	}
	return err
}

// poll calls the functions until each has succeeded once.
func poll(ctx context.Context, exited <-chan error, ready ...func(context.Context) error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for len(ready) > 0 {
		err := ready[0](ctx)
		if err == nil {
			ready = ready[1:]
			continue
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case end := <-exited:
			return fmt.Errorf("it ended: %w", errors.Join(end, err))
		case <-tick.C:
		}
	}
	return nil
}

func (g *guarded) note(name string, content []byte) error {
	return os.WriteFile(filepath.Join(g.dir, name), content, 0o600)
}

func touch(path string) error {
	now := time.Now()
	return os.Chtimes(path, now, now)
}

func lines(texts []string) []byte {
	var all []byte
	for _, text := range texts {
		all = append(append(all, text...), '\n')
	}
	return all
}

func copyJSON(to, from any) error {
	content, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, to)
}
