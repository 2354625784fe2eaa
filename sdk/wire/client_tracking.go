package wire

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

// tracking is the tracking store of a plugin, with all abilities; Ability tells which of them are its own.
type tracking struct {
	*remote
	client  trackingv1.TrackingServiceClient
	bulk    trackingv1.BulkHistoryServiceClient
	sampled trackingv1.SampledHistoryServiceClient
	lineage trackingv1.LineageServiceClient
	logged  trackingv1.LoggedModelsServiceClient
	imports trackingv1.ImporterServiceClient
	purges  trackingv1.PurgerServiceClient
	schema  trackingv1.SchemaKeeperServiceClient

	accounts trackingv1.AccountsServiceClient
}

func newTracking(r *remote) *tracking {
	return &tracking{
		remote: r, client: trackingv1.NewTrackingServiceClient(r), bulk: trackingv1.NewBulkHistoryServiceClient(r),
		sampled: trackingv1.NewSampledHistoryServiceClient(r), lineage: trackingv1.NewLineageServiceClient(r),
		logged: trackingv1.NewLoggedModelsServiceClient(r), imports: trackingv1.NewImporterServiceClient(r),
		purges: trackingv1.NewPurgerServiceClient(r), schema: trackingv1.NewSchemaKeeperServiceClient(r),
		accounts: trackingv1.NewAccountsServiceClient(r),
	}
}

// Ability answers for what the plugin's store has.
func (t *tracking) Ability(target any) bool {
	return ability[core.Accounts](t.remote, "accounts", target, t) ||
		ability[core.BulkHistory](t.remote, "bulk_history", target, t) ||
		ability[core.Importer](t.remote, "importer", target, t) ||
		ability[core.Lineage](t.remote, "lineage", target, t) ||
		ability[core.LoggedModels](t.remote, "logged_models", target, t) ||
		ability[core.Purger](t.remote, "purger", target, t) ||
		ability[core.SampledHistory](t.remote, "sampled_history", target, t) ||
		ability[core.SchemaKeeper](t.remote, "schema_keeper", target, t) ||
		ability[core.SecretUpdater](t.remote, "secret_updater", target, t)
}

// CreateExperiment creates an experiment.
func (t *tracking) CreateExperiment(ctx context.Context, spec core.ExperimentSpec) (core.Experiment, error) {
	reply, err := t.client.CreateExperiment(ctx, &trackingv1.CreateExperimentRequest{
		Name: spec.Name, ArtifactLocation: spec.ArtifactLocation, Tags: spec.Tags,
	})
	if err != nil {
		return core.Experiment{}, err
	}
	made := coreExperiment(reply.GetExperiment())
	return answer(made, t.blame(checkID("experiment", made.ID)))
}

// Experiment finds an experiment.
func (t *tracking) Experiment(ctx context.Context, ref core.ExperimentRef) (core.Experiment, error) {
	reply, err := t.client.GetExperiment(ctx, &trackingv1.GetExperimentRequest{ExperimentId: string(ref.ID), Name: ref.Name})
	if err != nil {
		return core.Experiment{}, err
	}
	found := coreExperiment(reply.GetExperiment())
	if ref.ID != "" {
		return answer(found, t.blame(checkSame("experiment", ref.ID, found.ID)))
	}
	err = checkID("experiment", found.ID)
	if err == nil {
		err = checkSame("experiment", ref.Name, found.Name)
	}
	return answer(found, t.blame(err))
}

// UpdateExperiment changes an experiment.
func (t *tracking) UpdateExperiment(ctx context.Context, id core.ExperimentID, change core.ExperimentChange) error {
	_, err := t.client.UpdateExperiment(ctx, &trackingv1.UpdateExperimentRequest{
		ExperimentId: string(id), Name: change.Name, Lifecycle: string(change.Lifecycle),
	})
	return err
}

// ChangeExperimentTags changes the tags of an experiment.
func (t *tracking) ChangeExperimentTags(ctx context.Context, id core.ExperimentID, change core.TagChange) error {
	_, err := t.client.ChangeExperimentTags(ctx, &trackingv1.ChangeExperimentTagsRequest{
		ExperimentId: string(id), Change: pbTagChange(change),
	})
	return err
}

// SearchExperiments finds experiments.
func (t *tracking) SearchExperiments(ctx context.Context, q core.ExperimentQuery) (core.Page[core.Experiment], error) {
	reply, err := t.client.SearchExperiments(ctx, &trackingv1.SearchExperimentsRequest{
		Filter: q.Filter, OrderBy: q.OrderBy, View: enum[typesv1.View](q.View), Page: pbPage(q.PageOptions),
	})
	if err != nil {
		return core.Page[core.Experiment]{}, err
	}
	page := core.Page[core.Experiment]{Items: each(reply.GetExperiments(), coreExperiment), Next: reply.GetNext()}
	err = checkPage(len(page.Items), page.Next, q.PageOptions, t.info.Limits.ExperimentPage)
	for _, e := range page.Items {
		if err == nil {
			err = checkID("experiment", e.ID)
		}
	}
	return answer(page, t.blame(err))
}

