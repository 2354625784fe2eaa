package mem

import (
	"cmp"
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// datasetKey is what a dataset is known by within an experiment.
type datasetKey struct{ name, digest string }

func keyOf(d core.Dataset) datasetKey { return datasetKey{d.Name, d.Digest} }

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
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	r, err := d.activeRun(id)
	if err != nil {
		return err
	}
	d.experiments[r.ExperimentID].addInputs(r, in)
	return nil
}

// addInputs adds what the run does not have yet. A dataset that the experiment knows keeps its first source, schema and
// profile.
func (e *experiment) addInputs(r *run, in core.Inputs) {
	for _, use := range in.Datasets {
		key := keyOf(use.Dataset)
		known := func(d core.DatasetInput) bool { return keyOf(d.Dataset) == key }
		if slices.ContainsFunc(r.Inputs.Datasets, known) {
			continue
		}
		first, found := e.datasets[key]
		if !found {
			first = use.Dataset
			e.datasets[key] = first
		}
		r.Inputs.Datasets = append(r.Inputs.Datasets, core.DatasetInput{Dataset: first, Tags: copied(use.Tags)})
	}
	for _, id := range in.Models {
		if !slices.Contains(r.Inputs.Models, id) {
			r.Inputs.Models = append(r.Inputs.Models, id)
		}
	}
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
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	r, err := d.activeRun(id)
	if err != nil {
		return err
	}
	r.addOutputs(out)
	return nil
}

func (r *run) addOutputs(out []core.ModelOutput) {
	for _, o := range out {
		known := func(other core.ModelOutput) bool { return other.ModelID == o.ModelID }
		if !slices.ContainsFunc(r.Outputs, known) {
			r.Outputs = append(r.Outputs, o)
		}
	}
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
	d := t.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	uses := map[core.DatasetSummary]bool{}
	for _, id := range in {
		if e, found := d.experiments[id]; found {
			e.addUses(uses)
		}
	}
	return sortedUses(uses), nil
}

func (e *experiment) addUses(uses map[core.DatasetSummary]bool) {
	for _, r := range e.runs {
		for _, use := range r.Inputs.Datasets {
			uses[core.DatasetSummary{
				ExperimentID: e.ID, Name: use.Dataset.Name, Digest: use.Dataset.Digest,
				Context: use.Tags[core.DataContextTag],
			}] = true
		}
	}
}

func sortedUses(uses map[core.DatasetSummary]bool) []core.DatasetSummary {
	const most = 1000
	list := make([]core.DatasetSummary, 0, len(uses))
	for use := range uses {
		list = append(list, use)
	}
	slices.SortFunc(list, func(a, b core.DatasetSummary) int {
		return cmp.Or(
			cmp.Compare(a.ExperimentID, b.ExperimentID), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Context, b.Context),
		)
	})
	return list[:min(len(list), most)]
}
