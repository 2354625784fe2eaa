package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// TransferOptions say how directories are uploaded and downloaded. The zero value is fine.
type TransferOptions struct {
	Concurrency int                 // files at once; 0 is twice the CPUs and at most 20, as in MLflow
	Progress    func(TransferEvent) // told what happens, by one goroutine at a time; nil is nobody
}

// TransferEvent is one step of a transfer: a file was found, a part of it went through, or it has ended.
type TransferEvent struct {
	Path  string // of the file in the repository
	Size  int64  // bytes of the file
	Bytes int64  // bytes of it that went through so far
	Done  bool   // the file has ended, well or with Err
	Err   error

	Files      int   // files that have ended so far, this one included
	FilesFound int   // files found so far; more may follow until all have ended
	Total      int64 // bytes that went through so far, of all files
	TotalFound int64 // bytes of all files found so far
}

// transfer moves many files at once and keeps the account.
type transfer struct {
	op       string
	workers  int
	progress func(TransferEvent)

	mu     sync.Mutex
	sum    TransferEvent // the counts of all files
	failed []error       // the first maxFailures
	codes  map[core.Code]bool
	misses int
}

// maxFailures is how many failures an error shows; the others are counted.
const maxFailures = 10

func newTransfer(op string, o TransferOptions) *transfer {
	workers := o.Concurrency
	if workers <= 0 {
		workers = min(2*runtime.NumCPU(), 20)
	}
	return &transfer{op: op, workers: workers, progress: o.Progress, codes: map[core.Code]bool{}}
}

// item is a file to move. The function gets what to call with the number of bytes that went through; an error from there
// ends the move.
type item struct {
	path string
	size int64
	move func(ctx context.Context, moved func(int) error) error
}

// run moves every item that source yields until ctx ends or source says so. A failed item does not stop the others.
func (t *transfer) run(ctx context.Context, source func(yield func(item) bool)) {
	work := make(chan item)
	var workers sync.WaitGroup
	for range t.workers {
		workers.Go(func() {
			for it := range work {
				t.one(ctx, it)
			}
		})
	}
	for it := range source {
		t.found(it)
		select {
		case work <- it:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(work)
	workers.Wait()
}

func (t *transfer) one(ctx context.Context, it item) {
	var bytes int64
	err := core.Interrupted(ctx)
	if err == nil {
		err = it.move(ctx, func(n int) error {
			bytes += int64(n)
			t.tell(int64(n), TransferEvent{Path: it.path, Size: it.size, Bytes: bytes})
			return core.Interrupted(ctx)
		})
	}
	t.tell(0, TransferEvent{Path: it.path, Size: it.size, Bytes: bytes, Done: true, Err: err})
	if err != nil && ctx.Err() == nil {
		t.fail(it.path, err)
	}
}

func (t *transfer) found(it item) {
	t.mu.Lock()
	t.sum.FilesFound++
	t.sum.TotalFound += it.size
	t.mu.Unlock()
	t.tell(0, TransferEvent{Path: it.path, Size: it.size})
}

func (t *transfer) tell(bytes int64, e TransferEvent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum.Total += bytes
	if e.Done {
		t.sum.Files++
	}
	if t.progress == nil {
		return
	}
	e.Files, e.FilesFound, e.Total, e.TotalFound = t.sum.Files, t.sum.FilesFound, t.sum.Total, t.sum.TotalFound
	t.progress(e)
}

// fail notes a failure; path may be empty when it concerns no single file.
func (t *transfer) fail(path string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.misses++
	t.codes[core.CodeOf(core.Do(t.op, path, err))] = true
	if len(t.failed) < maxFailures {
		t.failed = append(t.failed, fmt.Errorf("%s: %w", path, err))
	}
}

// result is the context's error, or all failures in one: of their code when they agree on one, Internal left aside as
// MLflow does, and else ErrInternal.
func (t *transfer) result(ctx context.Context, key string) error {
	if err := core.Interrupted(ctx); err != nil {
		return core.Do(t.op, key, err)
	}
	if t.misses == 0 {
		return nil
	}
	code := core.Internal
	delete(t.codes, core.Internal)
	if len(t.codes) == 1 {
		code = slices.Collect(maps.Keys(t.codes))[0]
	}
	err := errors.Join(t.failed...)
	if more := t.misses - len(t.failed); more > 0 {
		err = fmt.Errorf("%w\nand %d more", err, more)
	}
	if t.misses > 1 {
		err = fmt.Errorf("%d files failed:\n%w", t.misses, err)
	}
	return &core.Error{Code: code, Op: t.op, Key: key, Err: err}
}