// CreateRun creates a run.
func (t *tracking) CreateRun(ctx context.Context, in core.ExperimentID, spec core.RunSpec) (core.Run, error) {
	reply, err := t.client.CreateRun(ctx, &trackingv1.CreateRunRequest{
		ExperimentId: string(in), Name: spec.Name, User: spec.User, StartTime: int64(spec.StartTime), Tags: spec.Tags,
		IdempotencyKey: spec.IdempotencyKey,
	})
	if err != nil {
		return core.Run{}, err
	}
	made, err := coreRun(reply.GetRun())
	if err == nil {
		err = checkID("run", made.ID)
	}
	return answer(made, t.blame(err))
}

// Run returns a run.
func (t *tracking) Run(ctx context.Context, id core.RunID) (core.Run, error) {
	reply, err := t.client.GetRun(ctx, &trackingv1.GetRunRequest{RunId: string(id)})
	if err != nil {
		return core.Run{}, err
	}
	found, err := coreRun(reply.GetRun())
	if err == nil {
		err = checkSame("run", id, found.ID)
	}
	return answer(found, t.blame(err))
}

// UpdateRun changes a run.
func (t *tracking) UpdateRun(ctx context.Context, id core.RunID, change core.RunChange) (core.RunInfo, error) {
	reply, err := t.client.UpdateRun(ctx, &trackingv1.UpdateRunRequest{
		RunId: string(id), Name: change.Name, Status: enum[typesv1.RunStatus](change.Status), EndTime: number[int64](change.EndTime),
		Lifecycle: string(change.Lifecycle),
	})
	if err != nil {
		return core.RunInfo{}, err
	}
	info := coreRunInfo(reply.GetInfo())
	return answer(info, t.blame(checkSame("run", id, info.ID)))
}

// ChangeRunTags changes the tags of a run.
func (t *tracking) ChangeRunTags(ctx context.Context, id core.RunID, change core.TagChange) error {
	_, err := t.client.ChangeRunTags(ctx, &trackingv1.ChangeRunTagsRequest{RunId: string(id), Change: pbTagChange(change)})
	return err
}

// SearchRuns finds runs.
func (t *tracking) SearchRuns(ctx context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	reply, err := t.client.SearchRuns(ctx, &trackingv1.SearchRunsRequest{
		ExperimentIds: retype[string](q.Experiments), Filter: q.Filter, OrderBy: q.OrderBy, View: enum[typesv1.View](q.View),
		Fields: enum[trackingv1.RunFields](q.Fields), Page: pbPage(q.PageOptions),
	})
	if err != nil {
		return core.Page[core.Run]{}, err
	}
	items, err := tryEach(reply.GetRuns(), coreRun)
	if err == nil {
		err = checkPage(len(items), reply.GetNext(), q.PageOptions, t.info.Limits.RunPage)
	}
	asked := make(map[core.ExperimentID]bool, len(q.Experiments))
	for _, id := range q.Experiments {
		asked[id] = true
	}
	for _, run := range items {
		if err == nil {
			err = checkID("run", run.ID)
		}
		if err == nil && !asked[run.ExperimentID] {
			err = lie("a search found the run %q of the experiment %q, which was not asked for", run.ID, run.ExperimentID)
		}
	}
	return answer(core.Page[core.Run]{Items: items, Next: reply.GetNext()}, t.blame(err))
}

// LogBatch logs to a run.
func (t *tracking) LogBatch(ctx context.Context, id core.RunID, b core.Batch) error {
	_, err := t.client.LogBatch(ctx, &trackingv1.LogBatchRequest{
		RunId: string(id), Metrics: pbMetrics(b.Metrics), Params: each(b.Params, pbParam), Tags: each(b.Tags, pbTag),
	})
	return err
}

// MetricHistory returns the points of a metric.
func (t *tracking) MetricHistory(
	ctx context.Context, id core.RunID, key string, o core.HistoryOptions,
) (core.Page[core.Metric], error) {
	reply, err := t.client.GetMetricHistory(ctx, &trackingv1.GetMetricHistoryRequest{
		RunId: string(id), Key: key, Page: pbPage(o.PageOptions),
	})
	if err != nil {
		return core.Page[core.Metric]{}, err
	}
	points, err := coreMetrics(reply.GetPoints())
	if err == nil {
		err = checkPage(len(points), reply.GetNext(), o.PageOptions, t.info.Limits.HistoryPage)
	}
	for i := range points {
		if err == nil {
			err = checkSame("metric", key, points[i].Key)
		}
	}
	return answer(core.Page[core.Metric]{Items: points, Next: reply.GetNext()}, t.blame(err))
}

// answer returns what was answered, or nothing but what is wrong with it.
func answer[T any](value T, err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return value, nil
}
