package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// Names in the store's root. hiddenName ends in ".trash", so that no MLflow takes it for an experiment.
const (
	trashName  = ".trash"
	modelsName = "models"
	tracesName = "traces"
	hiddenName = ".mlstore.trash"

	runJournals        = "runs"
	experimentJournals = "experiments"
	modelJournals      = "models"
	newRuns            = "new"
	indexName          = "index"
)

// Durability says what an acknowledged change survives.
type Durability int

const (
	// Durable changes have been flushed when a call returns: they survive a loss of power.
	Durable Durability = iota
	// Relaxed changes are flushed within a second and by Close: until then they survive the end of the process, but not a
	// loss of power.
	Relaxed
)

// TrackingOptions choose how a tracking store works. The zero value is usual.
type TrackingOptions struct {
	Durability Durability
	ReadOnly   bool          // every change is ErrPermission. What a crash has left half done is finished nevertheless
	Artifacts  string        // where the artifacts of new experiments go; the root itself when empty
	Report     func(Finding) // told of each malformed file or folder that is skipped; may be nil; must not block
}

// Tracking is a core.TrackingStore on a folder in MLflow's layout, with the abilities Lineage, LoggedModels, BulkHistory,
// SampledHistory, Importer and Purger. It is safe for concurrent use, and several processes may use one folder at once.
type Tracking struct {
	options TrackingOptions
	limits  core.Limits
	path    string // of the root: absolute
	boot    string

	life   context.Context //nolint:containedctx // ends with Close, and with it every call that runs
	end    context.CancelCauseFunc
	active sync.WaitGroup

	opening sync.Mutex
	open    bool // under opening, as are the next three until it is set
	info    core.Info
	top     *folder // the root
	store   *hidden

	mu          sync.Mutex
	closed      bool
	experiments map[core.ExperimentID]*experiment
	runs        map[core.RunID]*run
	models      map[core.ModelID]*model
	moved       map[string]movedState // by the folder of an experiment

	keeper keeper

	names gate // with the lock of the root: names of experiments

	histories historyCache
	datasets  datasetCache
	dirty     checkpoint
}

// NewTracking opens the folder root. A missing one is made, and in an empty one the default experiment, unless it is opened
// for reading only. What crashed processes have left half done is finished first.
func NewTracking(root string, o TrackingOptions) (*Tracking, error) {
	t, err := lazyTracking(root, o)
	if err == nil {
		err = t.ensureOpen()
	}
	if err != nil {
		return nil, core.Do("open", "file", err)
	}
	return t, nil
}

// lazyTracking is NewTracking, but touches nothing before the first call.
func lazyTracking(root string, o TrackingOptions) (*Tracking, error) {
	path, err := filepath.Abs(root)
	if err != nil {
		return nil, core.Invalid("uri", "the path of the store cannot be made absolute: %w", err)
	}
	life, end := context.WithCancelCause(context.Background())
	t := &Tracking{
		options: o, limits: core.DefaultLimits(), path: path, boot: bootID(),
		life: life, end: end, names: newGate(),
		experiments: map[core.ExperimentID]*experiment{}, runs: map[core.RunID]*run{},
		models: map[core.ModelID]*model{}, moved: map[string]movedState{},
	}
	if t.boot == "" {
		t.boot = "process " + string(core.NewRunID()) // a journal of any other process is then applied again
	}
	t.dirty.flush = t.checkpoint
	return t, nil
}

// ensureOpen opens the folder unless that has been done.
func (t *Tracking) ensureOpen() error {
	t.opening.Lock()
	defer t.opening.Unlock()
	if t.open {
		return nil
	}
	if err := t.openRoot(); err != nil {
		return err
	}
	if err := t.prepare(t.life); err != nil {
		t.store.close()
		t.top.close()
		return err
	}
	t.open = true
	return nil
}

