package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
)

// scope is the T of this package: it collects what a case reports until somebody judges it. Both front ends use it, so
// that a case behaves alike in both.
type scope struct {
	name   string
	ctx    context.Context //nolint:containedctx // a T hands out its context
	cancel context.CancelFunc

	mu       sync.Mutex
	failed   bool
	skipped  bool
	panicked bool
	lines    []string // everything reported, in order
	errs     []string // of it the errors
	reason   string   // of a skip
	cleanups []func()
	helpers  map[string]bool
}

func newScope(ctx context.Context, name string) *scope {
	ctx, cancel := context.WithCancel(ctx)
	return &scope{name: name, ctx: ctx, cancel: cancel, helpers: map[string]bool{}}
}

var _ T = (*scope)(nil)

// do runs f in a goroutine of its own and waits for it, so that FailNow and SkipNow end f alone.
func (s *scope) do(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.guard(f)
	}()
	<-done
}

// guard runs f and keeps a panic as an error.
func (s *scope) guard(f func()) {
	defer func() {
		if p := recover(); p != nil {
			s.mu.Lock()
			s.panicked = true
			s.mu.Unlock()
			s.report(fmt.Sprintf("panic: %v\n%s", p, debug.Stack()), true)
		}
	}()
	f()
}

// finish ends the context and runs the clean-ups, the last one first.
func (s *scope) finish() {
	s.cancel()
	for {
		s.mu.Lock()
		last := len(s.cleanups) - 1
		if last < 0 {
			s.mu.Unlock()
			return
		}
		f := s.cleanups[last]
		s.cleanups = s.cleanups[:last]
		s.mu.Unlock()
		s.do(f)
	}
}

func (s *scope) Name() string             { return s.name }
func (s *scope) Context() context.Context { return s.ctx }

func (s *scope) Helper() {
	var pcs [1]uintptr
	if runtime.Callers(2, pcs[:]) == 0 {
		return
	}
	frame, _ := runtime.CallersFrames(pcs[:]).Next()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.helpers[frame.Function] = true
}

// report keeps one line together with the place that it comes from.
func (s *scope) report(text string, isError bool) {
	place := s.place()
	s.mu.Lock()
	defer s.mu.Unlock()
	line := place + strings.TrimSuffix(text, "\n")
	s.lines = append(s.lines, line)
	if isError {
		s.failed = true
		s.errs = append(s.errs, line)
	}
}

// place is the first caller outside of this file that has not called Helper.
func (s *scope) place() string {
	var pcs [24]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		frame, more := frames.Next()
		if !strings.Contains(frame.Function, "conformance.(*scope).") && !s.helpers[frame.Function] {
			return fmt.Sprintf("%s:%d: ", filepath.Base(frame.File), frame.Line)
		}
		if !more {
			return ""
		}
	}
}

func (s *scope) Log(args ...any)                   { s.report(fmt.Sprintln(args...), false) }
func (s *scope) Logf(format string, args ...any)   { s.report(fmt.Sprintf(format, args...), false) }
func (s *scope) Error(args ...any)                 { s.report(fmt.Sprintln(args...), true) }
func (s *scope) Errorf(format string, args ...any) { s.report(fmt.Sprintf(format, args...), true) }

func (s *scope) Fatal(args ...any) {
	s.report(fmt.Sprintln(args...), true)
	runtime.Goexit()
}

func (s *scope) Fatalf(format string, args ...any) {
	s.report(fmt.Sprintf(format, args...), true)
	runtime.Goexit()
}

func (s *scope) Fail() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = true
}

func (s *scope) FailNow() {
	s.Fail()
	runtime.Goexit()
}

func (s *scope) Failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

func (s *scope) Skip(args ...any) { s.skip(fmt.Sprintln(args...)) }

func (s *scope) Skipf(format string, args ...any) { s.skip(fmt.Sprintf(format, args...)) }

func (s *scope) SkipNow() { s.skip("") }

func (s *scope) skip(reason string) {
	s.mu.Lock()
	s.skipped = true
	s.reason = strings.TrimSpace(reason)
	s.mu.Unlock()
	runtime.Goexit()
}

func (s *scope) Skipped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.skipped
}

func (s *scope) Cleanup(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cleanups = append(s.cleanups, f)
}

func (s *scope) TempDir() string {
	dir, err := os.MkdirTemp("", "conformance-")
	if err != nil {
		s.Fatalf("making a temporary folder: %v", err)
	}
	s.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
			s.Logf("removing the temporary folder: %v", err)
		}
	})
	return dir
}

// account is what a scope has collected so far.
type account struct {
	failed, skipped, panicked bool
	reason                    string
	lines, errs               []string
}

func (s *scope) account() account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return account{
		failed: s.failed, skipped: s.skipped, panicked: s.panicked, reason: s.reason,
		lines: append([]string(nil), s.lines...), errs: append([]string(nil), s.errs...),
	}
}
