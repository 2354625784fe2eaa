package boundary_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// twisted is a tracking store of which something is wrong: what is not nil stands instead of the store's method.
type twisted struct {
	core.TrackingStore
	describe func(core.Info) core.Info
	run      func(context.Context, core.RunID, core.Run, error) (core.Run, error)
	ask      func(context.Context) context.Context
	log      func(core.Batch) (core.Batch, error)
	spec     func(core.RunSpec) core.RunSpec
	withhold bool // the abilities
}

func (s twisted) Ability(target any) bool {
	return !s.withhold && fault.PassOn(target, s.TrackingStore)
}

func (s twisted) Describe(ctx context.Context) (core.Info, error) {
	info, err := s.TrackingStore.Describe(ctx)
	if s.describe != nil && err == nil {
		info = s.describe(info)
	}
	return info, err
}

func (s twisted) Run(ctx context.Context, id core.RunID) (core.Run, error) {
	if s.ask != nil {
		ctx = s.ask(ctx)
	}
	r, err := s.TrackingStore.Run(ctx, id)
	if s.run != nil {
		return s.run(ctx, id, r, err)
	}
	return r, err
}

func (s twisted) LogBatch(ctx context.Context, id core.RunID, b core.Batch) error {
	if s.log != nil {
		var err error
		if b, err = s.log(b); err != nil {
			return err
		}
	}
	return s.TrackingStore.LogBatch(ctx, id, b)
}

func (s twisted) CreateRun(ctx context.Context, in core.ExperimentID, spec core.RunSpec) (core.Run, error) {
	if s.spec != nil {
		spec = s.spec(spec)
	}
	return s.TrackingStore.CreateRun(ctx, in, spec)
}

// twist puts the same wrong thing before every store of a world.
func twist(w world[core.TrackingStore], how twisted) world[core.TrackingStore] {
	wrap := func(open func(conformance.T) core.TrackingStore) func(conformance.T) core.TrackingStore {
		return func(t conformance.T) core.TrackingStore {
			s := how
			s.TrackingStore = open(t)
			return s
		}
	}
	w.Open, w.Rigged = wrap(w.Open), wrap(w.Rigged)
	w.Second = nil
	return w
}

func sizeOf(r core.Run) (n int) {
	for _, v := range r.Tags {
		n += len(v)
	}
	return n
}

var errLarge = &core.Error{Code: core.ResourceExhausted, Err: errors.New("grpc: received message larger than max")}

