package testenv

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func TestEnsureMakesOnceForAll(t *testing.T) {
	t.Parallel()
	v := project(t, "a==1")
	var made atomic.Int32
	fill := func(_ context.Context, dir, _ string) error {
		made.Add(1)
		return fakeInterpreter(dir)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := v.ensure(t.Context(), "some", fill); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made.Load() != 1 {
		t.Errorf("made %d times, want once", made.Load())
	}
}

func TestEnsureReplacesAnUnfinishedEnvironment(t *testing.T) {
	t.Parallel()
	v := project(t, "a==1")
	cut := errors.New("cut off")
	_, err := v.ensure(t.Context(), "some", func(_ context.Context, dir, _ string) error {
		return errors.Join(fakeInterpreter(dir), os.WriteFile(filepath.Join(dir, "rubbish"), nil, 0o600), cut)
	})
	if !errors.Is(err, cut) {
		t.Fatalf("error %v, want %v", err, cut)
	}
	dir, err := v.ensure(t.Context(), "some", func(_ context.Context, dir, _ string) error { return fakeInterpreter(dir) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "rubbish")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what the unfinished environment held: %v, want it gone", err)
	}
}

func TestChangedPinsLeadToANewEnvironment(t *testing.T) {
	t.Parallel()
	v := project(t, "a==1")
	fill := func(_ context.Context, dir, _ string) error { return fakeInterpreter(dir) }
	before, err := v.ensure(t.Context(), "some", fill)
	if err != nil {
		t.Fatal(err)
	}
	writePins(t, v.root, "a==2")
	after, err := v.ensure(t.Context(), "some", fill)
	if err != nil {
		t.Fatal(err)
	}
	if before == after {
		t.Errorf("both are %s", before)
	}
}

func TestLockWaitsForItsHolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lock(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("second lock: error %v, want %v", err, context.Canceled)
	}
	unlock()
	unlock, err = lock(t.Context(), path)
	if err != nil {
		t.Fatalf("lock after unlock: %v", err)
	}
	unlock()
}

// project returns a maker of environments in an empty project with pins for an environment called "some".
func project(t *testing.T, pins string) venvs {
	t.Helper()
	v := venvs{root: t.TempDir(), logf: t.Logf}
	writePins(t, v.root, pins)
	return v
}

func writePins(t *testing.T, root, pins string) {
	t.Helper()
	dir := filepath.Join(root, constraintsDir)
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "some.txt"), []byte(pins), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// fakeInterpreter puts a file where the environment's interpreter belongs.
func fakeInterpreter(dir string) error {
	return errors.Join(os.MkdirAll(binDir(dir), 0o700), os.WriteFile(program(dir, "python"), nil, 0o600))
}
