package wire

import (
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/projectv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

func pbProject(p core.Project) *projectv1.Project {
	return &projectv1.Project{
		Uri: p.URI, Version: p.Version, Commit: p.Commit, Dir: p.Dir, Name: p.Name, EntryPoint: p.EntryPoint,
		Parameters: each(p.Parameters, pbParam), Command: p.Command,
		Env: &projectv1.ProjectEnv{
			Manager: string(p.Env.Manager), File: p.Env.File, Image: p.Env.Image, Volumes: p.Env.Volumes,
			Variables: p.Env.Variables, PassThrough: p.Env.PassThrough,
		},
	}
}

func coreProject(pb *projectv1.Project) core.Project {
	env := pb.GetEnv()
	return core.Project{
		URI: pb.GetUri(), Version: pb.GetVersion(), Commit: pb.GetCommit(), Dir: pb.GetDir(), Name: pb.GetName(),
		EntryPoint: pb.GetEntryPoint(), Parameters: each(pb.GetParameters(), coreParam), Command: pb.GetCommand(),
		Env: core.ProjectEnv{
			Manager: core.EnvManager(env.GetManager()), File: env.GetFile(), Image: env.GetImage(), Volumes: env.GetVolumes(),
			Variables: mapped(env.GetVariables()), PassThrough: env.GetPassThrough(),
		},
	}
}

func pbSubmitOptions(o core.SubmitOptions) *projectv1.SubmitOptions {
	pb := &projectv1.SubmitOptions{
		RunId: string(o.RunID), ExperimentId: string(o.ExperimentID), TrackingUri: o.Tracking.Raw(), Config: o.Config,
		Variables: o.Variables, Secrets: reveal(o.Secrets), BuildImage: o.BuildImage, StorageDir: o.StorageDir,
		IdempotencyKey: o.IdempotencyKey,
	}
	for _, name := range slices.Sorted(maps.Keys(o.DockerArgs)) {
		pb.DockerArgs = append(pb.DockerArgs, &projectv1.DockerArg{Name: name, Value: o.DockerArgs[name]})
	}
	return pb
}

func coreSubmitOptions(pb *projectv1.SubmitOptions) (core.SubmitOptions, error) {
	tracking, err := coreURI(pb.GetTrackingUri())
	if err != nil {
		return core.SubmitOptions{}, err
	}
	o := core.SubmitOptions{
		RunID: core.RunID(pb.GetRunId()), ExperimentID: core.ExperimentID(pb.GetExperimentId()), Tracking: tracking,
		Config: pb.GetConfig(), Variables: mapped(pb.GetVariables()), Secrets: conceal(pb.GetSecrets()),
		BuildImage: pb.GetBuildImage(), StorageDir: pb.GetStorageDir(), IdempotencyKey: pb.GetIdempotencyKey(),
	}
	if len(o.Config) == 0 {
		o.Config = nil
	}
	for _, arg := range pb.GetDockerArgs() {
		if o.DockerArgs == nil {
			o.DockerArgs = map[string]*string{}
		}
		o.DockerArgs[arg.GetName()] = arg.Value
	}
	return o, nil
}

func pbJob(j core.Job) *projectv1.Job {
	return &projectv1.Job{
		Id: string(j.ID), Status: enum[typesv1.RunStatus](j.Status), ExitCode: number[int64](j.ExitCode), Message: j.Message,
		SubmittedAt: int64(j.SubmittedAt), StartedAt: int64(j.StartedAt), EndedAt: int64(j.EndedAt), Url: j.URL, Tags: j.Tags,
	}
}

func coreJob(pb *projectv1.Job) core.Job {
	return core.Job{
		ID: core.JobID(pb.GetId()), Status: core.RunStatus(pb.GetStatus()), ExitCode: number[int](pb.ExitCode),
		Message: pb.GetMessage(), SubmittedAt: core.Millis(pb.GetSubmittedAt()), StartedAt: core.Millis(pb.GetStartedAt()),
		EndedAt: core.Millis(pb.GetEndedAt()), URL: pb.GetUrl(), Tags: mapped(pb.GetTags()),
	}
}

func pbLogLine(l core.LogLine) *projectv1.LogLine {
	return &projectv1.LogLine{Stream: string(l.Stream), Text: []byte(l.Text), Time: int64(l.Time), Truncated: l.Truncated}
}

func coreLogLine(pb *projectv1.LogLine) core.LogLine {
	return core.LogLine{
		Stream: core.LogStream(pb.GetStream()), Text: string(pb.GetText()), Time: core.Millis(pb.GetTime()),
		Truncated: pb.GetTruncated(),
	}
}
