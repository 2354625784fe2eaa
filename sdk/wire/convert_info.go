package wire

import (
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

func pbInfo(i core.Info) *typesv1.Info {
	return &typesv1.Info{
		Name: i.Name, Version: i.Version, Contract: i.Contract, Capabilities: retype[string](i.Capabilities),
		Limits: pbLimits(i.Limits), ClockSkew: durationpb.New(i.ClockSkew), Settle: durationpb.New(i.Settle),
	}
}

func coreInfo(pb *typesv1.Info) core.Info {
	return core.Info{
		Name: pb.GetName(), Version: pb.GetVersion(), Contract: pb.GetContract(),
		Capabilities: retype[core.Capability](pb.GetCapabilities()), Limits: coreLimits(pb.GetLimits()),
		ClockSkew: pb.GetClockSkew().AsDuration(), Settle: pb.GetSettle().AsDuration(),
	}
}

func pbBound(b core.Bound) *typesv1.Bound {
	return &typesv1.Bound{Default: int64(b.Default), Max: int64(b.Max)}
}

func coreBound(pb *typesv1.Bound) core.Bound {
	return core.Bound{Default: int(pb.GetDefault()), Max: int(pb.GetMax())}
}

func pbLimits(l core.Limits) *typesv1.Limits {
	return &typesv1.Limits{
		ExperimentName: int64(l.ExperimentName), RunName: int64(l.RunName), Key: int64(l.Key), ParamValue: int64(l.ParamValue),
		RunTag: int64(l.RunTag), ExperimentTag: int64(l.ExperimentTag),
		BatchMetrics: int64(l.BatchMetrics), BatchParams: int64(l.BatchParams), BatchTags: int64(l.BatchTags),
		BatchTotal: int64(l.BatchTotal), DatasetName: int64(l.DatasetName), DatasetDigest: int64(l.DatasetDigest),
		DatasetSource: int64(l.DatasetSource), DatasetSchema: int64(l.DatasetSchema), DatasetProfile: int64(l.DatasetProfile),
		InputTagKey: int64(l.InputTagKey), InputTagValue: int64(l.InputTagValue),
		ModelName: int64(l.ModelName), RegistryTagKey: int64(l.RegistryTagKey), ModelTag: int64(l.ModelTag),
		VersionTag: int64(l.VersionTag), Alias: int64(l.Alias), ModelDesc: int64(l.ModelDesc),
		VersionSource: int64(l.VersionSource), LoggedModelName: int64(l.LoggedModelName),
		ExperimentPage: pbBound(l.ExperimentPage), RunPage: pbBound(l.RunPage), HistoryPage: pbBound(l.HistoryPage),
		SampledHistory: pbBound(l.SampledHistory), HistoryRuns: int64(l.HistoryRuns), ModelPage: pbBound(l.ModelPage),
		VersionPage: pbBound(l.VersionPage), LoggedPage: pbBound(l.LoggedPage), ArtifactPage: pbBound(l.ArtifactPage),
		LogPage: pbBound(l.LogPage), ArtifactSize: l.ArtifactSize,
	}
}

func coreLimits(pb *typesv1.Limits) core.Limits {
	return core.Limits{
		ExperimentName: int(pb.GetExperimentName()), RunName: int(pb.GetRunName()), Key: int(pb.GetKey()),
		ParamValue: int(pb.GetParamValue()), RunTag: int(pb.GetRunTag()), ExperimentTag: int(pb.GetExperimentTag()),
		BatchMetrics: int(pb.GetBatchMetrics()), BatchParams: int(pb.GetBatchParams()), BatchTags: int(pb.GetBatchTags()),
		BatchTotal: int(pb.GetBatchTotal()), DatasetName: int(pb.GetDatasetName()), DatasetDigest: int(pb.GetDatasetDigest()),
		DatasetSource: int(pb.GetDatasetSource()), DatasetSchema: int(pb.GetDatasetSchema()),
		DatasetProfile: int(pb.GetDatasetProfile()), InputTagKey: int(pb.GetInputTagKey()),
		InputTagValue: int(pb.GetInputTagValue()), ModelName: int(pb.GetModelName()),
		RegistryTagKey: int(pb.GetRegistryTagKey()), ModelTag: int(pb.GetModelTag()), VersionTag: int(pb.GetVersionTag()),
		Alias: int(pb.GetAlias()), ModelDesc: int(pb.GetModelDesc()), VersionSource: int(pb.GetVersionSource()),
		LoggedModelName: int(pb.GetLoggedModelName()), ExperimentPage: coreBound(pb.GetExperimentPage()),
		RunPage: coreBound(pb.GetRunPage()), HistoryPage: coreBound(pb.GetHistoryPage()),
		SampledHistory: coreBound(pb.GetSampledHistory()), HistoryRuns: int(pb.GetHistoryRuns()),
		ModelPage: coreBound(pb.GetModelPage()), VersionPage: coreBound(pb.GetVersionPage()),
		LoggedPage: coreBound(pb.GetLoggedPage()), ArtifactPage: coreBound(pb.GetArtifactPage()),
		LogPage: coreBound(pb.GetLogPage()), ArtifactSize: pb.GetArtifactSize(),
	}
}
