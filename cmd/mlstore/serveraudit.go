package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/mlstore/mlstore/server"
)

// audit opens the audit log that the flags name, to be appended to. What it returns ends that.
func (f *serverFlags) audit(ctx context.Context, c *server.Config) (func() error, error) {
	if f.auditLog == "" {
		return func() error { return nil }, nil
	}
	to := &auditFile{path: f.auditLog, durable: f.auditSync, log: c.Log}
	if err := to.open(); err != nil {
		return nil, usage("--audit-log: %w", err)
	}
	c.Audit = slog.New(slog.NewJSONHandler(to, nil))
	ended := to.reopenAtHangup(ctx)
	return func() error { ended(); return to.Close() }, nil
}

// auditFile is a file that lines are appended to, each by one write, before whoever it tells of has an answer. What cannot be
// written goes to the server's own log.
type auditFile struct {
	path    string
	durable bool // a line is on the disk before its write returns, and not only with the system
	log     *slog.Logger

	mu      sync.Mutex
	file    *os.File
	written int64 // lines
	torn    bool  // the last line has no end

	syncing sync.Mutex // held by whoever sees to the disk; others wait, and find that it was done for them as well
	synced  int64      // lines that are on the disk
}

func (a *auditFile) open() error {
	file, err := os.OpenFile(a.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	a.file = file
	return err
}

// Write appends one line. It always takes it.
func (a *auditFile) Write(line []byte) (int, error) {
	number, err := a.write(line)
	if err == nil && a.durable {
		err = a.sync(number)
	}
	if err != nil {
		a.log.Error("the audit log cannot be written: the entry is here instead", "error", err, "entry", string(line))
	}
	return len(line), nil
}

// write returns the number of the line.
func (a *auditFile) write(line []byte) (int64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.torn {
		line = append([]byte{'\n'}, line...)
	}
	n, err := a.file.Write(line)
	if n > 0 {
		a.torn = err != nil
	}
	a.written++
	return a.written, err
}

// sync returns when the line of the number is on the disk.
func (a *auditFile) sync(number int64) error {
	a.syncing.Lock()
	defer a.syncing.Unlock()
	if a.synced >= number {
		return nil
	}
	a.mu.Lock()
	file, written := a.file, a.written
	a.mu.Unlock()
	if err := file.Sync(); err != nil {
		return err
	}
	a.synced = written
	return nil
}

// reopen goes on in a new file of the name, for somebody has moved the old one away. If there can be none it goes on in the old.
func (a *auditFile) reopen() error {
	a.syncing.Lock()
	defer a.syncing.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	old, torn := a.file, a.torn
	if err := a.open(); err != nil {
		a.file = old
		return err
	}
	a.torn = false
	if err := old.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // a pipe or device has no disk
		a.file, a.torn = old, torn
		return err
	}
	a.synced = a.written
	return old.Close()
}

// Close sees to it that everything is on the disk.
func (a *auditFile) Close() error {
	a.syncing.Lock()
	defer a.syncing.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.file.Sync()
	if errors.Is(err, syscall.EINVAL) {
		err = nil
	}
	return joined(err, a.file.Close())
}

// reopenAtHangup opens the file again at each SIGHUP, which otherwise would end the server, until it is told to stop.
func (a *auditFile) reopenAtHangup(ctx context.Context) (stop func()) {
	hangup, end := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hangup, syscall.SIGHUP)
	var ended sync.WaitGroup
	ended.Go(func() {
		for {
			select {
			case <-end:
				return
			case <-hangup:
			}
			if err := a.reopen(); err != nil {
				a.log.ErrorContext(ctx, "the audit log cannot be opened again, and stays where it was", "error", err)
				continue
			}
			a.log.InfoContext(ctx, "the audit log was opened again", "file", a.path)
		}
	})
	return func() {
		signal.Stop(hangup)
		close(end)
		ended.Wait()
	}
}
