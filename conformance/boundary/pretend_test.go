package boundary_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/boundary"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// pretended is a process that is none: it can be killed and stopped, and what it serves lies elsewhere. It shows that the
// cases on processes pass a good host and fail a bad one; sdk/sdktest has real ones.
type pretended struct {
	mu     sync.Mutex
	life   chan struct{} // closed when the process dies
	frozen chan struct{} // closed when it goes on; nil while it runs
	flaw   string        // what is wrong with its host
}

func newPretended(flaw string) *pretended { return &pretended{life: make(chan struct{}), flaw: flaw} }

// alive is the life that is served now: it closes when that process dies.
func (p *pretended) alive() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life
}

func (p *pretended) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.life)
	p.life = make(chan struct{}) // another one, started at once
}

func (p *pretended) freeze() (thaw func()) {
	frozen := make(chan struct{})
	p.mu.Lock()
	p.frozen = frozen
	p.mu.Unlock()
	return sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		close(frozen)
		p.frozen = nil
	})
}

var errKilled = errors.New("the plugin pretended ended: signal: killed")

// asked makes a call of the process, as a host does.
func asked[V any](ctx context.Context, p *pretended, f func(context.Context) (V, error)) (V, error) {
	var none V
	p.mu.Lock()
	life, frozen := p.life, p.frozen
	p.mu.Unlock()
	if frozen != nil {
		patience := ctx.Done()
		if p.flaw == "waits for the frozen" {
			patience = nil
		}
		select {
		case <-patience:
			return none, core.Interrupted(ctx)
		case <-frozen:
		}
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		value V
		err   error
	}
	result := make(chan answer, 1) // nobody may be there to take it
	go func() {
		defer func() {
			if v := recover(); v != nil {
				result <- answer{none, p.recovered(v)}
			}
		}()
		value, err := f(inner)
		result <- answer{value, err}
	}()
	select {
	case got := <-result:
		return got.value, got.err
	case <-life:
		return none, p.ended()
	}
}

// ended is what a host says of a process that died.
func (p *pretended) ended() error {
	switch p.flaw {
	case "does not say why":
		return core.Errorf(core.Unavailable, "the transport is gone")
	case "untyped":
		return core.Errorf(core.Internal, "%w", errKilled)
	}
	return core.Errorf(core.Unavailable, "%w", errKilled)
}

func (p *pretended) recovered(v any) error {
	switch p.flaw {
	case "panic is an outage":
		return core.Errorf(core.Unavailable, "panic: %v", v)
	case "panic shows its stack":
		return core.Errorf(core.Internal, "panic: %v\ngoroutine 1 [running]", v)
	}
	return core.Errorf(core.Internal, "panic: %v", v)
}

// overTracking makes the calls of a store that the cases make by way of the process.
type overTracking struct {
	core.TrackingStore
	p     *pretended
	lives map[string]chan struct{} // tokens, by the life that made them
	mu    *sync.Mutex
}

func (o overTracking) Ability(target any) bool { return fault.PassOn(target, o.TrackingStore) }

func (o overTracking) Run(ctx context.Context, id core.RunID) (core.Run, error) {
	return asked(ctx, o.p, func(ctx context.Context) (core.Run, error) { return o.TrackingStore.Run(ctx, id) })
}

func (o overTracking) Describe(ctx context.Context) (core.Info, error) {
	return asked(ctx, o.p, func(ctx context.Context) (core.Info, error) { return o.TrackingStore.Describe(ctx) })
}

func (o overTracking) CreateExperiment(ctx context.Context, s core.ExperimentSpec) (core.Experiment, error) {
	return asked(ctx, o.p, func(ctx context.Context) (core.Experiment, error) { return o.TrackingStore.CreateExperiment(ctx, s) })
}

