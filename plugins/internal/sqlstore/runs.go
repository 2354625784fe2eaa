package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// CreateRun creates a running run in an active experiment.
func (t *Tracking) CreateRun(ctx context.Context, in core.ExperimentID, spec core.RunSpec) (_ core.Run, err error) {
	defer named(&err, "create run", string(in))
	if err := t.change(ctx); err != nil {
		return core.Run{}, err
	}
	n, err := t.existing(in)
	if err != nil {
		return core.Run{}, err
	}
	if err := core.CheckRunSpec(spec, t.limits); err != nil {
		return core.Run{}, err
	}
	r := newRun(in, spec)
	created, err := t.createQuickly(ctx, n, &r)
	if err == nil && !created {
		created, err = t.createCarefully(ctx, n, &r)
	}
	switch {
	case err != nil:
		return core.Run{}, err
	case created:
		return r, nil
	}
	return t.createdBefore(ctx, r)
}

func newRun(in core.ExperimentID, spec core.RunSpec) core.Run {
	id, name := core.NewRunID(), spec.RunName()
	if spec.IdempotencyKey != "" {
		id = keyedRunID(spec.IdempotencyKey)
	}
	tags := map[string]string{}
	maps.Copy(tags, spec.Tags)
	tags[core.RunNameTag] = name
	return core.Run{
		RunInfo: core.RunInfo{
			ID: id, ExperimentID: in, Name: name, User: spec.User, Status: core.Running, StartTime: spec.StartTime,
			Lifecycle: core.Active,
		},
		RunData: core.RunData{Metrics: map[string]core.Metric{}, Params: map[string]string{}, Tags: tags},
	}
}

// keyedRunID makes the id of a run from its idempotency key, which MLflow's schema has no place for: a call that is
// repeated finds the run there.
func keyedRunID(key string) core.RunID {
	sum := sha256.Sum256([]byte("mlstore run\x00" + key))
	sum[6] = sum[6]&0x0f | 0x80 // version 8 and variant of RFC 9562
	sum[8] = sum[8]&0x3f | 0x80
	return core.RunID(hex.EncodeToString(sum[:16]))
}

// place puts the run's artifacts below the location of its experiment.
func place(r *core.Run, location string) {
	r.ArtifactURI = core.JoinLocation(location, string(r.ID), "artifacts")
}

// createQuickly creates the run in one statement, if the location of the experiment is known and still true. It reports
// whether it did.
func (t *Tracking) createQuickly(ctx context.Context, experiment int64, r *core.Run) (bool, error) {
	location, known := t.locations.get(experiment)
	if !known || t.db.Dialect() != sqldb.Postgres {
		return false, nil
	}
	place(r, location)
	tags := columnsOf(r.Tags)
	var created bool
	var one int64
	var b sqldb.Batch
	b.Query(sqldb.One(&created, &one), "WITH e AS MATERIALIZED (SELECT experiment_id FROM experiments WHERE experiment_id = $1 "+
		"AND lifecycle_stage = 'active' AND artifact_location = $2 FOR SHARE), "+
		"r AS ("+insertRun+" SELECT $3, $4, $5, $6::bigint, $7, 'UNKNOWN', '', '', '', 'RUNNING', 'active', e.experiment_id FROM e "+
		"ON CONFLICT (run_uuid) DO NOTHING RETURNING run_uuid) "+
		"INSERT INTO tags (run_uuid, key, value) SELECT r.run_uuid, t.key, t.value FROM r, "+
		"unnest($8::text[], $9::text[]) AS t(key, value) RETURNING 1",
		experiment, location, string(r.ID), r.Name, r.User, int64(r.StartTime), r.ArtifactURI, tags.keys.Array(),
		tags.values.Array())
	err := t.db.Apply(ctx, &b)
	return created, err
}

// insertRun is the beginning of a statement that inserts running runs.
const insertRun = "INSERT INTO runs (run_uuid, name, user_id, start_time, artifact_uri, source_type, source_name, " +
	"entry_point_name, source_version, status, lifecycle_stage, experiment_id)"

// createCarefully creates the run with the experiment locked. It reports whether it did: a run of the same idempotency key
// may be there.
func (t *Tracking) createCarefully(ctx context.Context, experiment int64, r *core.Run) (bool, error) {
	var created bool
	err := t.db.Write(ctx, func(tx sqldb.Tx) error {
		location, stage, err := t.shareExperiment(ctx, tx, experiment)
		if err != nil {
			return err
		}
		if err := checkLife("experiment", r.ExperimentID, stage); err != nil {
			return err
		}
		place(r, location)
		n, err := tx.Exec(ctx, insertRun+" VALUES ($1, $2, $3, $4, $5, 'UNKNOWN', '', '', '', 'RUNNING', 'active', $6) "+
			"ON CONFLICT (run_uuid) DO NOTHING",
			string(r.ID), r.Name, r.User, int64(r.StartTime), r.ArtifactURI, experiment)
		created = n > 0
		if err != nil || !created {
			return err
		}
		t.locations.set(experiment, location)
		b := sqldb.Batch{Last: true}
		b.Insert(t.db.Dialect(), runTags(r.ID, r.Tags))
		return tx.Do(ctx, &b)
	})
	return created, err
}

// shareExperiment reads the location and stage of an experiment, and keeps others from deleting it until the transaction
// ends.
func (t *Tracking) shareExperiment(ctx context.Context, tx sqldb.Tx, id int64) (location, stage string, err error) {
	var found bool
	var b sqldb.Batch
	sql := "SELECT COALESCE(artifact_location, ''), COALESCE(lifecycle_stage, 'active') FROM experiments WHERE experiment_id = $1"
	if t.db.Dialect() == sqldb.Postgres {
		sql += " FOR SHARE"
	}
	b.Query(sqldb.One(&found, &location, &stage), sql, id)
	if err := tx.Do(ctx, &b); err != nil {
		return "", "", err
	}
	if !found {
		return "", "", core.Missing("experiment", experimentID(id))
	}
	return location, stage, nil
}

