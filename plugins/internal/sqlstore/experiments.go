package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// CreateExperiment creates an active experiment; the database gives it the next number as its id.
func (t *Tracking) CreateExperiment(
	ctx context.Context, spec core.ExperimentSpec,
) (_ core.Experiment, err error) {
	defer named(&err, "create experiment", spec.Name)
	if err := t.change(ctx); err != nil {
		return core.Experiment{}, err
	}
	if err := core.CheckExperimentSpec(spec, t.limits); err != nil {
		return core.Experiment{}, err
	}
	now := core.Now()
	e := core.Experiment{
		Name: spec.Name, Lifecycle: core.Active, CreatedAt: now, UpdatedAt: now, Tags: map[string]string{},
	}
	maps.Copy(e.Tags, spec.Tags)
	const most = 100 // numbers that others chose, so that the sequence does not know of them
	for range most {
		var taken bool
		err = t.db.Write(ctx, func(tx sqldb.Tx) error {
			var err error
			taken, err = t.createExperiment(ctx, tx, &e, spec.ArtifactLocation)
			return err
		})
		if taken {
			return core.Experiment{}, core.Exists("experiment", spec.Name)
		}
		if !errors.Is(err, core.ErrExists) {
			break
		}
	}
	if err != nil {
		return core.Experiment{}, err
	}
	return e, nil
}

// createExperiment inserts the experiment and then, since a location that the store chooses ends with the id, its location.
// It reports whether the name is taken.
func (t *Tracking) createExperiment(
	ctx context.Context, tx sqldb.Tx, e *core.Experiment, location string,
) (taken bool, err error) {
	var found bool
	var id int64
	var insert sqldb.Batch
	insert.Query(sqldb.One(&found, &id),
		"INSERT INTO experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time, workspace) "+
			"VALUES ($1, $2, 'active', $3, $4, 'default') ON CONFLICT (workspace, name) DO NOTHING RETURNING experiment_id",
		e.Name, location, int64(e.CreatedAt), int64(e.UpdatedAt))
	if err := tx.Do(ctx, &insert); err != nil || !found {
		return err == nil, err
	}
	e.ID = experimentID(id)
	e.ArtifactLocation = cmp.Or(location, core.JoinLocation(t.options.ArtifactRoot, string(e.ID)))
	rest := sqldb.Batch{Last: true}
	if location == "" {
		rest.Exec("UPDATE experiments SET artifact_location = $1 WHERE experiment_id = $2", e.ArtifactLocation, id)
	}
	rest.Insert(t.db.Dialect(), experimentTags(id, e.Tags))
	return false, tx.Do(ctx, &rest)
}

// experimentTags sets tags of an experiment.
func experimentTags(id int64, tags map[string]string) sqldb.Insert {
	c := columnsOf(tags)
	return sqldb.Insert{
		Table: "experiment_tags",
		Columns: []sqldb.Column{
			{Name: "experiment_id", Type: "int", Values: repeated(id, len(c.keys))},
			{Name: "key", Type: "text", Values: c.keys},
			{Name: "value", Type: "text", Values: c.values},
		},
		Suffix: "ON CONFLICT (key, experiment_id) DO UPDATE SET value = excluded.value",
	}
}

// experimentColumns are what readExperiment reads, of the table experiments as e.
const experimentColumns = "e.experiment_id, e.name, COALESCE(e.artifact_location, ''), COALESCE(e.lifecycle_stage, 'active'), " +
	"COALESCE(e.creation_time, 0), COALESCE(e.last_update_time, 0)"

func experimentFields(e *core.Experiment, id *int64) []any {
	return []any{
		id, &e.Name, &e.ArtifactLocation, (*string)(&e.Lifecycle), (*int64)(&e.CreatedAt), (*int64)(&e.UpdatedAt),
	}
}

// Experiment finds an active or deleted experiment by id or name.
func (t *Tracking) Experiment(ctx context.Context, ref core.ExperimentRef) (_ core.Experiment, err error) {
	defer named(&err, "get experiment", string(ref.ID)+ref.Name)
	none := core.Experiment{}
	if err := t.read(ctx); err != nil {
		return none, err
	}
	if err := core.CheckExperimentRef(ref); err != nil {
		return none, err
	}
	where, arg := "e.name = $1 AND e.workspace = 'default'", any(ref.Name)
	if ref.ID != "" {
		id, err := t.existing(ref.ID)
		if err != nil {
			return none, err
		}
		where, arg = "e.experiment_id = $1", id
	}
	e := core.Experiment{Tags: map[string]string{}}
	var id int64
	var found bool
	var b sqldb.Batch
	b.Query(sqldb.One(&found, experimentFields(&e, &id)...), "SELECT "+experimentColumns+" FROM experiments e WHERE "+where, arg)
	b.Query(readPairs(e.Tags), "SELECT t.key, COALESCE(t.value, '') FROM experiment_tags t JOIN experiments e "+
		"ON e.experiment_id = t.experiment_id WHERE "+where, arg)
	if err := t.db.Fetch(ctx, &b); err != nil {
		return none, err
	}
	if !found {
		return none, core.Missing("experiment", string(ref.ID)+ref.Name)
	}
	e.ID = experimentID(id)
	return e, nil
}