// Every case fails on a store or a transport of which what the case is about is wrong.
func TestBadStoresFail(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		id  string
		how twisted
	}{
		"describes itself otherwise":   {"PL-002", twisted{describe: counting()}},
		"announces less than it takes": {"PL-003", twisted{describe: func(i core.Info) core.Info { i.Limits.RunTag = 10; return i }}},
		"announces more than it takes": {"PL-003", twisted{describe: func(i core.Info) core.Info { i.Limits.RunName++; return i }}},
		"unknown capability": {"PL-004", twisted{describe: func(i core.Info) core.Info {
			i.Capabilities = append(slices.Clone(i.Capabilities), "zoom")
			return i
		}}},
		"declares what it lacks": {"PL-004", twisted{withhold: true}},
		"codes alone": {"PL-005", twisted{run: func(_ context.Context, _ core.RunID, r core.Run, err error) (core.Run, error) {
			return r, bare(err)
		}}},
		"ignores the context": {"PL-006", twisted{ask: context.WithoutCancel}},
		"large request": {"PL-009", twisted{log: func(b core.Batch) (core.Batch, error) {
			if len(b.Tags) > 50 {
				return b, errLarge
			}
			return b, nil
		}}},
		"large reply": {"PL-010", twisted{run: func(_ context.Context, _ core.RunID, r core.Run, err error) (core.Run, error) {
			if sizeOf(r) > 3<<20 {
				return core.Run{}, errLarge
			}
			return r, err
		}}},
		"numbers as text": {"PL-011", twisted{log: func(b core.Batch) (core.Batch, error) {
			b.Metrics = slices.Clone(b.Metrics)
			for i := range b.Metrics {
				_, err := fmt.Sscanf(fmt.Sprintf("%.3g", b.Metrics[i].Value), "%g", &b.Metrics[i].Value)
				if err != nil {
					return b, err
				}
			}
			return b, nil
		}}},
		"drops what is empty": {"PL-012", twisted{log: func(b core.Batch) (core.Batch, error) {
			b.Tags = slices.DeleteFunc(slices.Clone(b.Tags), func(t core.Tag) bool { return t.Value == "" })
			return b, nil
		}}},
		"seconds": {"PL-013", twisted{spec: func(s core.RunSpec) core.RunSpec { s.StartTime = s.StartTime / 1000 * 1000; return s }}},
		"trims text": {"PL-014", twisted{spec: func(s core.RunSpec) core.RunSpec {
			s.Tags = maps.Clone(s.Tags)
			for k, v := range s.Tags {
				s.Tags[k] = strings.TrimSpace(v)
			}
			return s
		}}},
		"mends text": {"PL-014", twisted{spec: func(s core.RunSpec) core.RunSpec {
			s.Tags = maps.Clone(s.Tags)
			for k, v := range s.Tags {
				s.Tags[k] = strings.ToValidUTF8(v, "?")
			}
			return s
		}}},
		"keeps the deadline": {"PL-015", twisted{ask: context.WithoutCancel}},
		"keeps the end":      {"PL-016", twisted{ask: withoutEnd}},
		"breaks by noise": {"PL-026", twisted{run: func(_ context.Context, id core.RunID, r core.Run, err error) (core.Run, error) {
			if strings.HasPrefix(string(id), fault.Word(fault.Stdout, "")) {
				return r, core.Errorf(core.Unavailable, "the handshake cannot be read")
			}
			return r, err
		}}},
		"blocks by noise": {"PL-027", twisted{run: func(_ context.Context, id core.RunID, r core.Run, err error) (core.Run, error) {
			if strings.HasPrefix(string(id), fault.Word(fault.Stderr, "")) {
				return r, core.Errorf(core.Unavailable, "the pipe is full")
			}
			return r, err
		}}},
		"unknown fields break": {"PL-032", twisted{run: func(context.Context, core.RunID, core.Run, error) (core.Run, error) {
			return core.Run{}, core.Errorf(core.Internal, "field 99 is unknown")
		}}},
		"unknown status": {"PL-036", twisted{run: func(_ context.Context, _ core.RunID, r core.Run, err error) (core.Run, error) {
			if !r.Status.Valid() {
				r.Status = 0
			}
			return r, err
		}}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(trackingSide(), mem.NewOpener())
			w.Transport, w.Newer = conformance.Process, w.Open
			w = twist(w, tt.how)
			w.Newer = w.Open
			dies(t, tt.id, trackingSide(), w)
		})
	}
}

// counting describes a store otherwise each time.
func counting() func(core.Info) core.Info {
	var mu sync.Mutex
	n := 0
	return func(i core.Info) core.Info {
		mu.Lock()
		defer mu.Unlock()
		n++
		i.Limits.Key += n
		return i
	}
}

// bare is what is left of an error when a transport knows nothing but codes.
func bare(err error) error {
	if err == nil {
		return nil
	}
	return core.Errorf(core.CodeOf(err), "%s", err.Error())
}

// withoutEnd gives the far side a context that ends much later.
func withoutEnd(ctx context.Context) context.Context {
	if ctx.Err() != nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// Openers that share, leak, tell or take what they should not.
func TestBadOpenersFail(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		id   string
		open func(ctx context.Context, o core.Opener, r core.OpenRequest) (core.Backend, error)
	}{
		"tells secrets": {"PL-008", func(ctx context.Context, o core.Opener, r core.OpenRequest) (core.Backend, error) {
			for name, secret := range r.Secrets {
				return core.Backend{}, core.Invalid(name, "the secret %s is %q", name, secret.Reveal())
			}
			return o.Open(ctx, r)
		}},
		"tells passwords": {"PL-008", func(ctx context.Context, o core.Opener, r core.OpenRequest) (core.Backend, error) {
			if !r.URI.Credential().IsZero() {
				return core.Backend{}, core.Invalid("uri", "no password in %s", r.URI.Raw())
			}
			return o.Open(ctx, r)
		}},
		"one store for all": {"PL-028", func(ctx context.Context, o core.Opener, r core.OpenRequest) (core.Backend, error) {
			r.URI, _ = core.ParseURI("mem://one")
			return o.Open(ctx, r)
		}},
		"takes any option": {"PL-029", func(ctx context.Context, o core.Opener, r core.OpenRequest) (core.Backend, error) {
			r.Options = nil
			return o.Open(ctx, r)
		}},
		"names no option": {"PL-029", func(ctx context.Context, o core.Opener, r core.OpenRequest) (core.Backend, error) {
			if len(r.Options) > 0 {
				return core.Backend{}, core.Invalid("options", "something is wrong")
			}
			return o.Open(ctx, r)
		}},
		"leaks": {"PL-030", func(ctx context.Context, o core.Opener, r core.OpenRequest) (core.Backend, error) {
			go func() { <-t.Context().Done() }()
			return o.Open(ctx, r)
		}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			inner := mem.NewOpener()
			bad := core.OpenerFunc(func(ctx context.Context, r core.OpenRequest) (core.Backend, error) { return tt.open(ctx, inner, r) })
			w := newWorld(trackingSide(), inner)
			w.Opener = bad
			dies(t, tt.id, trackingSide(), w)
		})
	}
}

