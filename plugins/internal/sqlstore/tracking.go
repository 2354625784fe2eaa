package sqlstore

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// Tracking is a core.TrackingStore with the abilities Lineage, LoggedModels, BulkHistory, SampledHistory, Importer and
// Purger. It is safe for concurrent use.
type Tracking struct {
	handle

	locations  locations
	grouped    group
	purges     purges
	hasDefault bool // the experiment "0" is there and active
}

// NewTracking makes a store on a database that has MLflow's schema. It adds the default experiment where that is missing,
// as MLflow does. Closing the store closes db.
func NewTracking(ctx context.Context, db sqldb.DB, o Options) (*Tracking, error) {
	t := &Tracking{handle: newHandle(db, o)}
	t.grouped = newGroup(db)
	t.purges.turn = make(chan struct{}, 1)
	return t, core.Do("look for the default experiment", "", t.ensureDefault(ctx))
}

// ensureDefault creates the experiment "0" unless it is there, deleted or not, or another one has its name. Many may do it
// at once.
func (t *Tracking) ensureDefault(ctx context.Context) error {
	found, err := t.findDefault(ctx)
	if err != nil || found || t.options.ReadOnly {
		return err
	}
	if err := t.createDefault(ctx); err != nil && !errors.Is(err, core.ErrExists) {
		return err
	}
	_, err = t.findDefault(ctx)
	return err
}

func (t *Tracking) findDefault(ctx context.Context) (found bool, err error) {
	var stage string
	var b sqldb.Batch
	b.Query(sqldb.One(&found, &stage), "SELECT COALESCE(lifecycle_stage, 'active') FROM experiments WHERE experiment_id = 0")
	err = t.db.Fetch(ctx, &b)
	t.hasDefault = core.Lifecycle(stage) == core.Active
	return found, err
}

func (t *Tracking) createDefault(ctx context.Context) error {
	now := core.Now()
	var b sqldb.Batch
	b.Exec(
		"INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time, "+
			"workspace) VALUES (0, $1, $2, 'active', $3, $4, 'default') ON CONFLICT (experiment_id) DO NOTHING",
		core.DefaultExperimentName, core.JoinLocation(t.options.ArtifactRoot, string(core.DefaultExperimentID)),
		int64(now), int64(now),
	)
	return t.db.Apply(ctx, &b)
}

// Describe says what the store promises: all but what the schema cannot hold.
func (t *Tracking) Describe(ctx context.Context) (_ core.Info, err error) {
	defer named(&err, "describe", t.options.Name)
	if err := t.read(ctx); err != nil {
		return core.Info{}, err
	}
	promises := trackingPromises()
	if t.hasDefault {
		promises = append(promises, core.DefaultExperiment)
	}
	return t.describe(t, promises...), nil
}

// trackingPromises are those that every database keeps.
func trackingPromises() []core.Capability {
	return []core.Capability{
		core.AtomicBatch, core.PagesKeyset, core.IdempotentCreate, core.HistoryMissingRun, core.SearchNative,
		core.MetricNaNOrder, core.ExperimentTagDelete, core.ModelStatusMessage,
	}
}

// experimentNumber is the number that the database knows an experiment by; false when it can know none of the id.
func (t *Tracking) experimentNumber(id core.ExperimentID) (int64, bool) {
	n, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil || n < 0 || t.db.Dialect() == sqldb.Postgres && n > math.MaxInt32 {
		return 0, false
	}
	return n, string(id) == strconv.FormatInt(n, 10)
}

// existing is experimentNumber for an experiment that must be there.
func (t *Tracking) existing(id core.ExperimentID) (int64, error) {
	if err := core.CheckExperimentID(id); err != nil {
		return 0, err
	}
	n, ok := t.experimentNumber(id)
	if !ok {
		return 0, core.Missing("experiment", id)
	}
	return n, nil
}

func experimentID(n int64) core.ExperimentID { return core.ExperimentID(strconv.FormatInt(n, 10)) }

// greatest writes the larger of two numbers.
func greatest(d sqldb.Dialect, a, b string) string {
	if d == sqldb.Postgres {
		return "GREATEST(" + a + ", " + b + ")"
	}
	return "max(" + a + ", " + b + ")"
}

// checkLife refuses what is not active.
func checkLife[K ~string](kind string, id K, stage string) error {
	if core.Lifecycle(stage) == core.Active {
		return nil
	}
	return core.State(id, "The %s %s must be in the 'active' state. Current state is %s.", kind, id, stage)
}

// tagColumns are the columns of a table of tags or params: sorted by key, so that all writers come in one order.
type tagColumns struct{ keys, values sqldb.List[string] }

func columnsOf(tags map[string]string) tagColumns {
	var c tagColumns
	for key := range tags {
		c.keys = append(c.keys, key)
	}
	slices.Sort(c.keys)
	for _, key := range c.keys {
		c.values = append(c.values, tags[key])
	}
	return c
}

// repeated is a column that says the same in every row.
func repeated[T string | int64](value T, rows int) sqldb.List[T] {
	return slices.Repeat(sqldb.List[T]{value}, rows)
}