// readPairs reads keys and values into a map.
func readPairs(into map[string]string) func(sqldb.Rows) error {
	return sqldb.Each(func(rows sqldb.Rows) error {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return err
		}
		into[key] = value
		return nil
	})
}

// UpdateExperiment renames, deletes or restores an experiment.
func (t *Tracking) UpdateExperiment(
	ctx context.Context, id core.ExperimentID, change core.ExperimentChange,
) (err error) {
	defer named(&err, "update experiment", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	n, err := t.existing(id)
	if err != nil {
		return err
	}
	if err := core.CheckExperimentChange(change, t.limits); err != nil {
		return err
	}
	if id == core.DefaultExperimentID && change.Lifecycle == core.Deleted {
		return errDefaultExperiment()
	}
	return t.db.Write(ctx, func(tx sqldb.Tx) error {
		stage, err := t.lockExperiment(ctx, tx, n)
		if err != nil {
			return err
		}
		if change.Name != nil {
			return t.renameExperiment(ctx, tx, n, stage, *change.Name)
		}
		return t.moveExperiment(ctx, tx, n, stage, change.Lifecycle)
	})
}

func errDefaultExperiment() error {
	return core.State(core.DefaultExperimentID, "Cannot delete the default experiment '%s'. This is an internally "+
		"reserved experiment.", core.DefaultExperimentID)
}

// lockExperiment locks the experiment until the transaction ends, and returns its stage of life.
func (t *Tracking) lockExperiment(ctx context.Context, tx sqldb.Tx, id int64) (string, error) {
	var stage string
	var found bool
	var b sqldb.Batch
	b.Query(sqldb.One(&found, &stage), "SELECT COALESCE(lifecycle_stage, 'active') FROM experiments WHERE experiment_id = $1"+
		t.db.Dialect().ForUpdate(), id)
	if err := tx.Do(ctx, &b); err != nil {
		return "", err
	}
	if !found {
		return "", core.Missing("experiment", experimentID(id))
	}
	return stage, nil
}

func (t *Tracking) renameExperiment(ctx context.Context, tx sqldb.Tx, id int64, stage, name string) error {
	if err := checkLife("experiment", experimentID(id), stage); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE experiments SET name = $1, last_update_time = "+
		greatest(t.db.Dialect(), "COALESCE(last_update_time, 0)", "$2")+" WHERE experiment_id = $3 AND name <> $1",
		name, int64(core.Now()), id)
	if errors.Is(err, core.ErrExists) {
		return core.Exists("experiment", name)
	}
	return err
}

// moveExperiment deletes or restores an experiment with all its runs (D-4). The runs are locked in the order in which
// others lock several.
func (t *Tracking) moveExperiment(ctx context.Context, tx sqldb.Tx, id int64, stage string, to core.Lifecycle) error {
	if core.Lifecycle(stage) == to { // D-5
		return &core.Error{
			Code: core.NotFound, Key: string(experimentID(id)),
			Err: fmt.Errorf("experiment \"%d\" is %s already", id, to),
		}
	}
	now := int64(core.Now())
	deleted := &now
	if to == core.Active {
		deleted = nil
	}
	d := t.db.Dialect()
	b := sqldb.Batch{Last: true}
	b.Exec("UPDATE experiments SET lifecycle_stage = $1, last_update_time = "+
		greatest(d, "COALESCE(last_update_time, 0)", "$2")+" WHERE experiment_id = $3", string(to), now, id)
	if d == sqldb.Postgres {
		b.Exec("SELECT run_uuid FROM runs WHERE experiment_id = $1 ORDER BY run_uuid"+d.ForUpdate(), id)
	}
	b.Exec("UPDATE runs SET lifecycle_stage = $1, deleted_time = $2 WHERE experiment_id = $3", string(to), deleted, id)
	return tx.Do(ctx, &b)
}

// ChangeExperimentTags sets and deletes tags of an active experiment.
func (t *Tracking) ChangeExperimentTags(
	ctx context.Context, id core.ExperimentID, change core.TagChange,
) (err error) {
	defer named(&err, "change experiment tags", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	n, err := t.existing(id)
	if err != nil {
		return err
	}
	if err := core.CheckExperimentTagChange(change, t.limits); err != nil {
		return err
	}
	return t.db.Write(ctx, func(tx sqldb.Tx) error {
		stage, err := t.lockExperiment(ctx, tx, n)
		if err != nil {
			return err
		}
		if err := checkLife("experiment", id, stage); err != nil {
			return err
		}
		if err := deleteTags(ctx, tx, ownTags{"experiment_tags", "experiment_id", n}, change.Delete); err != nil {
			return err
		}
		b := sqldb.Batch{Last: true}
		b.Insert(t.db.Dialect(), experimentTags(n, change.Set))
		return tx.Do(ctx, &b)
	})
}

// ownTags names the tags of one item: their table, and the column and value that say whose they are.
type ownTags struct {
	table, column string
	owner         any
}

// deleteTags deletes tags; one that is absent is ErrNotFound.
func deleteTags(ctx context.Context, tx sqldb.Tx, of ownTags, keys []string) error {
	for _, key := range sortedKeys(keys) {
		n, err := tx.Exec(ctx, "DELETE FROM "+of.table+" WHERE "+of.column+" = $1 AND key = $2", of.owner, key)
		if err != nil {
			return err
		}
		if n == 0 {
			return core.Missing("tag", key)
		}
	}
	return nil
}