// Hooks that report what is wrong.
func TestBadHooksFail(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		id     string
		change func(*world[core.TrackingStore])
	}{
		"other verdicts": {"PL-001", func(w *world[core.TrackingStore]) {
			verdicts := w.Verdicts
			w.Verdicts = func(t conformance.T) []conformance.Report {
				runs := verdicts(t)
				runs[1].Results[0].Verdict = conformance.Fail
				return runs
			}
		}},
		"one run": {"PL-001", func(w *world[core.TrackingStore]) {
			verdicts := w.Verdicts
			w.Verdicts = func(t conformance.T) []conformance.Report { return verdicts(t)[:1] }
		}},
		"logs secrets": {"PL-008", func(w *world[core.TrackingStore]) {
			var log bytes.Buffer
			inner := w.Opener
			w.Opener = core.OpenerFunc(func(ctx context.Context, r core.OpenRequest) (core.Backend, error) {
				for name, secret := range r.Secrets {
					log.WriteString(name + "=" + secret.Reveal())
				}
				return inner.Open(ctx, r)
			})
			w.Log = log.String
		}},
		"resolves lower case alone": {"PL-034", func(w *world[core.TrackingStore]) {
			resolve := w.Resolve
			w.Resolve = func(ctx context.Context, text string) error {
				if !strings.HasPrefix(text, "mem:") {
					return core.Errorf(core.NotFound, "nobody serves %s", text)
				}
				return resolve(ctx, text)
			}
		}},
		"shows the password": {"PL-034", func(w *world[core.TrackingStore]) {
			resolve := w.Resolve
			w.Resolve = func(ctx context.Context, text string) error {
				if err := resolve(ctx, text); err != nil {
					return core.Errorf(core.NotFound, "nobody serves %s", text)
				}
				return nil
			}
		}},
		"serves another kind": {"PL-035", func(w *world[core.TrackingStore]) {
			manifest := w.Manifest
			w.Manifest = func(t conformance.T) core.Manifest {
				m := manifest(t)
				m.Schemes[0].Kinds = []string{"artifacts"}
				return m
			}
		}},
		"promises more": {"PL-035", func(w *world[core.TrackingStore]) {
			manifest := w.Manifest
			w.Manifest = func(t conformance.T) core.Manifest {
				m := manifest(t)
				m.Schemes[0].Capabilities = []core.Capability{core.FloatInf}
				return m
			}
			*w = twist(*w, twisted{describe: func(i core.Info) core.Info {
				i.Capabilities = slices.DeleteFunc(slices.Clone(i.Capabilities), func(c core.Capability) bool { return c == core.FloatInf })
				return i
			}})
		}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(trackingSide(), mem.NewOpener())
			tt.change(&w)
			dies(t, tt.id, trackingSide(), w)
		})
	}
}

// renewing takes new secrets. Its flaw is what is wrong with that.
type renewing struct {
	core.TrackingStore
	flaw string
}

func (r renewing) Ability(target any) bool {
	return core.Provide[core.SecretUpdater](target, r) || fault.PassOn(target, r.TrackingStore)
}

func (r renewing) Describe(ctx context.Context) (core.Info, error) {
	info, err := r.TrackingStore.Describe(ctx)
	info.Capabilities = core.CapabilitiesOf(r, info.Capabilities...)
	return info, err
}

