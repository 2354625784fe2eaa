package wire

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/projectv1"
)

// projects is the project backend of a plugin.
type projects struct {
	*remote
	client projectv1.ProjectServiceClient
}

func newProjects(r *remote) *projects {
	return &projects{remote: r, client: projectv1.NewProjectServiceClient(r)}
}

// Ability answers for what the plugin's backend has.
func (p *projects) Ability(target any) bool {
	return ability[core.SecretUpdater](p.remote, "secret_updater", target, p)
}

// Submit starts a job.
func (p *projects) Submit(ctx context.Context, project core.Project, o core.SubmitOptions) (core.JobID, error) {
	reply, err := p.client.Submit(ctx, &projectv1.SubmitRequest{Project: pbProject(project), Options: pbSubmitOptions(o)})
	if err != nil {
		return "", err
	}
	if reply.GetJobId() == "" {
		return "", p.blame(lie("a job without an id"))
	}
	return core.JobID(reply.GetJobId()), nil
}

// Job tells the state of a job.
func (p *projects) Job(ctx context.Context, id core.JobID) (core.Job, error) {
	reply, err := p.client.GetJob(ctx, &projectv1.GetJobRequest{JobId: string(id)})
	if err != nil {
		return core.Job{}, err
	}
	if reply.GetJob() == nil {
		return core.Job{}, p.blame(lie("no job at all"))
	}
	job := coreJob(reply.GetJob())
	return answer(job, p.blame(checkSame("job", id, job.ID)))
}

// Cancel asks a job to end.
func (p *projects) Cancel(ctx context.Context, id core.JobID) error {
	_, err := p.client.Cancel(ctx, &projectv1.CancelRequest{JobId: string(id)})
	return err
}

// Logs returns what a job wrote.
func (p *projects) Logs(ctx context.Context, id core.JobID, o core.LogOptions) (core.Page[core.LogLine], error) {
	reply, err := p.client.GetLogs(ctx, &projectv1.GetLogsRequest{JobId: string(id), Page: pbPage(o.PageOptions)})
	if err != nil {
		return core.Page[core.LogLine]{}, err
	}
	page := core.Page[core.LogLine]{Items: each(reply.GetLines(), coreLogLine), Next: reply.GetNext()}
	// While the job runs, a token may lead to itself: there is nothing new yet.
	return answer(page, p.blame(checkPage(len(page.Items), "", o.PageOptions, p.info.Limits.LogPage)))
}
