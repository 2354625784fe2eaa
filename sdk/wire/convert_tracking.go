package wire

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

func pbExperiment(e core.Experiment) *typesv1.Experiment {
	return &typesv1.Experiment{
		Id: string(e.ID), Name: e.Name, ArtifactLocation: e.ArtifactLocation, Lifecycle: string(e.Lifecycle),
		CreatedAt: int64(e.CreatedAt), UpdatedAt: int64(e.UpdatedAt), Tags: e.Tags,
	}
}

func coreExperiment(pb *typesv1.Experiment) core.Experiment {
	return core.Experiment{
		ID: core.ExperimentID(pb.GetId()), Name: pb.GetName(), ArtifactLocation: pb.GetArtifactLocation(),
		Lifecycle: core.Lifecycle(pb.GetLifecycle()), CreatedAt: core.Millis(pb.GetCreatedAt()),
		UpdatedAt: core.Millis(pb.GetUpdatedAt()), Tags: mapped(pb.GetTags()),
	}
}

func pbRun(r core.Run) *typesv1.Run {
	return &typesv1.Run{
		Info: pbRunInfo(r.RunInfo), Metrics: pbLatest(r.Metrics), Params: r.Params, Tags: r.Tags,
		Inputs: pbInputs(r.Inputs), Outputs: each(r.Outputs, pbModelOutput),
	}
}

func coreRun(pb *typesv1.Run) (core.Run, error) {
	metrics, err := coreLatest(pb.GetMetrics())
	return core.Run{
		RunInfo: coreRunInfo(pb.GetInfo()),
		RunData: core.RunData{Metrics: metrics, Params: mapped(pb.GetParams()), Tags: mapped(pb.GetTags())},
		Inputs:  coreInputs(pb.GetInputs()), Outputs: each(pb.GetOutputs(), coreModelOutput),
	}, err
}

func pbRunInfo(i core.RunInfo) *typesv1.RunInfo {
	return &typesv1.RunInfo{
		Id: string(i.ID), ExperimentId: string(i.ExperimentID), Name: i.Name, User: i.User,
		Status: enum[typesv1.RunStatus](i.Status), StartTime: int64(i.StartTime), EndTime: int64(i.EndTime),
		ArtifactUri: i.ArtifactURI, Lifecycle: string(i.Lifecycle), DeletedAt: int64(i.DeletedAt),
	}
}

func coreRunInfo(pb *typesv1.RunInfo) core.RunInfo {
	return core.RunInfo{
		ID: core.RunID(pb.GetId()), ExperimentID: core.ExperimentID(pb.GetExperimentId()), Name: pb.GetName(),
		User: pb.GetUser(), Status: core.RunStatus(pb.GetStatus()), StartTime: core.Millis(pb.GetStartTime()),
		EndTime: core.Millis(pb.GetEndTime()), ArtifactURI: pb.GetArtifactUri(), Lifecycle: core.Lifecycle(pb.GetLifecycle()),
		DeletedAt: core.Millis(pb.GetDeletedAt()),
	}
}

// pbLatest puts the latest points into columns, in any order. The key of the map is that of the point.
func pbLatest(in map[string]core.Metric) *typesv1.MetricColumns {
	if len(in) == 0 {
		return nil
	}
	c := newColumns(len(in))
	c.pb.Keys, c.pb.Key = make([]string, 0, len(in)), make([]uint32, 0, len(in))
	for key, m := range in {
		c.pb.Key = append(c.pb.Key, uint32(len(c.pb.Keys)))
		c.pb.Keys = append(c.pb.Keys, key)
		c.addValue(&m)
	}
	return c.pb
}

func coreLatest(pb *typesv1.MetricColumns) (map[string]core.Metric, error) {
	points, err := coreMetrics(pb)
	if err != nil || len(points) == 0 {
		return nil, err
	}
	out := make(map[string]core.Metric, len(points))
	for _, m := range points {
		out[m.Key] = m
	}
	if len(out) != len(points) {
		return nil, malformed("%d latest points have %d keys", len(points), len(out))
	}
	return out, nil
}

func pbInputs(in core.Inputs) *typesv1.Inputs {
	if len(in.Datasets) == 0 && len(in.Models) == 0 {
		return nil
	}
	return &typesv1.Inputs{
		Datasets: each(in.Datasets, func(d core.DatasetInput) *typesv1.DatasetInput {
			return &typesv1.DatasetInput{Dataset: pbDataset(d.Dataset), Tags: d.Tags}
		}),
		Models: retype[string](in.Models),
	}
}

func coreInputs(pb *typesv1.Inputs) core.Inputs {
	return core.Inputs{
		Datasets: each(pb.GetDatasets(), func(d *typesv1.DatasetInput) core.DatasetInput {
			return core.DatasetInput{Dataset: coreDataset(d.GetDataset()), Tags: mapped(d.GetTags())}
		}),
		Models: retype[core.ModelID](pb.GetModels()),
	}
}

func pbDataset(d core.Dataset) *typesv1.Dataset {
	return &typesv1.Dataset{
		Name: d.Name, Digest: d.Digest, SourceType: d.SourceType, Source: d.Source, Schema: d.Schema, Profile: d.Profile,
	}
}

func coreDataset(pb *typesv1.Dataset) core.Dataset {
	return core.Dataset{
		Name: pb.GetName(), Digest: pb.GetDigest(), SourceType: pb.GetSourceType(), Source: pb.GetSource(),
		Schema: pb.GetSchema(), Profile: pb.GetProfile(),
	}
}

func pbModelOutput(o core.ModelOutput) *typesv1.ModelOutput {
	return &typesv1.ModelOutput{ModelId: string(o.ModelID), Step: o.Step}
}

func coreModelOutput(pb *typesv1.ModelOutput) core.ModelOutput {
	return core.ModelOutput{ModelID: core.ModelID(pb.GetModelId()), Step: pb.GetStep()}
}

func pbSummary(d core.DatasetSummary) *trackingv1.DatasetSummary {
	return &trackingv1.DatasetSummary{ExperimentId: string(d.ExperimentID), Name: d.Name, Digest: d.Digest, Context: d.Context}
}

func coreSummary(pb *trackingv1.DatasetSummary) core.DatasetSummary {
	return core.DatasetSummary{
		ExperimentID: core.ExperimentID(pb.GetExperimentId()), Name: pb.GetName(), Digest: pb.GetDigest(), Context: pb.GetContext(),
	}
}

func pbParam(p core.Param) *typesv1.Param { return &typesv1.Param{Key: p.Key, Value: p.Value} }

func coreParam(pb *typesv1.Param) core.Param {
	return core.Param{Key: pb.GetKey(), Value: pb.GetValue()}
}

func pbTag(t core.Tag) *typesv1.Tag { return &typesv1.Tag{Key: t.Key, Value: t.Value} }

func coreTag(pb *typesv1.Tag) core.Tag { return core.Tag{Key: pb.GetKey(), Value: pb.GetValue()} }
