package rest

import "github.com/mlstore/mlstore/core"

// DatasetsSearch lists the datasets that an experiment's runs read.
const DatasetsSearch Endpoint = "POST /mlflow/experiments/search-datasets"

// Dataset is core.Dataset on the wire.
type Dataset struct {
	Name       string `json:"name" rest:"required"`
	Digest     string `json:"digest" rest:"required"`
	SourceType string `json:"source_type"`
	Source     string `json:"source"`
	Schema     string `json:"schema,omitempty"`
	Profile    string `json:"profile,omitempty"`
}

// DatasetInput is core.DatasetInput on the wire.
type DatasetInput struct {
	Tags    []Tag   `json:"tags,omitempty"`
	Dataset Dataset `json:"dataset" rest:"required"`
}

// ModelInput is a logged model that a run read.
type ModelInput struct {
	ModelID string `json:"model_id" rest:"required"`
}

// ModelOutput is core.ModelOutput on the wire.
type ModelOutput struct {
	ModelID string `json:"model_id" rest:"required"`
	Step    Int    `json:"step"`
}

// RunInputs is core.Inputs on the wire.
type RunInputs struct {
	DatasetInputs []DatasetInput `json:"dataset_inputs,omitempty"`
	ModelInputs   []ModelInput   `json:"model_inputs,omitempty"`
}

// RunOutputs is what a run made on the wire.
type RunOutputs struct {
	ModelOutputs []ModelOutput `json:"model_outputs,omitempty"`
}

// InputsOf puts what a run read on the wire.
func InputsOf(in core.Inputs) RunInputs {
	return RunInputs{DatasetInputs: datasetInputsOf(in.Datasets), ModelInputs: modelInputsOf(in.Models)}
}

func datasetInputsOf(uses []core.DatasetInput) []DatasetInput {
	var inputs []DatasetInput
	for _, use := range uses {
		inputs = append(inputs, DatasetInput{Tags: TagsOf(use.Tags), Dataset: Dataset(use.Dataset)})
	}
	return inputs
}

func modelInputsOf(ids []core.ModelID) []ModelInput {
	var inputs []ModelInput
	for _, id := range ids {
		inputs = append(inputs, ModelInput{string(id)})
	}
	return inputs
}

// Core takes what a run read from the wire.
func (in RunInputs) Core() core.Inputs { return inputs(in.DatasetInputs, in.ModelInputs) }

func inputs(datasets []DatasetInput, models []ModelInput) core.Inputs {
	var in core.Inputs
	for _, d := range datasets {
		in.Datasets = append(in.Datasets, core.DatasetInput{Dataset: core.Dataset(d.Dataset), Tags: TagMap(d.Tags)})
	}
	for _, m := range models {
		in.Models = append(in.Models, core.ModelID(m.ModelID))
	}
	return in
}

// OutputsOf puts what a run made on the wire.
func OutputsOf(out []core.ModelOutput) RunOutputs {
	var outputs RunOutputs
	for _, o := range out {
		outputs.ModelOutputs = append(outputs.ModelOutputs, ModelOutput{string(o.ModelID), Int(o.Step)})
	}
	return outputs
}

// Core takes what a run made from the wire.
func (out RunOutputs) Core() []core.ModelOutput { return modelOutputs(out.ModelOutputs) }

func modelOutputs(models []ModelOutput) []core.ModelOutput {
	var out []core.ModelOutput
	for _, m := range models {
		out = append(out, core.ModelOutput{ModelID: core.ModelID(m.ModelID), Step: int64(m.Step)})
	}
	return out
}

// LogInputs asks for RunsLogInputs.
type LogInputs struct {
	RunID    string         `json:"run_id" rest:"required"`
	Datasets []DatasetInput `json:"datasets,omitempty"`
	Models   []ModelInput   `json:"models,omitempty"`
}

// LogInputsOf puts inputs of a run on the wire.
func LogInputsOf(id core.RunID, in core.Inputs) LogInputs {
	return LogInputs{RunID: string(id), Datasets: datasetInputsOf(in.Datasets), Models: modelInputsOf(in.Models)}
}

// Inputs are those to log.
func (l LogInputs) Inputs() core.Inputs { return inputs(l.Datasets, l.Models) }

// LogOutputs asks for RunsLogOutputs. Models may be empty, but must be there.
type LogOutputs struct {
	RunID  string        `json:"run_id" rest:"required"`
	Models []ModelOutput `json:"models" rest:"required"`
}

// LogOutputsOf puts outputs of a run on the wire.
func LogOutputsOf(id core.RunID, out []core.ModelOutput) LogOutputs {
	models := OutputsOf(out).ModelOutputs
	if models == nil {
		models = []ModelOutput{}
	}
	return LogOutputs{RunID: string(id), Models: models}
}

// Outputs are those to log.
func (l LogOutputs) Outputs() []core.ModelOutput { return modelOutputs(l.Models) }

// SearchDatasets asks for DatasetsSearch.
type SearchDatasets struct {
	ExperimentIDs []string `json:"experiment_ids,omitempty"`
}

// DatasetSummary is core.DatasetSummary on the wire.
type DatasetSummary struct {
	ExperimentID string `json:"experiment_id"`
	Name         string `json:"name"`
	Digest       string `json:"digest"`
	Context      string `json:"context,omitempty"`
}

// DatasetsAnswer answers DatasetsSearch.
type DatasetsAnswer struct {
	DatasetSummaries []DatasetSummary `json:"dataset_summaries,omitempty"`
}

// DatasetsAnswerOf puts summaries on the wire.
func DatasetsAnswerOf(found []core.DatasetSummary) DatasetsAnswer {
	var answer DatasetsAnswer
	for _, d := range found {
		answer.DatasetSummaries = append(answer.DatasetSummaries, DatasetSummary{string(d.ExperimentID), d.Name, d.Digest, d.Context})
	}
	return answer
}

// Core takes summaries from the wire.
func (a DatasetsAnswer) Core() []core.DatasetSummary {
	var found []core.DatasetSummary
	for _, d := range a.DatasetSummaries {
		found = append(found, core.DatasetSummary{
			ExperimentID: core.ExperimentID(d.ExperimentID), Name: d.Name, Digest: d.Digest, Context: d.Context,
		})
	}
	return found
}
