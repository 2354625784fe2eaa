package sqlstore

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// Edges of the table inputs, as MLflow writes them: from a dataset to the run that read it, from a run to a model that it
// read, and from a run to a model that it made.
const (
	datasetVertex = "DATASET"
	runVertex     = "RUN"
	runInput      = "RUN_INPUT"
	modelInput    = "MODEL_INPUT"
	runOutput     = "RUN_OUTPUT"
	modelOutput   = "MODEL_OUTPUT"
)

// fetchLineage adds the queries for what the runs read and made.
func (r *runs) fetchLineage(b *sqldb.Batch, d sqldb.Dialect, ids []string) {
	uses := map[string]map[string]string{} // the tags of the edges
	b.Query(sqldb.Each(func(rows sqldb.Rows) error {
		var input, name, value string
		if err := rows.Scan(&input, &name, &value); err != nil {
			return err
		}
		if uses[input] == nil {
			uses[input] = map[string]string{}
		}
		uses[input][name] = value
		return nil
	}), "SELECT t.input_uuid, t.name, t.value FROM inputs i JOIN input_tags t ON t.input_uuid = i.input_uuid "+
		"WHERE i.destination_type = 'RUN' AND i.source_type = 'DATASET' AND "+d.In("i.destination_id", 1), ids)
	b.Query(sqldb.Each(func(rows sqldb.Rows) error {
		var id, input string
		var use core.DatasetInput
		fields := append([]any{&id, &input}, datasetFields(&use.Dataset)...)
		if err := rows.Scan(fields...); err != nil {
			return err
		}
		use.Tags = uses[input]
		run := r.run(id)
		run.Inputs.Datasets = append(run.Inputs.Datasets, use)
		return nil
	}), "SELECT i.destination_id, i.input_uuid, "+datasetColumns+" FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id "+
		"WHERE i.destination_type = 'RUN' AND i.source_type = 'DATASET' AND "+d.In("i.destination_id", 1)+
		" ORDER BY d.name, d.digest", ids)
	b.Query(sqldb.Each(r.readModelEdge), "SELECT i.source_type, i.source_id, i.destination_id, i.step FROM inputs i "+
		"WHERE i.source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND "+d.In("i.source_id", 1)+" ORDER BY i.destination_id", ids)
}

const datasetColumns = "d.name, d.digest, d.dataset_source_type, d.dataset_source, COALESCE(d.dataset_schema, ''), " +
	"COALESCE(d.dataset_profile, '')"

func datasetFields(d *core.Dataset) []any {
	return []any{&d.Name, &d.Digest, &d.SourceType, &d.Source, &d.Schema, &d.Profile}
}

func (r *runs) readModelEdge(rows sqldb.Rows) error {
	var kind, id, model string
	var step int64
	if err := rows.Scan(&kind, &id, &model, &step); err != nil {
		return err
	}
	run := r.run(id)
	if kind == runInput {
		run.Inputs.Models = append(run.Inputs.Models, core.ModelID(model))
	} else {
		run.Outputs = append(run.Outputs, core.ModelOutput{ModelID: core.ModelID(model), Step: step})
	}
	return nil
}

// LogInputs adds datasets and models to what a run read.
func (t *Tracking) LogInputs(ctx context.Context, id core.RunID, in core.Inputs) (err error) {
	defer named(&err, "log inputs", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckRunID(id); err != nil {
		return err
	}
	if err := core.CheckInputs(in, t.limits); err != nil {
		return err
	}
	return t.db.Write(ctx, func(tx sqldb.Tx) error {
		row, err := t.lockActiveRun(ctx, tx, id)
		if err != nil {
			return err
		}
		return t.addInputs(ctx, tx, row, in)
	})
}

func (t *Tracking) lockActiveRun(ctx context.Context, tx sqldb.Tx, id core.RunID) (runRow, error) {
	row, err := t.lockRun(ctx, tx, id)
	if err != nil {
		return row, err
	}
	return row, checkLife("run", id, string(row.Lifecycle))
}

// datasetKey is what a dataset is known by within an experiment.
type datasetKey struct{ name, digest string }

// addInputs adds what the run does not have yet. A dataset that the experiment knows keeps its first source, schema and
// profile. The run must be locked.
func (t *Tracking) addInputs(ctx context.Context, tx sqldb.Tx, row runRow, in core.Inputs) error {
	uses := map[datasetKey]core.DatasetInput{}
	for _, use := range in.Datasets {
		key := datasetKey{use.Dataset.Name, use.Dataset.Digest}
		if _, twice := uses[key]; !twice {
			uses[key] = use
		}
	}
	keys := slices.SortedFunc(maps.Keys(uses), func(a, b datasetKey) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.digest, b.digest))
	})
	for _, key := range keys {
		if err := t.addDataset(ctx, tx, row, uses[key]); err != nil {
			return err
		}
	}
	models := make([]core.ModelOutput, len(in.Models))
	for i, id := range in.Models {
		models[i].ModelID = id
	}
	return t.addModels(ctx, tx, edges{runInput, row.ID, modelInput}, models)
}

