package rest

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/mlstore/mlstore/core"
)

// GraphQL is a query of MLflow's web page.
type GraphQL struct {
	Query     string          `json:"query" rest:"required"`
	Variables json.RawMessage `json:"variables"`
}

// GraphQLAnswer answers it. Data is null where nothing can be answered.
type GraphQLAnswer struct {
	Data   map[string]any `json:"data"`
	Errors []string       `json:"errors"`
}

// The entities that the web page asks for, with every field that it knows: what it did not ask for it ignores. Numbers of 64
// bits are text, and each object says its type, as the page's cache wants it. Source: mlflow/server/graphql.

// GraphRun is a run.
type GraphRun struct {
	Type          string           `json:"__typename"`
	Info          graphRunInfo     `json:"info"`
	Experiment    *GraphExperiment `json:"experiment"`
	ModelVersions []graphVersion   `json:"modelVersions"`
	Data          graphRunData     `json:"data"`
	Inputs        graphInputs      `json:"inputs"`
	Outputs       graphOutputs     `json:"outputs"`
}

type graphRunInfo struct {
	Type           string `json:"__typename"`
	RunID          string `json:"runId"`
	RunUUID        string `json:"runUuid"`
	RunName        string `json:"runName"`
	ExperimentID   string `json:"experimentId"`
	UserID         string `json:"userId"`
	Status         string `json:"status"`
	StartTime      string `json:"startTime"`
	EndTime        string `json:"endTime"` // "0" until it has ended
	ArtifactURI    string `json:"artifactUri"`
	LifecycleStage string `json:"lifecycleStage"`
}

type graphRunData struct {
	Type    string        `json:"__typename"`
	Metrics []GraphMetric `json:"metrics"`
	Params  []graphTag    `json:"params"`
	Tags    []graphTag    `json:"tags"`
}

// GraphMetric is a point. JSON knows neither NaN nor the infinities, so that their values are null.
type GraphMetric struct {
	Type      string   `json:"__typename"`
	Key       string   `json:"key"`
	Value     *float64 `json:"value"`
	Timestamp string   `json:"timestamp"`
	Step      string   `json:"step"`
	RunID     string   `json:"runId"`
}

type graphTag struct {
	Type  string `json:"__typename"`
	Key   string `json:"key"`
	Value string `json:"value"`
}

// GraphExperiment is an experiment.
type GraphExperiment struct {
	Type             string     `json:"__typename"`
	ExperimentID     string     `json:"experimentId"`
	Name             string     `json:"name"`
	ArtifactLocation string     `json:"artifactLocation"`
	LifecycleStage   string     `json:"lifecycleStage"`
	LastUpdateTime   string     `json:"lastUpdateTime"`
	CreationTime     string     `json:"creationTime"`
	Tags             []graphTag `json:"tags"`
	Retention        string     `json:"effectiveTraceArchivalRetention"`
	Workspace        string     `json:"workspace"`
}

type graphVersion struct {
	Type              string        `json:"__typename"`
	Name              string        `json:"name"`
	Version           string        `json:"version"`
	CreationTimestamp string        `json:"creationTimestamp"`
	Status            VersionStatus `json:"status"`
	Source            string        `json:"source"`
}

type graphInputs struct {
	Type          string              `json:"__typename"`
	DatasetInputs []graphDatasetInput `json:"datasetInputs"`
	ModelInputs   []graphModel        `json:"modelInputs"`
}

type graphDatasetInput struct {
	Type    string       `json:"__typename"`
	Dataset graphDataset `json:"dataset"`
	Tags    []graphTag   `json:"tags"`
}

type graphDataset struct {
	Type       string `json:"__typename"`
	Name       string `json:"name"`
	Digest     string `json:"digest"`
	SourceType string `json:"sourceType"`
	Source     string `json:"source"`
	Schema     string `json:"schema"`
	Profile    string `json:"profile"`
}

type graphModel struct {
	Type    string `json:"__typename"`
	ModelID string `json:"modelId"`
	Step    string `json:"step,omitempty"`
}

type graphOutputs struct {
	Type         string       `json:"__typename"`
	ModelOutputs []graphModel `json:"modelOutputs"`
}

