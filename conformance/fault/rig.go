package fault

import (
	"context"
	"io"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Rig decorates what an opener opens: its stores do what the names of things ask for (Word), and else what the store below
// does. Make it with NewRig on the side of the store, in the plugin's process when there is one.
type Rig struct {
	// Where Stdout and Stderr print; nil is the process's own. Set them before the first call.
	Out, Err io.Writer

	inner core.Opener
	desk  *desk
}

// NewRig rigs all stores of an opener. They share what they know of calls that wait.
func NewRig(inner core.Opener) *Rig {
	return &Rig{inner: inner, desk: &desk{floods: map[string]*flood{}, waits: map[string]string{}}}
}

// Open opens the stores below and rigs them.
func (r *Rig) Open(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
	b, err := r.inner.Open(ctx, request)
	if err != nil {
		return core.Backend{}, err
	}
	r.desk.prepare(r.Out, r.Err)
	if b.Tracking != nil {
		b.Tracking = rigTracking{b.Tracking, r.desk}
	}
	if b.Artifacts != nil {
		b.Artifacts = rigArtifacts{b.Artifacts, r.desk}
	}
	if b.Registry != nil {
		b.Registry = rigRegistry{b.Registry, r.desk}
	}
	if b.Projects != nil {
		b.Projects = rigProjects{b.Projects, r.desk}
	}
	return b, nil
}

type rigTracking struct {
	core.TrackingStore
	desk *desk
}

func (r rigTracking) Ability(target any) bool { return PassOn(target, r.TrackingStore) }

func (r rigTracking) Run(ctx context.Context, id core.RunID) (core.Run, error) {
	if status, strange := strangeStatus(string(id)); strange {
		return core.Run{RunInfo: core.RunInfo{ID: id, ExperimentID: "0", Status: status, Lifecycle: core.Active}}, nil
	}
	if err := r.desk.obey(ctx, string(id)); err != nil {
		return core.Run{}, err
	}
	return r.TrackingStore.Run(ctx, id)
}

type rigArtifacts struct {
	core.ArtifactRepository
	desk *desk
}

func (r rigArtifacts) Ability(target any) bool { return PassOn(target, r.ArtifactRepository) }

func (r rigArtifacts) Stat(ctx context.Context, path string) (core.Artifact, error) {
	if do, _, _ := parse(path); do == Floods { // whoever asks before opening shall find a file
		return core.Artifact{Path: path, Size: 1 << 40}, nil
	}
	if err := r.desk.obey(ctx, path); err != nil {
		return core.Artifact{}, err
	}
	return r.ArtifactRepository.Stat(ctx, path)
}

func (r rigArtifacts) Open(ctx context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	if do, token, _ := parse(path); do == Floods {
		return r.desk.flood(token).reader(ctx), nil
	}
	return r.ArtifactRepository.Open(ctx, path, o)
}

type rigRegistry struct {
	core.RegistryStore
	desk *desk
}

func (r rigRegistry) Ability(target any) bool { return PassOn(target, r.RegistryStore) }

func (r rigRegistry) Model(ctx context.Context, name string) (core.Model, error) {
	if err := r.desk.obey(ctx, name); err != nil {
		return core.Model{}, err
	}
	return r.RegistryStore.Model(ctx, name)
}

type rigProjects struct {
	core.ProjectBackend
	desk *desk
}

func (r rigProjects) Ability(target any) bool { return PassOn(target, r.ProjectBackend) }

func (r rigProjects) Job(ctx context.Context, id core.JobID) (core.Job, error) {
	if status, strange := strangeStatus(string(id)); strange {
		return core.Job{ID: id, Status: status, SubmittedAt: 1}, nil
	}
	if err := r.desk.obey(ctx, string(id)); err != nil {
		return core.Job{}, err
	}
	return r.ProjectBackend.Job(ctx, id)
}

func strangeStatus(name string) (core.RunStatus, bool) {
	do, status, _ := parse(name)
	return core.RunStatus(number(status)), do == Strange
}

// PassOn is the body of the Ability hook of a decorator that has the abilities of the store below.
func PassOn(target any, below core.Store) bool {
	if hook, ok := below.(core.Abler); ok {
		return hook.Ability(target)
	}
	slot := reflect.ValueOf(target).Elem()
	if !reflect.TypeOf(below).Implements(slot.Type()) {
		return false
	}
	slot.Set(reflect.ValueOf(below))
	return true
}

// desk carries out words.
type desk struct {
	once     sync.Once
	out, err io.Writer

	mu     sync.Mutex
	waits  map[string]string // token to state
	floods map[string]*flood
}

// prepare sets where to print, before the first call.
func (d *desk) prepare(out, err io.Writer) {
	d.once.Do(func() {
		if d.out = out; out == nil {
			d.out = os.Stdout
		}
		if d.err = err; err == nil {
			d.err = os.Stderr
		}
	})
}

// obey does what the name asks for, and returns nil when it asks for nothing.
func (d *desk) obey(ctx context.Context, name string) error {
	do, argument, ok := parse(name)
	if !ok {
		return nil
	}
	switch do {
	case Fails:
		return Sample(core.Code(number(argument)))
	case Panics:
		panic("the rig was asked to panic")
	case Waits:
		d.setWait(argument, "running")
		<-ctx.Done()
		d.setWait(argument, "ended")
		return core.Interrupted(ctx)
	case Waited:
		return told("state", d.wait(argument))
	case Deadline:
		return told("left", left(ctx))
	case Stdout:
		return spill(d.out, number(argument))
	case Stderr:
		return spill(d.err, number(argument))
	case Flooded:
		f := d.flood(argument)
		return told("bytes", strconv.FormatInt(f.bytes.Load(), 10), "open", strconv.FormatInt(f.open.Load(), 10))
	case Floods, Strange: // where they mean something, they do not come here
	}
	return nil
}

func (d *desk) setWait(token, state string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waits[token] = state
}

func (d *desk) wait(token string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if state, ok := d.waits[token]; ok {
		return state
	}
	return "unknown"
}

func left(ctx context.Context) string {
	deadline, ok := ctx.Deadline()
	if !ok {
		return "none"
	}
	return strconv.FormatInt(time.Until(deadline).Milliseconds(), 10)
}

// spill prints lines of 64 bytes.
func spill(to io.Writer, kib int) error {
	block := []byte(strings.Repeat(strings.Repeat("x", 63)+"\n", 16))
	for range kib {
		if _, err := to.Write(block); err != nil {
			return core.Do("rig", "", err)
		}
	}
	return told("printed", strconv.Itoa(kib))
}

func (d *desk) flood(token string) *flood {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.floods[token] == nil {
		d.floods[token] = &flood{}
	}
	return d.floods[token]
}

// flood is a file without an end, which counts what is read of it.
type flood struct{ bytes, open atomic.Int64 }

func (f *flood) reader(ctx context.Context) io.ReadCloser {
	f.open.Add(1)
	return &flow{flood: f, ctx: ctx}
}

type flow struct {
	flood  *flood
	ctx    context.Context //nolint:containedctx // the reader of a call belongs to the call
	closed atomic.Bool
}

func (f *flow) Read(p []byte) (int, error) {
	if err := core.Interrupted(f.ctx); err != nil {
		return 0, err
	}
	clear(p)
	f.flood.bytes.Add(int64(len(p)))
	return len(p), nil
}

func (f *flow) Close() error {
	if !f.closed.Swap(true) {
		f.flood.open.Add(-1)
	}
	return nil
}