func (r renewing) UpdateSecrets(ctx context.Context, secrets map[string]core.Secret) error {
	_, err := r.TrackingStore.Describe(ctx) // it is open, and so is the context
	switch {
	case err != nil && r.flaw != "ignores the context":
		return err
	case r.flaw == "takes anything":
		return nil
	case r.flaw == "names nothing":
		return core.Invalid("secrets", "something is wrong")
	}
	for name, secret := range secrets {
		if r.flaw == "shows it" {
			return core.Invalid(name, "nobody knows %s=%s", name, secret.Reveal())
		}
		return core.Invalid(name, "nobody knows the secret %s", name)
	}
	return nil
}

func TestNewSecrets(t *testing.T) {
	t.Parallel()
	worldOf := func(flaw string) world[core.TrackingStore] {
		w := newWorld(trackingSide(), mem.NewOpener())
		open := w.Open
		w.Open, w.Second = func(t conformance.T) core.TrackingStore { return renewing{open(t), flaw} }, nil
		return w
	}
	w := worldOf("")
	only := conformance.Options{Only: []string{"PL-037"}}
	if r := conformance.Run(t.Context(), trackingSide().table(w.Hooks), w.Harness, only); r.Count(conformance.Pass) != 1 {
		t.Errorf("a store that knows no secret: %s %v", r.Summary(), r.Failures())
	}
	for _, flaw := range []string{"ignores the context", "takes anything", "names nothing", "shows it"} {
		dies(t, "PL-037", trackingSide(), worldOf(flaw))
	}
}

// pouring opens files in a way that does not heed who reads.
type pouring struct {
	core.ArtifactRepository
	open func(ctx context.Context, r io.ReadCloser) io.ReadCloser
}

func (p pouring) Open(ctx context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	r, err := p.ArtifactRepository.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	return p.open(ctx, r), nil
}

// ahead reads all that it can get, up to a bound that keeps the test small.
func ahead(_ context.Context, r io.ReadCloser) io.ReadCloser {
	const bound = 64 << 20
	pipe, w := io.Pipe()
	var mu sync.Mutex
	var got bytes.Buffer
	filled := make(chan struct{})
	go func() {
		defer close(filled)
		block := make([]byte, 1<<20)
		for n := 0; n < bound; n += len(block) {
			if _, err := io.ReadFull(r, block); err != nil {
				return
			}
			mu.Lock()
			got.Write(block)
			mu.Unlock()
		}
	}()
	go func() {
		<-filled
		_, _ = io.Copy(w, &got)
	}()
	return struct {
		io.Reader
		io.Closer
	}{pipe, closer(func() error { return errors.Join(pipe.Close(), r.Close()) })}
}

type closer func() error

func (c closer) Close() error { return c() }

func TestBadStreamsFail(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		id   string
		open func(context.Context, io.ReadCloser) io.ReadCloser
	}{
		"reads ahead":   {"PL-017", ahead},
		"never closes":  {"PL-018", func(_ context.Context, r io.ReadCloser) io.ReadCloser { return io.NopCloser(r) }},
		"never notices": {"PL-018", func(context.Context, io.ReadCloser) io.ReadCloser { return io.NopCloser(zeros{}) }},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(artifactSide(), mem.NewOpener())
			rigged := w.Rigged
			w.Rigged = func(t conformance.T) core.ArtifactRepository { return pouring{rigged(t), tt.open} }
			dies(t, tt.id, artifactSide(), w)
		})
	}
}

// Every case of the table is in one of these tests.
func TestEveryCaseIsProved(t *testing.T) {
	t.Parallel()
	proved := map[string]bool{}
	for _, name := range []string{"red_test.go", "process_test.go"} {
		for _, id := range idsIn(t, name) {
			proved[id] = true
		}
	}
	s := trackingSide().table(newWorld(trackingSide(), mem.NewOpener()).Hooks)
	if faults := s.Check(); len(faults) > 0 || len(s.Cases) < 34 {
		t.Errorf("%d cases: %v", len(s.Cases), faults)
	}
	for _, c := range s.Cases {
		if !proved[c.ID] {
			t.Errorf("%s %s: no test shows it failing", c.ID, c.Name)
		}
	}
}
