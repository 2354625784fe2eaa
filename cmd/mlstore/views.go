package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// The JSON of an entity has the field names of MLflow's REST API; times are milliseconds since the epoch.

type runView struct {
	Info    runInfoView  `json:"info"`
	Data    runDataView  `json:"data"`
	Inputs  *inputsView  `json:"inputs,omitempty"`
	Outputs []outputView `json:"outputs,omitempty"`
}

type runInfoView struct {
	RunID          core.RunID        `json:"run_id"`
	RunName        string            `json:"run_name"`
	ExperimentID   core.ExperimentID `json:"experiment_id"`
	UserID         string            `json:"user_id"`
	Status         string            `json:"status"`
	StartTime      core.Millis       `json:"start_time"`
	EndTime        *core.Millis      `json:"end_time"`
	ArtifactURI    string            `json:"artifact_uri"`
	LifecycleStage core.Lifecycle    `json:"lifecycle_stage"`
}

type runDataView struct {
	Metrics map[string]any    `json:"metrics"`
	Params  map[string]string `json:"params"`
	Tags    map[string]string `json:"tags"`
}

type inputsView struct {
	Datasets []datasetView  `json:"datasets,omitempty"`
	Models   []core.ModelID `json:"models,omitempty"`
}

type datasetView struct {
	Name   string            `json:"name"`
	Digest string            `json:"digest"`
	Tags   map[string]string `json:"tags,omitempty"`
}

type outputView struct {
	ModelID core.ModelID `json:"model_id"`
	Step    int64        `json:"step"`
}

func runObject(r core.Run) any {
	view := runView{
		Info: runInfoView{
			RunID: r.ID, RunName: r.Name, ExperimentID: r.ExperimentID, UserID: r.User, Status: r.Status.String(),
			StartTime: r.StartTime, ArtifactURI: r.ArtifactURI, LifecycleStage: r.Lifecycle,
		},
		Data: runDataView{Metrics: map[string]any{}, Params: filled(r.Params), Tags: filled(r.Tags)},
	}
	if r.EndTime != 0 {
		view.Info.EndTime = &r.EndTime
	}
	for key, m := range r.Metrics {
		view.Data.Metrics[key] = jsonNumber(m.Value)
	}
	for _, output := range r.Outputs {
		view.Outputs = append(view.Outputs, outputView{output.ModelID, output.Step})
	}
	var inputs inputsView
	for _, d := range r.Inputs.Datasets {
		inputs.Datasets = append(inputs.Datasets, datasetView{d.Dataset.Name, d.Dataset.Digest, d.Tags})
	}
	inputs.Models = r.Inputs.Models
	if len(inputs.Datasets)+len(inputs.Models) > 0 {
		view.Inputs = &inputs
	}
	return view
}

// runDetails shows a run as lines: what it is, then each thing that it logged.
func runDetails(r core.Run) listing[core.Run] {
	columns, _ := runColumns(nil) // no further ones, so no error
	add := func(name, text string) {
		columns = append(columns, column[core.Run]{name, func(core.Run) string { return text }})
	}
	add("end_time", stamp(r.EndTime))
	add("experiment_id", string(r.ExperimentID))
	add("lifecycle_stage", string(r.Lifecycle))
	add("artifact_uri", r.ArtifactURI)
	for _, key := range slices.Sorted(maps.Keys(r.Params)) {
		add("params."+key, r.Params[key])
	}
	for _, key := range slices.Sorted(maps.Keys(r.Metrics)) {
		add("metrics."+key, fmt.Sprintf("%s (step %d)", number(r.Metrics[key].Value), r.Metrics[key].Step))
	}
	for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
		add("tags."+key, r.Tags[key])
	}
	return listing[core.Run]{columns, runObject}
}

type metricView struct {
	Key       string      `json:"key"`
	Value     any         `json:"value"`
	Timestamp core.Millis `json:"timestamp"`
	Step      int64       `json:"step"`
}

func metricListing() listing[core.Metric] {
	return listing[core.Metric]{
		columns: []column[core.Metric]{
			{"step", func(m core.Metric) string { return strconv.FormatInt(m.Step, 10) }},
			{"timestamp", func(m core.Metric) string { return m.Timestamp.Time().Format("2006-01-02T15:04:05.000Z") }},
			{"value", func(m core.Metric) string { return number(m.Value) }},
		},
		object: func(m core.Metric) any { return metricView{m.Key, jsonNumber(m.Value), m.Timestamp, m.Step} },
	}
}

type experimentView struct {
	ExperimentID     core.ExperimentID `json:"experiment_id"`
	Name             string            `json:"name"`
	ArtifactLocation string            `json:"artifact_location"`
	LifecycleStage   core.Lifecycle    `json:"lifecycle_stage"`
	CreationTime     core.Millis       `json:"creation_time"`
	LastUpdateTime   core.Millis       `json:"last_update_time"`
	Tags             map[string]string `json:"tags"`
}

func experimentListing() listing[core.Experiment] {
	return listing[core.Experiment]{
		columns: []column[core.Experiment]{
			{"experiment_id", func(e core.Experiment) string { return string(e.ID) }},
			{"name", func(e core.Experiment) string { return e.Name }},
			{"lifecycle_stage", func(e core.Experiment) string { return string(e.Lifecycle) }},
			{"last_update_time", func(e core.Experiment) string { return stamp(e.UpdatedAt) }},
			{"artifact_location", func(e core.Experiment) string { return e.ArtifactLocation }},
		},
		object: func(e core.Experiment) any {
			return experimentView{e.ID, e.Name, e.ArtifactLocation, e.Lifecycle, e.CreatedAt, e.UpdatedAt, filled(e.Tags)}
		},
	}
}

func filled(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// number is the shortest text that gives the same value back.
func number(v float64) string {
	return strings.Replace(strconv.FormatFloat(v, 'g', -1, 64), "+Inf", "Inf", 1)
}

// jsonNumber is a number for JSON, which has no NaN and no infinity: those are texts, as in MLflow's REST API.
func jsonNumber(v float64) any {
	switch {
	case finite(v):
		return v
	case math.IsNaN(v):
		return "NaN"
	case v > 0:
		return "Infinity"
	}
	return "-Infinity"
}
