package http

import (
	"cmp"
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
	"github.com/mlstore/mlstore/rest"
)

// LogInputs adds what a run read.
func (t *Tracking) LogInputs(ctx context.Context, id core.RunID, in core.Inputs) error {
	return t.write(ctx, "log inputs", string(id), func(ctx context.Context) error {
		limits, err := t.limits(ctx)
		if err != nil {
			return err
		}
		if err := cmp.Or(core.CheckRunID(id), core.CheckInputs(in, limits)); err != nil {
			return err
		}
		err = t.call(ctx, restclient.Call{Endpoint: rest.RunsLogInputs, In: rest.LogInputsOf(id, in)})
		return t.whyRun(ctx, id, err)
	})
}

// LogOutputs adds what a run made.
func (t *Tracking) LogOutputs(ctx context.Context, id core.RunID, out []core.ModelOutput) error {
	return t.write(ctx, "log outputs", string(id), func(ctx context.Context) error {
		if err := cmp.Or(core.CheckRunID(id), core.CheckOutputs(out)); err != nil {
			return err
		}
		err := t.call(ctx, restclient.Call{Endpoint: rest.RunsLogOutputs, In: rest.LogOutputsOf(id, out)})
		return t.whyRun(ctx, id, err)
	})
}

// SearchDatasets lists the uses of datasets.
func (t *Tracking) SearchDatasets(ctx context.Context, in []core.ExperimentID) (uses []core.DatasetSummary, err error) {
	err = t.read(ctx, "search datasets", "", func(ctx context.Context) error {
		if err := core.CheckDatasetSearch(in); err != nil {
			return err
		}
		var found rest.DatasetsAnswer
		err := t.call(ctx, restclient.Call{
			Endpoint: rest.DatasetsSearch, Ajax: true, In: rest.SearchDatasets{ExperimentIDs: texts(in)}, Out: &found,
		})
		uses = found.Core()
		return err
	})
	return uses, err
}
