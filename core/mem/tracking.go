package mem

import (
	"context"
	"maps"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// Tracking is a core.TrackingStore with the abilities Lineage, LoggedModels, BulkHistory, SampledHistory, Importer, Purger
// and Accounts. It keeps every promise that the contract has for tracking stores. It is safe for concurrent use.
type Tracking struct {
	handle
	data *trackingData
}

// trackingData is what all handles of one store share. A lock is never held while foreign code runs.
type trackingData struct {
	mu           sync.RWMutex
	root         string // where the artifacts of new experiments go
	lastID       int    // the last experiment id given
	experiments  map[core.ExperimentID]*experiment
	byName       map[string]*experiment
	runs         map[core.RunID]*run
	loggedModels map[core.ModelID]*core.LoggedModel
	created      creations[core.RunID]
	accounts     accounts
}

// experiment is an experiment with what belongs to it.
type experiment struct {
	core.Experiment
	runs     map[core.RunID]*run
	datasets map[datasetKey]core.Dataset // as they were first logged
}

// run is a run with its histories. Its entity is always complete, so that a search reads it as it is.
type run struct {
	core.Run
	histories map[string]*history
}

// NewTracking makes an empty store, which has the default experiment alone.
func NewTracking() *Tracking { return openTracking(newTrackingData("mem:/")) }

func newTrackingData(root string) *trackingData {
	d := &trackingData{
		root:         root,
		experiments:  map[core.ExperimentID]*experiment{},
		byName:       map[string]*experiment{},
		runs:         map[core.RunID]*run{},
		loggedModels: map[core.ModelID]*core.LoggedModel{},
		accounts:     newAccounts(),
	}
	now := core.Now()
	d.addExperiment(core.Experiment{
		ID: core.DefaultExperimentID, Name: core.DefaultExperimentName,
		ArtifactLocation: core.JoinLocation(root, string(core.DefaultExperimentID)),
		Lifecycle:        core.Active, CreatedAt: now, UpdatedAt: now, Tags: map[string]string{},
	})
	return d
}

func openTracking(d *trackingData) *Tracking {
	return &Tracking{handle: newHandle("tracking"), data: d}
}

// Reopen returns a new handle on the same data.
func (t *Tracking) Reopen() *Tracking { return openTracking(t.data) }

// Describe says that the store keeps every promise for tracking stores.
func (t *Tracking) Describe(ctx context.Context) (_ core.Info, err error) {
	defer named(&err, "describe", t.kind)
	if err := t.read(ctx); err != nil {
		return core.Info{}, err
	}
	return t.describe(t,
		core.AtomicBatch, core.PagesKeyset, core.FloatInf, core.FloatNegativeZero, core.IdempotentCreate,
		core.HistoryMissingRun, core.SearchNative, core.DefaultExperiment, core.MetricDataset,
		core.MetricNaNOrder, core.ExperimentTagDelete, core.ModelStatusMessage,
	), nil
}

// experiment finds an active or deleted experiment. The lock must be held.
func (d *trackingData) experiment(id core.ExperimentID) (*experiment, error) {
	e, found := d.experiments[id]
	if !found {
		return nil, core.Missing("experiment", id)
	}
	return e, nil
}

// activeExperiment finds an experiment; a deleted one is ErrState. The lock must be held.
func (d *trackingData) activeExperiment(id core.ExperimentID) (*experiment, error) {
	e, err := d.experiment(id)
	if err != nil {
		return nil, err
	}
	if e.Lifecycle != core.Active {
		return nil, core.State(id, "The experiment %s must be in the 'active' state. Current state is deleted.", id)
	}
	return e, nil
}

// run finds an active or deleted run. The lock must be held.
func (d *trackingData) run(id core.RunID) (*run, error) {
	r, found := d.runs[id]
	if !found {
		return nil, core.Missing("run", id)
	}
	return r, nil
}

// activeRun finds a run; a deleted one is ErrState. The lock must be held.
func (d *trackingData) activeRun(id core.RunID) (*run, error) {
	r, err := d.run(id)
	if err != nil {
		return nil, err
	}
	if r.Lifecycle != core.Active {
		return nil, core.State(id, "The run %s must be in the 'active' state. Current state is deleted.", id)
	}
	return r, nil
}

// later is the present, but not before t: an entity's times never run backwards, even if the clock does.
func later(t core.Millis) core.Millis { return max(t, core.Now()) }

// copied returns a copy of a map that is never nil.
func copied[M ~map[K]V, K comparable, V any](m M) M {
	if m == nil {
		return M{}
	}
	return maps.Clone(m)
}

// applyTags changes tags; deleting an absent one is no error. The change must have been checked.
func applyTags(tags map[string]string, change core.TagChange) {
	maps.Copy(tags, change.Set)
	for _, key := range change.Delete {
		delete(tags, key)
	}
}

// applyTagsStrictly changes tags or, when one that is to be deleted is absent, leaves them as they are and is ErrNotFound.
func applyTagsStrictly(tags map[string]string, change core.TagChange) error {
	for _, key := range change.Delete {
		if _, found := tags[key]; !found {
			return core.Missing("tag", key)
		}
	}
	applyTags(tags, change)
	return nil
}
