package wire

import (
	"context"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/projectv1"
)

type projectServer struct {
	projectv1.UnimplementedProjectServiceServer
}

func (*projectServer) store(ctx context.Context) (core.ProjectBackend, error) {
	return storeOf[core.ProjectBackend](ctx, kindProjects)
}

func (p *projectServer) Submit(ctx context.Context, r *projectv1.SubmitRequest) (*projectv1.SubmitResponse, error) {
	store, err := p.store(ctx)
	if err != nil {
		return nil, err
	}
	options, err := coreSubmitOptions(r.GetOptions())
	if err != nil {
		return nil, err
	}
	id, err := store.Submit(ctx, coreProject(r.GetProject()), options)
	if err != nil {
		job := &instance{}
		job.learn(slices.Collect(maps.Values(options.Secrets))...)
		job.learn(secretsIn(options.Tracking)...)
		in, _ := instanceOf(ctx)
		return nil, &answered{toStatus(err, func(text string) string { return in.hide(job.hide(text)) })}
	}
	return &projectv1.SubmitResponse{JobId: string(id)}, nil
}

func (p *projectServer) GetJob(ctx context.Context, r *projectv1.GetJobRequest) (*projectv1.GetJobResponse, error) {
	store, err := p.store(ctx)
	if err != nil {
		return nil, err
	}
	job, err := store.Job(ctx, core.JobID(r.GetJobId()))
	return &projectv1.GetJobResponse{Job: pbJob(job)}, err
}

func (p *projectServer) Cancel(ctx context.Context, r *projectv1.CancelRequest) (*projectv1.CancelResponse, error) {
	store, err := p.store(ctx)
	if err != nil {
		return nil, err
	}
	return &projectv1.CancelResponse{}, store.Cancel(ctx, core.JobID(r.GetJobId()))
}

func (p *projectServer) GetLogs(ctx context.Context, r *projectv1.GetLogsRequest) (*projectv1.GetLogsResponse, error) {
	store, err := p.store(ctx)
	if err != nil {
		return nil, err
	}
	return fit(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.LogLine], error) {
		return store.Logs(ctx, core.JobID(r.GetJobId()), core.LogOptions{PageOptions: o})
	}, corePage(r.GetPage()), func(page core.Page[core.LogLine]) *projectv1.GetLogsResponse {
		return &projectv1.GetLogsResponse{Lines: each(page.Items, pbLogLine), Next: page.Next}
	})
}