// createdBefore returns the run that an earlier call with the same idempotency key created. One that cannot be the answer
// to this call is ErrAborted.
func (t *Tracking) createdBefore(ctx context.Context, asked core.Run) (core.Run, error) {
	r, err := t.run(ctx, asked.ID)
	if err != nil {
		return core.Run{}, err
	}
	if r.ExperimentID != asked.ExperimentID || r.StartTime != asked.StartTime || r.User != asked.User {
		return core.Run{}, &core.Error{
			Code: core.Aborted, Reason: core.ReasonResourceConflict, Key: string(r.ID),
			Err: fmt.Errorf("the idempotency key was used for another request before, which created the run %s", r.ID),
		}
	}
	return r, nil
}

// runTags sets tags of a run.
func runTags(id core.RunID, tags map[string]string) sqldb.Insert {
	c := columnsOf(tags)
	return sqldb.Insert{
		Table: "tags",
		Columns: []sqldb.Column{
			{Name: "run_uuid", Type: "text", Values: repeated(string(id), len(c.keys))},
			{Name: "key", Type: "text", Values: c.keys},
			{Name: "value", Type: "text", Values: c.values},
		},
		Suffix: onKnownTag,
	}
}

// onKnownTag gives a tag that is there its new value.
const onKnownTag = "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value"

// UpdateRun changes what is given, and returns the new state.
func (t *Tracking) UpdateRun(ctx context.Context, id core.RunID, change core.RunChange) (_ core.RunInfo, err error) {
	defer named(&err, "update run", string(id))
	if err := t.change(ctx); err != nil {
		return core.RunInfo{}, err
	}
	if err := core.CheckRunID(id); err != nil {
		return core.RunInfo{}, err
	}
	if err := core.CheckRunChange(change, t.limits); err != nil {
		return core.RunInfo{}, err
	}
	row, done, err := t.updateQuickly(ctx, id, change)
	switch {
	case err != nil:
		return core.RunInfo{}, err
	case done:
		return row.info()
	}
	err = t.db.Write(ctx, func(tx sqldb.Tx) error {
		var err error
		if row, err = t.lockRun(ctx, tx, id); err != nil {
			return err
		}
		if change.Lifecycle != "" {
			return moveRun(ctx, tx, &row, change.Lifecycle)
		}
		if err := checkLife("run", id, string(row.Lifecycle)); err != nil {
			return err
		}
		return t.changeRun(ctx, tx, &row, change)
	})
	if err != nil {
		return core.RunInfo{}, err
	}
	return row.info()
}

// moveRun deletes or restores the run; what is so already stays as it is (D-5).
func moveRun(ctx context.Context, tx sqldb.Tx, row *runRow, to core.Lifecycle) error {
	if row.Lifecycle == to {
		return nil
	}
	row.Lifecycle, row.DeletedAt = to, 0
	if to == core.Deleted {
		row.DeletedAt = core.Now()
	}
	b := sqldb.Batch{Last: true}
	b.Exec("UPDATE runs SET lifecycle_stage = $1, deleted_time = $2 WHERE run_uuid = $3",
		string(to), orNull(row.DeletedAt), string(row.ID))
	return tx.Do(ctx, &b)
}

// orNull is a time as the schema keeps it: NULL is none.
func orNull(m core.Millis) *int64 {
	if m == 0 {
		return nil
	}
	return (*int64)(&m)
}

func (t *Tracking) changeRun(ctx context.Context, tx sqldb.Tx, row *runRow, change core.RunChange) error {
	b := sqldb.Batch{Last: true}
	if change.Name != "" {
		row.Name = change.Name
		b.Insert(t.db.Dialect(), runTags(row.ID, map[string]string{core.RunNameTag: change.Name}))
	}
	if change.Status != 0 {
		row.status = change.Status.String()
	}
	if change.EndTime != nil {
		row.EndTime = *change.EndTime
	}
	b.Exec("UPDATE runs SET name = $1, status = $2, end_time = $3 WHERE run_uuid = $4",
		row.Name, row.status, orNull(row.EndTime), string(row.ID))
	return tx.Do(ctx, &b)
}

// ChangeRunTags sets and deletes tags of an active run.
func (t *Tracking) ChangeRunTags(ctx context.Context, id core.RunID, change core.TagChange) (err error) {
	defer named(&err, "change run tags", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckRunID(id); err != nil {
		return err
	}
	if err := core.CheckRunTagChange(change, t.limits); err != nil {
		return err
	}
	name, renames := change.Set[core.RunNameTag]
	if err := t.checkRunName(name); err != nil {
		return err
	}
	if len(change.Delete) == 0 {
		if done, err := t.setTagsQuickly(ctx, id, change.Set); done || err != nil {
			return err
		}
	}
	return t.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := t.lockActiveRun(ctx, tx, id); err != nil {
			return err
		}
		if err := deleteTags(ctx, tx, ownTags{"tags", "run_uuid", string(id)}, change.Delete); err != nil {
			return err
		}
		b := sqldb.Batch{Last: true}
		b.Insert(t.db.Dialect(), runTags(id, change.Set))
		if renames {
			b.Exec("UPDATE runs SET name = $1 WHERE run_uuid = $2", name, string(id))
		}
		return tx.Do(ctx, &b)
	})
}

// checkRunName refuses what a run cannot be named by its tag mlflow.runName: names are shorter than other tags.
func (t *Tracking) checkRunName(name string) error {
	return core.CheckRunChange(core.RunChange{Name: name}, t.limits)
}