func long[I ~int64](i I) string { return strconv.FormatInt(int64(i), 10) }

// GraphExperimentOf puts an experiment on the page.
func GraphExperimentOf(e core.Experiment) GraphExperiment {
	return GraphExperiment{
		Type: "MlflowExperiment", ExperimentID: string(e.ID), Name: e.Name, ArtifactLocation: e.ArtifactLocation,
		LifecycleStage: string(e.Lifecycle), LastUpdateTime: long(e.UpdatedAt), CreationTime: long(e.CreatedAt),
		Tags: graphTags("MlflowExperimentTag", e.Tags), Workspace: "default",
	}
}

func graphTags(kind string, pairs map[string]string) []graphTag {
	tags := []graphTag{}
	for _, t := range TagsOf(pairs) {
		tags = append(tags, graphTag{kind, t.Key, t.Value})
	}
	return tags
}

// GraphRunOf puts a run on the page, with its experiment, which may be nil, and the versions that came of it.
func GraphRunOf(r core.Run, e *GraphExperiment, versions []core.Version) GraphRun {
	run := GraphRun{
		Type: "MlflowRunExtension", Experiment: e, ModelVersions: []graphVersion{},
		Info: graphRunInfo{
			Type: "MlflowRunInfo", RunID: string(r.ID), RunUUID: string(r.ID), RunName: r.Name, ExperimentID: string(r.ExperimentID),
			UserID: r.User, Status: r.Status.String(), StartTime: long(r.StartTime), EndTime: long(r.EndTime),
			ArtifactURI: r.ArtifactURI, LifecycleStage: string(r.Lifecycle),
		},
		Data: graphRunData{
			Type: "MlflowRunData", Metrics: []GraphMetric{}, Params: graphTags("MlflowParam", r.Params),
			Tags: graphTags("MlflowRunTag", r.Tags),
		},
		Inputs:  graphInputs{Type: "MlflowRunInputs", DatasetInputs: []graphDatasetInput{}, ModelInputs: []graphModel{}},
		Outputs: graphOutputs{Type: "MlflowRunOutputs", ModelOutputs: []graphModel{}},
	}
	for _, m := range RunOf(r).Data.Metrics { // which sorts them
		run.Data.Metrics = append(run.Data.Metrics, graphMetric("MlflowMetricExtension", m.RunMetric()))
	}
	for _, d := range r.Inputs.Datasets {
		run.Inputs.DatasetInputs = append(run.Inputs.DatasetInputs, graphDatasetInput{
			Type: "MlflowDatasetInput", Tags: graphTags("MlflowInputTag", d.Tags),
			Dataset: graphDataset{
				"MlflowDataset", d.Dataset.Name, d.Dataset.Digest, d.Dataset.SourceType, d.Dataset.Source, d.Dataset.Schema,
				d.Dataset.Profile,
			},
		})
	}
	for _, id := range r.Inputs.Models {
		run.Inputs.ModelInputs = append(run.Inputs.ModelInputs, graphModel{Type: "MlflowModelInput", ModelID: string(id)})
	}
	for _, o := range r.Outputs {
		run.Outputs.ModelOutputs = append(run.Outputs.ModelOutputs, graphModel{"MlflowModelOutput", string(o.ModelID), long(o.Step)})
	}
	for _, v := range versions {
		run.ModelVersions = append(run.ModelVersions, graphVersion{
			"MlflowModelVersion", v.Model, strconv.Itoa(v.Number), long(v.CreatedAt), VersionStatus(v.Status), v.Source,
		})
	}
	return run
}

// GraphMetricOf puts a point of a history on the page.
func GraphMetricOf(m core.RunMetric) GraphMetric { return graphMetric("MlflowMetricWithRunId", m) }

func graphMetric(kind string, m core.RunMetric) GraphMetric {
	metric := GraphMetric{
		Type: kind, Key: m.Key, Timestamp: long(m.Timestamp), Step: long(m.Step), RunID: string(m.RunID),
	}
	if !math.IsNaN(m.Value) && !math.IsInf(m.Value, 0) {
		metric.Value = &m.Value
	}
	return metric
}
