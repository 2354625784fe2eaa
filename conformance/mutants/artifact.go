package mutants

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// Artifact is a mutant of an artifact repository.
type Artifact = Mutant[*mem.Artifacts, core.ArtifactRepository]

// Artifacts lists the mutants of artifact repositories.
func Artifacts() []Artifact {
	return []Artifact{
		{
			"M03", "the last entry of each page is repeated on the next",
			[]string{"AR-039"},
			func(m *mem.Artifacts) core.ArtifactRepository { return &overlapping{Artifacts: m} },
		},
		{
			"M20", "`..` is cleaned instead of refused",
			[]string{"AR-071"},
			func(m *mem.Artifacts) core.ArtifactRepository { return cleaning{m} },
		},
		{
			"M22", "a file is visible before it is complete, and stays when its source fails",
			[]string{"AR-017", "AR-013"},
			func(m *mem.Artifacts) core.ArtifactRepository { return hasty{m} },
		},
		{
			"M24", "an empty file is listed as a directory",
			[]string{"AR-027"},
			func(m *mem.Artifacts) core.ArtifactRepository { return emptyDirs{m} },
		},
		{
			"M26", "reads ignore their context",
			[]string{"AR-084"},
			func(m *mem.Artifacts) core.ArtifactRepository { return deaf{m} },
		},
		{
			"M27", "deleting a path deletes what merely starts with it",
			[]string{"AR-056", "AR-102"},
			func(m *mem.Artifacts) core.ArtifactRepository { return greedy{m} },
		},
		{
			"M28", "the first read after a file was replaced yields the old one",
			[]string{"AR-005", "AR-006"},
			func(m *mem.Artifacts) core.ArtifactRepository { return &stale{Artifacts: m, old: map[string][]byte{}} },
		},
		{
			"M30", "every reader leaves a goroutine behind",
			[]string{"AR-094"},
			func(m *mem.Artifacts) core.ArtifactRepository {
				return &leaking{Artifacts: m, end: make(chan struct{})}
			},
		},
		{
			"M36", "Close waits for calls that run",
			[]string{"AR-110"},
			func(m *mem.Artifacts) core.ArtifactRepository { return &waiting{Artifacts: m} },
		},
	}
}

type overlapping struct {
	*mem.Artifacts
	last sync.Map // from the token of a page to the last entry before it
}

func (o *overlapping) List(ctx context.Context, dir string, l core.ListOptions) (core.Page[core.Artifact], error) {
	page, err := o.Artifacts.List(ctx, dir, l)
	if before, ok := o.last.Load(l.Token); ok && l.Token != "" && len(page.Items) > 0 {
		page.Items = append([]core.Artifact{before.(core.Artifact)}, page.Items...) //nolint:forcetypeassert // stored below
	}
	if n := len(page.Items); n > 0 && page.Next != "" {
		o.last.Store(page.Next, page.Items[n-1])
	}
	return page, err
}

type cleaning struct{ *mem.Artifacts }

// clean keeps what no cleaning changes, such as the empty path.
func clean(name string) string {
	if strings.Contains(name, "..") {
		return path.Clean(name)
	}
	return name
}

func (c cleaning) Put(ctx context.Context, name string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	return c.Artifacts.Put(ctx, clean(name), r, o)
}

func (c cleaning) Open(ctx context.Context, name string, o core.ReadOptions) (io.ReadCloser, error) {
	return c.Artifacts.Open(ctx, clean(name), o)
}

type hasty struct{ *mem.Artifacts }

func (h hasty) Put(ctx context.Context, name string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	var head bytes.Buffer
	if n, err := io.CopyN(&head, r, 1000); n > 0 && (err == nil || !errors.Is(err, io.EOF)) {
		_, _ = h.Artifacts.Put(ctx, name, bytes.NewReader(head.Bytes()), core.PutOptions{}) // the second one tells
		if err != nil {
			return core.Artifact{}, err
		}
	}
	o.IfAbsent = false
	return h.Artifacts.Put(ctx, name, io.MultiReader(&head, r), o)
}

type emptyDirs struct{ *mem.Artifacts }

func (e emptyDirs) List(ctx context.Context, dir string, o core.ListOptions) (core.Page[core.Artifact], error) {
	page, err := e.Artifacts.List(ctx, dir, o)
	for i, a := range page.Items {
		if a.Size == 0 {
			page.Items[i] = core.Artifact{Path: a.Path, Dir: true}
		}
	}
	return page, err
}

type deaf struct{ *mem.Artifacts }

func (d deaf) Stat(ctx context.Context, name string) (core.Artifact, error) {
	return d.Artifacts.Stat(context.WithoutCancel(ctx), name)
}

func (d deaf) List(ctx context.Context, dir string, o core.ListOptions) (core.Page[core.Artifact], error) {
	return d.Artifacts.List(context.WithoutCancel(ctx), dir, o)
}

type greedy struct{ *mem.Artifacts }

func (g greedy) Delete(ctx context.Context, name string, o core.DeleteOptions) error {
	if err := g.Artifacts.Delete(ctx, name, o); err != nil || name == "" {
		return err
	}
	parent := strings.TrimSuffix(path.Dir(name), ".")
	for a, err := range core.All(ctx, func(ctx context.Context, p core.PageOptions) (core.Page[core.Artifact], error) {
		return g.List(ctx, parent, core.ListOptions{PageOptions: p})
	}, core.PageOptions{}) {
		if err != nil {
			return err
		}
		if strings.HasPrefix(a.Path, name) {
			if err := g.Artifacts.Delete(ctx, a.Path, core.DeleteOptions{}); err != nil {
				return err
			}
		}
	}
	return nil
}

type stale struct {
	*mem.Artifacts
	mu  sync.Mutex
	old map[string][]byte // what the next read yields
}

func (s *stale) Put(ctx context.Context, name string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	var before []byte
	body, err := s.Artifacts.Open(ctx, name, core.ReadOptions{})
	if err == nil {
		before, _ = io.ReadAll(body)
		_ = body.Close() // a reader of memory
	}
	a, putErr := s.Artifacts.Put(ctx, name, r, o)
	if err == nil && putErr == nil {
		s.mu.Lock()
		s.old[name] = before
		s.mu.Unlock()
	}
	return a, putErr
}

func (s *stale) Open(ctx context.Context, name string, o core.ReadOptions) (io.ReadCloser, error) {
	s.mu.Lock()
	before, ok := s.old[name]
	delete(s.old, name)
	s.mu.Unlock()
	if ok {
		return io.NopCloser(bytes.NewReader(before)), nil
	}
	return s.Artifacts.Open(ctx, name, o)
}

type leaking struct {
	*mem.Artifacts
	end  chan struct{}
	once sync.Once
}

func (l *leaking) Open(ctx context.Context, name string, o core.ReadOptions) (io.ReadCloser, error) {
	go func() { <-l.end }()
	return l.Artifacts.Open(ctx, name, o)
}

func (l *leaking) Close() error {
	l.once.Do(func() { close(l.end) })
	return l.Artifacts.Close()
}

type waiting struct {
	*mem.Artifacts
	calls sync.RWMutex
}

func (w *waiting) Put(ctx context.Context, name string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	w.calls.RLock()
	defer w.calls.RUnlock()
	return w.Artifacts.Put(ctx, name, r, o)
}

func (w *waiting) Close() error {
	w.calls.Lock()
	defer w.calls.Unlock()
	return w.Artifacts.Close()
}
