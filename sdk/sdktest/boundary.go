package sdktest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/boundary"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/registry/supervise"
)

// hooks reach behind the stores of a way. What the way does not have stays nil, and the cases about it are n/a.
func hooks[S core.Store](w way, of take[S], runs []conformance.Report) boundary.Hooks[S] {
	o := w.options
	h := boundary.Hooks[S]{
		Opener: w.opener, Fresh: o.Fresh, Durable: o.Durable && w.processes != nil, Log: w.log.String,
		Manifest: func(conformance.T) core.Manifest { return w.plugin.Manifest() },
		Rigged:   func(t conformance.T) S { return opened(t, fault.NewRig(w.plugin.Opener), o.Fresh(t), of) },
	}
	if w.transport == conformance.Wire {
		h.Rigged = func(t conformance.T) S { return opened(t, w.rigged, o.Fresh(t), of) }
		// The frames of artifacts have a codec of their own, in whose place none of ours can stand.
		if _, frames := any((*S)(nil)).(*core.ArtifactRepository); !frames {
			h.Newer = func(t conformance.T) S { return opened(t, w.newer, o.Fresh(t), of) }
		}
	}
	h.Resolve = func(ctx context.Context, uri string) error { return resolve(ctx, w, uri) }
	if len(runs) > 1 {
		h.Verdicts = func(conformance.T) []conformance.Report { return runs }
	}
	if w.processes == nil {
		return h
	}
	h.Rigged = nil
	h.Manifest = func(t conformance.T) core.Manifest { return printed(t, w.program) }
	h.Impostors = func(t conformance.T) map[string]error { return impostors(t, w) }
	h.Alone = func(t conformance.T) (S, func() []string) { return alone(t, w, of) }
	processHooks(&h, w, of)
	return h
}

// processHooks adds what needs a program of our own making: the test binary, when its TestMain calls Main.
func processHooks[S core.Store](h *boundary.Hooks[S], w way, of take[S]) {
	var rigged handles
	of1 := func(s S) *supervise.Supervisor {
		if _, is := rigged.find(s); is {
			return w.rigs
		}
		return w.processes
	}
	h.Kill = func(t conformance.T, s S) { end(t, of1(s)) }
	h.Freeze = func(t conformance.T, s S) func() { return freeze(t, of1(s)) }
	if os.Getenv(mainVariable) == "" {
		return
	}
	h.Rigged = func(t conformance.T) S {
		request := w.options.Fresh(t)
		s := opened(t, w.rigs.Plugin(selfProgram(t, w.plugin, "rigged")), request, of)
		rigged.keep(s, request)
		return s
	}
	h.CrashLoop = func(t conformance.T) boundary.Loop { return crashLoop(t, w) }
	h.HostDies = func(t conformance.T) time.Duration { return hostDies(t, w) }
}

// opened opens a store of one kind.
func opened[S core.Store](t conformance.T, opener core.Opener, request core.OpenRequest, of take[S]) S {
	t.Helper()
	s, err := openStore(context.WithoutCancel(t.Context()), opener, request, of)
	conformance.NoError(t, "opening "+request.URI.String(), err)
	return s
}

// resolve opens a URI as a program does that knows the plugin, and closes what it opened.
func resolve(ctx context.Context, w way, text string) error {
	uri, err := core.ParseURI(text)
	if err != nil {
		return err
	}
	r := registry.New(nil)
	open := map[registry.Kind]func(*registry.Resolver) (core.Store, error){
		registry.Tracking:  func(r *registry.Resolver) (core.Store, error) { return r.Tracking(ctx, uri, registry.Settings{}) },
		registry.Artifacts: func(r *registry.Resolver) (core.Store, error) { return r.Artifacts(ctx, uri, registry.Settings{}) },
		registry.Registry:  func(r *registry.Resolver) (core.Store, error) { return r.Registry(ctx, uri, registry.Settings{}) },
		registry.Projects:  func(r *registry.Resolver) (core.Store, error) { return r.Projects(ctx, uri, registry.Settings{}) },
	}
	first := registry.Tracking
	for _, scheme := range w.plugin.Schemes {
		rule := registry.Rule{Opener: w.opener, Form: scheme.Form, Origin: w.plugin.Name}
		for _, kind := range scheme.Kinds {
			rule.Kinds = append(rule.Kinds, registry.Kind(kind))
		}
		if err := r.Handle(scheme.Scheme, rule); err != nil {
			return err
		}
		first = rule.Kinds[0]
	}
	store, err := open[first](r)
	if err != nil {
		return err
	}
	return store.Close()
}

// printed is the manifest that a program prints.
func printed(t conformance.T, p supervise.Program) core.Manifest {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.Path, append(p.Args, "describe")...)
	cmd.Env = append(os.Environ(), describeVariable+"="+p.Name)
	text, err := cmd.Output()
	conformance.NoError(t, "asking the program to describe itself", err)
	var m core.Manifest
	conformance.NoError(t, "reading what it says", json.Unmarshal(text, &m))
	return m
}

// impostors starts the program without the host's cookie, and with the pin of another one.
func impostors(t conformance.T, w way) map[string]error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), w.program.Path, w.program.Args...)
	cmd.Env = append(os.Environ(), describeVariable+"="+w.program.Name)
	cookie := cmd.Run()
	other := w.program
	other.Digest = strings.Repeat("0", 64)
	s := supervise.New(supervise.Options{})
	t.Cleanup(func() { conformance.NoError(t, "stopping the host", s.Close()) })
	_, checksum := s.Plugin(other).Describe(t.Context())
	return map[string]error{"cookie": cookie, "checksum": checksum}
}

// alone opens a store with a host of its own, which stops the plugin once nothing is open.
func alone[S core.Store](t conformance.T, w way, of take[S]) (S, func() []string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "alone")
	conformance.NoError(t, "making a folder", err)
	s := supervise.New(supervise.Options{TempDir: dir, Timing: supervise.Timing{Idle: time.Millisecond}})
	t.Cleanup(func() {
		conformance.NoError(t, "stopping the host", s.Close())
		conformance.NoError(t, "removing the folder", os.RemoveAll(dir))
	})
	store := opened(t, s.Plugin(w.program), w.options.Fresh(t), of)
	return store, func() []string {
		var left []string
		for _, one := range s.Status() {
			if one.PID != "" {
				left = append(left, "process "+one.PID)
			}
		}
		return append(left, sockets(dir)...)
	}
}

// crashLoop is the plugin in a program that ends whenever it is started.
func crashLoop(t conformance.T, w way) boundary.Loop {
	t.Helper()
	s := supervise.New(supervise.Options{})
	t.Cleanup(func() { conformance.NoError(t, "stopping the host", s.Close()) })
	plugin := s.Plugin(selfProgram(t, w.plugin, "crash"))
	return boundary.Loop{
		Name: w.plugin.Name,
		Call: func(ctx context.Context) error {
			_, err := plugin.Describe(ctx)
			return err
		},
		Starts: func() int {
			starts := 0
			for _, one := range s.Status() {
				starts += int(one.Starts)
			}
			return starts
		},
	}
}

// end kills what runs of a supervisor's processes.
func end(t conformance.T, s *supervise.Supervisor) {
	t.Helper()
	for _, one := range s.Status() {
		if one.PID != "" {
			conformance.NoError(t, "killing the plugin", slay(one.PID))
		}
	}
}

// record keeps what hosts and plugins log.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// mostLog is how much of a log is kept: the first bytes.
const mostLog = 8 << 20

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.text.Len() < mostLog {
		r.text.Write(p)
	}
	return len(p), nil
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}