func (t *Tracking) openRoot() error {
	if !t.options.ReadOnly {
		made, err := disk.Create(t.path)
		if err != nil {
			return err
		}
		_ = made.Close()
	}
	opened, err := os.OpenRoot(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return core.Missing("folder", filepath.Base(t.path))
	}
	if err != nil {
		return ioError("open", filepath.Base(t.path), err)
	}
	defer func() { _ = opened.Close() }()
	if t.top, err = openFolder(opened, "", "."); err != nil {
		return err
	}
	t.top.path = ""
	t.store = newHidden(t.top)
	return nil
}

// prepare finishes what is half done and makes the default experiment.
func (t *Tracking) prepare(ctx context.Context) error {
	if err := t.recoverAll(ctx); err != nil {
		return err
	}
	if err := t.ensureDefault(ctx); err != nil {
		return err
	}
	promises := []core.Capability{
		core.AtomicBatch, core.PagesKeyset, core.FloatInf, core.FloatNegativeZero, core.HistoryMissingRun,
		core.IdempotentCreate, core.SearchNative, core.MetricDataset, core.MetricNaNOrder, core.ExperimentTagDelete,
		core.ModelStatusMessage,
	}
	if e, err := t.findExperiment(core.DefaultExperimentID); err == nil && !e.trashed() {
		promises = append(promises, core.DefaultExperiment)
	}
	t.info = core.Info{
		Name: "file", Version: core.ContractVersion, Contract: core.ContractVersion,
		Capabilities: core.CapabilitiesOf(t, promises...), Limits: t.limits,
	}
	return nil
}

// Describe says what the store promises. DefaultExperiment is declared if that experiment was there at the opening.
func (t *Tracking) Describe(ctx context.Context) (_ core.Info, err error) {
	defer named(&err, "describe", "tracking")
	_, done, err := t.begin(ctx)
	if err != nil {
		return core.Info{}, err
	}
	defer done()
	info := t.info
	info.Capabilities = append([]core.Capability(nil), info.Capabilities...)
	return info, nil
}

// Close ends what runs, flushes what has not been and closes the folder.
func (t *Tracking) Close() error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return nil
	}
	t.closed = true
	t.mu.Unlock()
	t.end(core.Closed("file"))
	t.active.Wait()
	t.opening.Lock()
	defer t.opening.Unlock()
	if !t.open {
		return nil
	}
	t.keeper.close()
	err := errors.Join(t.dirty.close(), t.removeRetired())
	t.store.close()
	t.top.close()
	return core.Do("close", "file", err)
}

// begin starts a call: it ends when its own context does, or the store is closed.
func (t *Tracking) begin(ctx context.Context) (context.Context, func(), error) {
	if err := core.Interrupted(ctx); err != nil {
		return nil, nil, err
	}
	if !t.enter() {
		return nil, nil, core.Closed("file")
	}
	if err := t.ensureOpen(); err != nil {
		t.active.Done()
		return nil, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(t.life, func() { cancel(core.Closed("file")) })
	return ctx, func() {
		stop()
		cancel(nil)
		t.active.Done()
	}, nil
}

// enter counts a call in, unless the store is closed.
func (t *Tracking) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.active.Add(1)
	return true
}

// change is begin for a call that changes the store.
func (t *Tracking) change(ctx context.Context) (context.Context, func(), error) {
	ctx, done, err := t.begin(ctx)
	if err == nil && t.options.ReadOnly {
		done()
		return nil, nil, core.Errorf(core.PermissionDenied, "the file store is open for reading only")
	}
	return ctx, done, err
}

// named puts the operation and its key on an error on its way out.
func named(err *error, op, key string) { *err = core.Do(op, key, *err) }

// relaxed reports whether changes are flushed later.
func (t *Tracking) relaxed() bool { return t.options.Durability == Relaxed }

// isHidden reports whether a folder in the root is no experiment for MLflow.
func isHidden(name string) bool { return strings.HasSuffix(name, trashName) || name == modelsName }
