package wire

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

func pbLoggedModel(m core.LoggedModel) *typesv1.LoggedModel {
	return &typesv1.LoggedModel{
		Id: string(m.ID), ExperimentId: string(m.ExperimentID), Name: m.Name, Type: m.Type, SourceRunId: string(m.SourceRunID),
		ArtifactUri: m.ArtifactURI, Status: enum[typesv1.ModelStatus](m.Status), StatusMessage: m.StatusMessage,
		Lifecycle: string(m.Lifecycle), CreatedAt: int64(m.CreatedAt), UpdatedAt: int64(m.UpdatedAt),
		Params: m.Params, Tags: m.Tags, Metrics: pbRunMetrics(m.Metrics),
	}
}

func coreLoggedModel(pb *typesv1.LoggedModel) (core.LoggedModel, error) {
	metrics, err := coreRunMetrics(pb.GetMetrics())
	return core.LoggedModel{
		ID: core.ModelID(pb.GetId()), ExperimentID: core.ExperimentID(pb.GetExperimentId()), Name: pb.GetName(),
		Type: pb.GetType(), SourceRunID: core.RunID(pb.GetSourceRunId()), ArtifactURI: pb.GetArtifactUri(),
		Status: core.ModelStatus(pb.GetStatus()), StatusMessage: pb.GetStatusMessage(),
		Lifecycle: core.Lifecycle(pb.GetLifecycle()), CreatedAt: core.Millis(pb.GetCreatedAt()),
		UpdatedAt: core.Millis(pb.GetUpdatedAt()), Params: mapped(pb.GetParams()), Tags: mapped(pb.GetTags()), Metrics: metrics,
	}, err
}

func pbLoggedQuery(q core.LoggedModelQuery) *trackingv1.SearchLoggedModelsRequest {
	return &trackingv1.SearchLoggedModelsRequest{
		ExperimentIds: retype[string](q.Experiments), Filter: q.Filter, Page: pbPage(q.PageOptions),
		View: enum[typesv1.View](q.View),
		Datasets: each(q.Datasets, func(d core.DatasetRef) *trackingv1.DatasetRef {
			return &trackingv1.DatasetRef{Name: d.Name, Digest: d.Digest}
		}),
		OrderBy: each(q.OrderBy, func(o core.LoggedModelOrder) *trackingv1.LoggedModelOrder {
			return &trackingv1.LoggedModelOrder{
				Field: o.Field, Descending: o.Descending, DatasetName: o.DatasetName, DatasetDigest: o.DatasetDigest,
			}
		}),
	}
}

func coreLoggedQuery(pb *trackingv1.SearchLoggedModelsRequest) core.LoggedModelQuery {
	return core.LoggedModelQuery{
		Experiments: retype[core.ExperimentID](pb.GetExperimentIds()), Filter: pb.GetFilter(), PageOptions: corePage(pb.GetPage()),
		View: core.View(pb.GetView()),
		Datasets: each(pb.GetDatasets(), func(d *trackingv1.DatasetRef) core.DatasetRef {
			return core.DatasetRef{Name: d.GetName(), Digest: d.GetDigest()}
		}),
		OrderBy: each(pb.GetOrderBy(), func(o *trackingv1.LoggedModelOrder) core.LoggedModelOrder {
			return core.LoggedModelOrder{
				Field: o.GetField(), Descending: o.GetDescending(), DatasetName: o.GetDatasetName(), DatasetDigest: o.GetDatasetDigest(),
			}
		}),
	}
}