func (o overTracking) SearchExperiments(ctx context.Context, q core.ExperimentQuery) (core.Page[core.Experiment], error) {
	page, err := o.TrackingStore.SearchExperiments(ctx, q)
	if o.p.flaw != "tokens die with the process" {
		return page, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if life := o.lives[q.Token]; q.Token != "" && life != o.p.life {
		return core.Page[core.Experiment]{}, core.Invalid("page_token", "the token is unknown")
	}
	o.lives[page.Next] = o.p.life
	return page, err
}

// overArtifacts likewise.
type overArtifacts struct {
	core.ArtifactRepository
	p *pretended
}

func (o overArtifacts) Ability(target any) bool { return fault.PassOn(target, o.ArtifactRepository) }

func (o overArtifacts) Stat(ctx context.Context, path string) (core.Artifact, error) {
	return asked(ctx, o.p, func(ctx context.Context) (core.Artifact, error) { return o.ArtifactRepository.Stat(ctx, path) })
}

func (o overArtifacts) Put(ctx context.Context, path string, r io.Reader, put core.PutOptions) (core.Artifact, error) {
	body := mortal{r, o.p.alive()}
	a, err := asked(ctx, o.p, func(ctx context.Context) (core.Artifact, error) {
		return o.ArtifactRepository.Put(ctx, path, body, put)
	})
	if errors.Is(err, errKilled) && o.p.flaw == "publishes the half" {
		_, _ = o.ArtifactRepository.Put(ctx, path, io.LimitReader(zeros{}, 1000), core.PutOptions{})
	}
	return a, err
}

// mortal reads as a process does: what comes after its death, the end of the file too, it does not see.
type mortal struct {
	io.Reader
	life <-chan struct{}
}

func (m mortal) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	select {
	case <-m.life:
		return 0, errKilled
	default:
		return n, err
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// processWorld is the reference store behind a pretended process, with all hooks.
func processWorld[S core.Store](s side[S], over func(S, *pretended) S, flaw string) world[S] {
	p := newPretended(flaw)
	w := newWorld(s, mem.NewOpener())
	w.Transport = conformance.Process
	wrap := func(open func(conformance.T) S) func(conformance.T) S {
		return func(t conformance.T) S { return over(open(t), p) }
	}
	w.Open, w.Rigged = wrap(w.Open), wrap(w.Rigged)
	w.Second = nil
	w.Durable = true
	w.Kill = func(conformance.T, S) { p.kill() }
	w.Freeze = func(conformance.T, S) func() { return p.freeze() }
	w.HostDies = func(conformance.T) time.Duration {
		if flaw == "outlives its host" {
			return time.Minute
		}
		return time.Millisecond
	}
	w.Alone = func(t conformance.T) (S, func() []string) { return alone(w.Open(t), flaw) }
	w.CrashLoop = func(conformance.T) boundary.Loop { return crashing(flaw) }
	w.Version = func(t conformance.T, newer int) (S, error) {
		if newer > 0 && flaw != "takes what is newer" {
			var none S
			text := "the plugin speaks version 2, this host versions 0 to 1"
			if flaw == "names no versions" {
				text = "the plugin is too new"
			}
			return none, errors.New(text)
		}
		return w.Open(t), nil
	}
	w.Newer = w.Open
	w.Impostors = func(conformance.T) map[string]error {
		refused := map[string]error{"cookie": errors.New("start me from a host"), "checksum": core.Errorf(core.FailedPrecondition, "digests differ")}
		switch flaw {
		case "serves without cookie":
			refused["cookie"] = nil
		case "runs another program":
			refused["checksum"] = nil
		case "tries no impostor":
			return nil
		}
		return refused
	}
	return w
}

func alone[S core.Store](s S, flaw string) (S, func() []string) {
	return s, func() []string {
		_, err := s.Describe(context.TODO()) // a closed store refuses
		open := !errors.Is(err, core.ErrClosed)
		if flaw == "sees nothing" || !open && flaw != "leaves a socket" {
			return nil
		}
		return []string{"a socket"}
	}
}

func crashing(flaw string) boundary.Loop {
	starts := 0
	return boundary.Loop{
		Name: "crasher",
		Call: func(context.Context) error {
			if starts < 5 || flaw == "starts for ever" {
				starts++
			}
			switch flaw {
			case "names no plugin":
				return core.Errorf(core.Unavailable, "it does not work")
			case "answers":
				return nil
			}
			return core.Errorf(core.Unavailable, "the plugin crasher has ended %d times: exit status 1", starts)
		},
		Starts: func() int { return starts },
	}
}

func trackingOver(s core.TrackingStore, p *pretended) core.TrackingStore {
	return overTracking{s, p, map[string]chan struct{}{}, &sync.Mutex{}}
}

func artifactsOver(s core.ArtifactRepository, p *pretended) core.ArtifactRepository {
	return overArtifacts{s, p}
}