// addDataset adds the dataset to the experiment, unless it is known there, and its use to the run likewise.
func (t *Tracking) addDataset(ctx context.Context, tx sqldb.Tx, row runRow, use core.DatasetInput) error {
	d := use.Dataset
	var dataset, edge string
	var known, added bool
	var b sqldb.Batch
	b.Exec("INSERT INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source, "+
		"dataset_schema, dataset_profile) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (experiment_id, name, digest) "+
		"DO NOTHING", newID(), row.experiment, d.Name, d.Digest, d.SourceType, d.Source, d.Schema, d.Profile)
	b.Query(sqldb.One(&known, &dataset),
		"SELECT dataset_uuid FROM datasets WHERE experiment_id = $1 AND name = $2 AND digest = $3", row.experiment, d.Name, d.Digest)
	if err := tx.Do(ctx, &b); err != nil {
		return err
	}
	if !known {
		return core.Errorf(core.Aborted, "the dataset %q was removed meanwhile", d.Name)
	}
	b = sqldb.Batch{}
	b.Query(sqldb.One(&added, &edge),
		"INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id, step) "+
			"VALUES ($1, 'DATASET', $2, 'RUN', $3, 0) ON CONFLICT (source_type, source_id, destination_type, destination_id) "+
			"DO NOTHING RETURNING input_uuid", newID(), dataset, string(row.ID))
	if err := tx.Do(ctx, &b); err != nil || !added {
		return err
	}
	c := columnsOf(use.Tags)
	_, err := tx.Insert(ctx, sqldb.Insert{
		Table: "input_tags",
		Columns: []sqldb.Column{
			{Name: "input_uuid", Type: "text", Values: repeated(edge, len(c.keys))},
			{Name: "name", Type: "text", Values: c.keys},
			{Name: "value", Type: "text", Values: c.values},
		},
	})
	return err
}

// newID is an id of 32 hexadecimal digits.
func newID() string { return string(core.NewRunID()) }

// edges are those of one kind that leave a run.
type edges struct {
	kind string
	from core.RunID
	to   string
}

// addModels adds edges to models; a known one stays as it is.
func (t *Tracking) addModels(ctx context.Context, tx sqldb.Tx, e edges, models []core.ModelOutput) error {
	steps := map[string]int64{}
	var targets sqldb.List[string]
	for _, m := range models {
		if _, twice := steps[string(m.ModelID)]; !twice {
			steps[string(m.ModelID)] = m.Step
			targets = append(targets, string(m.ModelID))
		}
	}
	slices.Sort(targets)
	var inputs sqldb.List[string]
	var at sqldb.List[int64]
	for _, id := range targets {
		inputs, at = append(inputs, newID()), append(at, steps[id])
	}
	n := len(targets)
	_, err := tx.Insert(ctx, sqldb.Insert{
		Table: "inputs",
		Columns: []sqldb.Column{
			{Name: "input_uuid", Type: "text", Values: inputs},
			{Name: "source_type", Type: "text", Values: repeated(e.kind, n)},
			{Name: "source_id", Type: "text", Values: repeated(string(e.from), n)},
			{Name: "destination_type", Type: "text", Values: repeated(e.to, n)},
			{Name: "destination_id", Type: "text", Values: targets},
			{Name: "step", Type: "bigint", Values: at},
		},
		Suffix: "ON CONFLICT (source_type, source_id, destination_type, destination_id) DO NOTHING",
	})
	return err
}

// LogOutputs adds models to what a run made.
func (t *Tracking) LogOutputs(ctx context.Context, id core.RunID, out []core.ModelOutput) (err error) {
	defer named(&err, "log outputs", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckRunID(id); err != nil {
		return err
	}
	if err := core.CheckOutputs(out); err != nil {
		return err
	}
	return t.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := t.lockActiveRun(ctx, tx, id); err != nil {
			return err
		}
		return t.addModels(ctx, tx, edges{runOutput, id, modelOutput}, out)
	})
}

// SearchDatasets lists the distinct uses of datasets in the experiments, by active and deleted runs.
func (t *Tracking) SearchDatasets(
	ctx context.Context, in []core.ExperimentID,
) (_ []core.DatasetSummary, err error) {
	defer named(&err, "search datasets", "")
	if err := t.read(ctx); err != nil {
		return nil, err
	}
	if err := core.CheckDatasetSearch(in); err != nil {
		return nil, err
	}
	const most = 1000
	var list []core.DatasetSummary
	var b sqldb.Batch
	b.Query(sqldb.Each(func(rows sqldb.Rows) error {
		var id int64
		var s core.DatasetSummary
		err := rows.Scan(&id, &s.Name, &s.Digest, &s.Context)
		s.ExperimentID = experimentID(id)
		list = append(list, s)
		return err
	}), "SELECT DISTINCT d.experiment_id, d.name, d.digest, COALESCE(t.value, '') FROM datasets d "+
		"JOIN inputs i ON i.source_type = 'DATASET' AND i.source_id = d.dataset_uuid AND i.destination_type = 'RUN' "+
		"LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = '"+core.DataContextTag+"' "+
		"WHERE "+t.db.Dialect().In("d.experiment_id", 1), t.numbers(in))
	if err := t.db.Fetch(ctx, &b); err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b core.DatasetSummary) int {
		return cmp.Or(
			cmp.Compare(a.ExperimentID, b.ExperimentID), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Context, b.Context),
		)
	})
	return list[:min(len(list), most)], nil
}

// numbers are the experiments' numbers; ids that the database cannot know are left out.
func (t *Tracking) numbers(in []core.ExperimentID) []int64 {
	var numbers []int64
	for _, id := range in {
		if n, ok := t.experimentNumber(id); ok {
			numbers = append(numbers, n)
		}
	}
	return numbers
}
