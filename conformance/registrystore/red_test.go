package registrystore_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/mutants"
	"github.com/mlstore/mlstore/conformance/reference"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// wry is a registry of which something is wrong: what is not nil stands instead of the method.
type wry struct {
	core.RegistryStore
	update func(ctx context.Context, below core.RegistryStore, name string, c core.ModelChange) (core.Model, error)
	model  func(ctx context.Context, below core.RegistryStore, name string) (core.Model, error)
	create func(ctx context.Context, below core.RegistryStore, model string, s core.VersionSpec) (core.Version, error)
	get    func(v core.Version) core.Version
}

func (w wry) Describe(ctx context.Context) (core.Info, error) {
	info, err := w.RegistryStore.Describe(ctx)
	info.Capabilities = core.CapabilitiesOf(w, core.SearchNative)
	return info, err
}

func (w wry) UpdateModel(ctx context.Context, name string, c core.ModelChange) (core.Model, error) {
	if w.update == nil {
		return w.RegistryStore.UpdateModel(ctx, name, c)
	}
	return w.update(ctx, w.RegistryStore, name, c)
}

func (w wry) Model(ctx context.Context, name string) (core.Model, error) {
	if w.model == nil {
		return w.RegistryStore.Model(ctx, name)
	}
	return w.model(ctx, w.RegistryStore, name)
}

func (w wry) CreateVersion(ctx context.Context, model string, s core.VersionSpec) (core.Version, error) {
	if w.create == nil {
		return w.RegistryStore.CreateVersion(ctx, model, s)
	}
	return w.create(ctx, w.RegistryStore, model, s)
}

func (w wry) Version(ctx context.Context, ref core.VersionRef) (core.Version, error) {
	v, err := w.RegistryStore.Version(ctx, ref)
	if w.get != nil {
		v = w.get(v)
	}
	return v, err
}

func dies(t *testing.T, h registrystore.Harness, id string) {
	t.Helper()
	if fault := mutants.Dies(t.Context(), registrystore.Suite(), h, id); fault != "" {
		t.Error(fault)
	}
}

func TestWryRegistriesFail(t *testing.T) {
	t.Parallel()
	var versions atomic.Int64
	for what, tt := range map[string]struct {
		id  string
		how wry
	}{
		"renaming what is gone makes it": {"RG-099", wry{update: func(ctx context.Context, below core.RegistryStore, name string, c core.ModelChange) (core.Model, error) {
			m, err := below.UpdateModel(ctx, name, c)
			if core.CodeOf(err) == core.NotFound && c.Name != nil {
				return below.Model(ctx, *c.Name)
			}
			return m, err
		}}},
		"failed without a try": {"RG-039", wry{create: func(ctx context.Context, below core.RegistryStore, model string, s core.VersionSpec) (core.Version, error) {
			v, err := below.CreateVersion(ctx, model, s)
			v.Status = core.VersionFailed
			return v, err
		}}},
		"a status of its own": {"RG-039", wry{
			create: func(ctx context.Context, below core.RegistryStore, model string, s core.VersionSpec) (core.Version, error) {
				v, err := below.CreateVersion(ctx, model, s)
				v.Status = core.VersionPending
				return v, err
			},
			get: func(v core.Version) core.Version { v.Status = 9; return v },
		}},
		"the source's number": {"RG-091", wry{create: func(ctx context.Context, below core.RegistryStore, model string, s core.VersionSpec) (core.Version, error) {
			v, err := below.CreateVersion(ctx, model, s)
			if s.Source != "s3://bucket/models/"+model {
				v.Number = 2
			}
			return v, err
		}}},
		"the more the slower": {"RG-104", wry{create: func(ctx context.Context, below core.RegistryStore, model string, s core.VersionSpec) (core.Version, error) {
			for n, began := versions.Add(1), time.Now(); time.Since(began) < time.Duration(n)*time.Microsecond; {
				continue
			}
			return below.CreateVersion(ctx, model, s)
		}}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dies(t, registrystore.Harness{Open: func(conformance.T) core.RegistryStore {
				how := tt.how
				how.RegistryStore = mem.NewRegistry()
				return how
			}}, tt.id)
		})
	}
}

// path is a way to a registry that does what a test makes of a fault.
type path struct {
	mu    sync.Mutex
	armed conformance.Fault
}

func (p *path) Break(f conformance.Fault) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = f
	return true
}

func (p *path) Heal() { p.Break("") }

func (p *path) is(f conformance.Fault) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.armed == f
}

func TestBadPathsFail(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		id  string
		how func(*path) wry
	}{
		"answers when it should not": {"RG-100", func(*path) wry { return wry{} }},
		"internal when it breaks": {"RG-100", func(p *path) wry {
			return wry{model: func(ctx context.Context, below core.RegistryStore, name string) (core.Model, error) {
				if p.is(conformance.Reset) {
					return core.Model{}, core.Errorf(core.Internal, "EOF")
				}
				return below.Model(ctx, name)
			}}
		}},
		"half a change": {"RG-103", func(p *path) wry {
			return wry{update: func(ctx context.Context, below core.RegistryStore, name string, c core.ModelChange) (core.Model, error) {
				if p.is(conformance.Reset) {
					c.Tags = core.TagChange{}
					_, _ = below.UpdateModel(ctx, name, c)
					return core.Model{}, core.Errorf(core.Unavailable, "the connection broke")
				}
				return below.UpdateModel(ctx, name, c)
			}}
		}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h := reference.Registry()
			h.Faults = func(t conformance.T, first core.RegistryStore) (core.RegistryStore, conformance.Faults) {
				p := &path{}
				how := tt.how(p)
				how.RegistryStore = h.Second(t, first)
				return how, p
			}
			dies(t, h, tt.id)
		})
	}
}

func TestReadOnlyThatWritesFails(t *testing.T) {
	t.Parallel()
	h := reference.Registry()
	h.ReadOnly = h.Second
	dies(t, h, "RG-115")
}

func TestRestartThatForgetsFails(t *testing.T) {
	t.Parallel()
	var restarts atomic.Int64
	dies(t, registrystore.Harness{
		Open: func(conformance.T) core.RegistryStore {
			return wry{RegistryStore: mem.NewRegistry(), create: func(ctx context.Context, below core.RegistryStore, model string, s core.VersionSpec) (core.Version, error) {
				v, err := below.CreateVersion(ctx, model, s)
				v.Number -= int(restarts.Load()) - 1 // it counts from 1 again
				return v, err
			}}
		},
		Restart: func(conformance.T, core.RegistryStore) { restarts.Add(1) },
	}, "RG-116")
}
