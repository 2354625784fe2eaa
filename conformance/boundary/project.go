package boundary

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

type backend = core.ProjectBackend

// projectKind adds jobs. What a job holds cannot be read back, so that cases on texts do not apply.
func projectKind() kind[backend] {
	return kind[backend]{
		name: "project", serv: "projects",
		of: func(b core.Backend) (backend, bool) { return b.Projects, b.Projects != nil },
		knock: func(ctx context.Context, s backend, name string) error {
			_, err := s.Job(ctx, core.JobID(name))
			return err
		},
		add: func(ctx context.Context, t conformance.T, s backend, name, _ string) (string, error) {
			id, err := s.Submit(ctx, project(t.TempDir(), name), core.SubmitOptions{})
			return string(id), err
		},
		remove: func(ctx context.Context, s backend, id string) error { return s.Cancel(ctx, core.JobID(id)) },
		hugeRequest: func(ctx context.Context, s backend, _ string, size int) error {
			config, err := json.Marshal(map[string]string{"conformance": strings.Repeat("x", size)})
			if err != nil {
				return err
			}
			// The folder is not there, so that no job starts: what matters is that the request arrives.
			_, err = s.Submit(ctx, project("", "huge"), core.SubmitOptions{Config: config})
			if code := core.CodeOf(err); code != core.NotFound && code != core.InvalidArgument {
				return fmt.Errorf("a large request for a project that is not there: got error %w, want one about the project", orNone(err))
			}
			return nil
		},
		presence: jobPresence, times: jobTimes,
		status: func(ctx context.Context, s backend, name string) (core.RunStatus, error) {
			j, err := s.Job(ctx, core.JobID(name))
			return j.Status, err
		},
		limits: func(l core.Limits) []limit[backend] {
			return []limit[backend]{{"LogPage", l.LogPage.Max, func(ctx context.Context, s backend, id, _ string, n int) (string, error) {
				_, err := s.Logs(ctx, core.JobID(id), core.LogOptions{PageOptions: core.PageOptions{Limit: n}})
				return "", err
			}}}
		},
	}
}

// project is one that every backend takes.
func project(dir, name string) core.Project {
	return core.Project{
		URI: "conformance", Dir: dir, Name: name, EntryPoint: "main", Command: "echo conformance",
		Parameters: []core.Param{{Key: "alpha", Value: "0.5"}}, Env: core.ProjectEnv{Manager: core.EnvLocal},
	}
}

func jobPresence(ctx context.Context, s backend, id string) error {
	j, err := s.Job(ctx, core.JobID(id))
	if err != nil {
		return err
	}
	if (j.Status == core.Scheduled || j.Status == core.Running) && j.ExitCode != nil {
		return fmt.Errorf("a job that has not ended has the exit code %d", *j.ExitCode)
	}
	return nil
}

func jobTimes(ctx context.Context, s backend, id string) error {
	j, err := s.Job(ctx, core.JobID(id))
	if err != nil {
		return err
	}
	if j.SubmittedAt < startTime || j.Status == core.Scheduled && j.StartedAt != 0 || !j.Status.Terminal() && j.EndedAt != 0 {
		return fmt.Errorf("the times do not fit the status: %+v", j)
	}
	return nil
}
