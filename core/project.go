package core

import (
	"context"
	"encoding/json"
)

// JobID identifies a job of a backend.
type JobID string

// EnvManager is the way in which a project's environment is made.
type EnvManager string

// The managers that MLflow knows.
const (
	EnvLocal      EnvManager = "local"
	EnvVirtualenv EnvManager = "virtualenv"
	EnvUV         EnvManager = "uv"
	EnvConda      EnvManager = "conda"
	EnvDocker     EnvManager = "docker"
)

// ProjectEnv is the environment that a project asks for.
type ProjectEnv struct {
	Manager     EnvManager
	File        string            // conda.yaml or python_env.yaml, from the project's folder; may be empty
	Image       string            // docker: base image
	Volumes     []string          // docker: as `docker run -v` takes them
	Variables   map[string]string // docker: to set
	PassThrough []string          // docker: to copy from the host
}

// Project is a project that was fetched and parsed, with the entry point that shall run. Package project makes it.
type Project struct {
	URI        string  // as the user named it
	Version    string  // git commit, branch or tag asked for; may be empty
	Commit     string  // git commit of Dir; may be empty
	Dir        string  // absolute path of the folder on this machine
	Name       string  // from the MLproject file; may be empty
	EntryPoint string  // name of the entry point
	Parameters []Param // all of them as given or by default: declared ones in their order, then the others
	Command    string  // the entry point's shell command with every value quoted in it
	Env        ProjectEnv
}

// SubmitOptions say where and for which run a project shall run.
type SubmitOptions struct {
	RunID          RunID
	ExperimentID   ExperimentID
	Tracking       URI                // what the job sees as MLFLOW_TRACKING_URI
	Config         json.RawMessage    // backend_config: a JSON object whose meaning is the backend's; may be nil
	Variables      map[string]string  // more environment variables for the job
	Secrets        map[string]Secret  // environment variables that MUST NOT show up in command lines, tags or logs [PB-013]
	DockerArgs     map[string]*string // more arguments of `docker run`; nil is a bare flag
	BuildImage     bool               // docker: put the project into an image first
	StorageDir     string             // where to put downloads for path parameters; may be empty
	IdempotencyKey string             // where IdempotentCreate is declared, a second call with the key returns the first job
}

// Job is what a backend knows of a job.
type Job struct {
	ID          JobID
	Status      RunStatus // forward only: SCHEDULED, RUNNING, then one of FINISHED, FAILED, KILLED
	ExitCode    *int      // once it has ended, where the backend knows
	Message     string    // why it failed; may be empty
	SubmittedAt Millis
	StartedAt   Millis            // 0 until it runs
	EndedAt     Millis            // 0 until it has ended
	URL         string            // a page about it; may be empty
	Tags        map[string]string // for the run, such as mlflow.databricks.runURL
}

// LogStream tells the streams of a job apart.
type LogStream string

// The streams.
const (
	Stdout LogStream = "stdout"
	Stderr LogStream = "stderr"
)

// LogLine is one line that a job wrote, without its end.
type LogLine struct {
	Stream    LogStream
	Text      string
	Time      Millis // 0 where the backend does not know
	Truncated bool   // the line was longer
}

// LogOptions page through a log.
type LogOptions struct {
	PageOptions
}

// ProjectBackend runs projects as jobs. No call lasts as long as a job: who waits, polls (core/client).
type ProjectBackend interface {
	Store

	// Submit starts a job and returns before it ends [PB-001]; what is wrong with the project or the options is an error
	// before anything starts [PB-004 PB-009 PB-010]. Two calls are two jobs [PB-017], but for a repeated IdempotencyKey
	// [PB-016]. It costs the same however many jobs there are [PB-054].
	Submit(ctx context.Context, p Project, o SubmitOptions) (JobID, error)

	// Job tells the state of a job, which only moves forward [PB-020]; times rise [PB-023]. A program that exits with 0 makes
	// a FINISHED job, with another code a FAILED one with that code [PB-002 PB-003]. An unknown one is ErrNotFound [PB-021],
	// a malformed id not ErrInternal [PB-022].
	//   - Who polls learns the end [PB-026 PB-027], the same as all others who do [PB-028], and disturbs nothing by giving up
	//     [PB-029]. Whatever happens to jobs, each is in the state that the order of events gives [PB-053].
	//   - Close does not wait for jobs [PB-051]. After a restart of what runs them they are found again, or have FAILED with
	//     a reason [PB-049].
	Job(ctx context.Context, id JobID) (Job, error)

	// Cancel asks a job to end; it becomes KILLED [PB-031] if it has not ended by itself: exactly one end [PB-038]. A second
	// time and on a job that has ended it changes nothing [PB-033 PB-034]; one that has not run yet never starts [PB-032]. An
	// unknown one is ErrNotFound [PB-035].
	Cancel(ctx context.Context, id JobID) error

	// Logs returns what the job wrote, every line once and in the order of each stream [PB-039 PB-040]. While the job may
	// write more, the page has a Next, even if it is empty now [PB-041]. Long lines and many of them come whole or marked
	// [PB-043], bytes that are no text visibly replaced or as they are [PB-044]. Who stops reading disturbs nothing [PB-042].
	// The length is that asked for, and foreign tokens are ErrInvalid [PB-056]. An unknown job is ErrNotFound [PB-045].
	Logs(ctx context.Context, id JobID, o LogOptions) (Page[LogLine], error)
}
