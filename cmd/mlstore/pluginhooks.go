package main

import (
	"bytes"
	"context"
	"log/slog"
	"sync"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/boundary"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/registry/discover"
)

// hooksOf reach behind the stores of a plugin, as far as that can be done with any program.
func hooksOf[S core.Store](on suiteTarget) boundary.Hooks[S] {
	p := on.plugin
	if p == nil {
		return boundary.Hooks[S]{}
	}
	h := boundary.Hooks[S]{
		Log: p.log.String,
		Manifest: func(t conformance.T) core.Manifest {
			t.Helper()
			text, err := describeProgram(t.Context(), p.program.Path, p.program.Args...)
			conformance.NoError(t, "asking the program to describe itself", err)
			m, err := discover.Parse(text)
			conformance.NoError(t, "reading what it says", err)
			return m
		},
		Resolve: func(ctx context.Context, text string) error { return resolveOnce(ctx, on, text) },
	}
	if on.fresh != "" {
		h.Opener = p.Plugin(p.program)
		h.Fresh = func(t conformance.T) core.OpenRequest {
			t.Helper()
			return core.OpenRequest{URI: on.other(t)}
		}
	}
	return h
}

// resolveOnce opens the store of a URI as a user would, and closes it.
func resolveOnce(ctx context.Context, on suiteTarget, text string) error {
	uri, err := core.ParseURI(text)
	if err != nil {
		return err
	}
	resolver, err := on.resolver()
	if err != nil {
		return err
	}
	e, err := resolver.Explain(ctx, uri, on.settings)
	if err != nil {
		return err
	}
	var store core.Store
	switch e.Kinds[0] {
	case registry.Tracking:
		store, err = resolver.Tracking(ctx, uri, on.settings)
	case registry.Artifacts:
		store, err = resolver.Artifacts(ctx, uri, on.settings)
	case registry.Registry:
		store, err = resolver.Registry(ctx, uri, on.settings)
	case registry.Projects:
		store, err = resolver.Projects(ctx, uri, on.settings)
	}
	if err != nil {
		return err
	}
	return joined(store.Close(), resolver.Close())
}

// journal keeps the beginning of what is logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

const mostJournal = 8 << 20 // bytes

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.text.Len() < mostJournal {
		j.text.Write(p)
	}
	return len(p), nil
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// logger logs everything to the journal, and what the user asked for to him.
func (j *journal) logger(user *slog.Logger) *slog.Logger {
	all := slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug})
	return slog.New(slog.NewMultiHandler(all, user.Handler()))
}
