package mlflow

import (
	"context"
	"log/slog"

	"github.com/mlstore/mlstore/core"
)

// StartRun starts a run, or resumes one (Client.StartRun), and makes it the active one, which the functions of the package
// log to. Its experiment is that of the options, else the one that SetExperiment chose, else that of the environment.
//
// While a run is active, another one can only be nested in it: else ErrState, which names the outermost active run. A run
// that is resumed must be in the experiment that SetExperiment chose, if it did. End the run with EndRun.
func StartRun(ctx context.Context, o RunOptions) (*Run, error) { return std.start(ctx, o) }

// WithRun starts a run as StartRun does, calls work with it, and ends it: as FINISHED when work returns nil, as FAILED when
// it returns an error or panics. Runs nested in it that work left active end with it. When work ended the run itself, it
// stays as it is.
func WithRun(ctx context.Context, o RunOptions, work func(context.Context, *Run) error) error {
	return std.within(ctx, o, work)
}

func (s *session) within(ctx context.Context, o RunOptions, work func(context.Context, *Run) error) error {
	run, err := s.start(ctx, o)
	if err != nil {
		return err
	}
	return run.during(ctx, work, func(ctx context.Context, status core.RunStatus) error {
		return s.endThrough(ctx, run.info.ID, status)
	})
}

// EndRun ends the active run with a status, Finished when it is 0; the run around it becomes the active one. Without an
// active run it does nothing. When the store fails, the run is no longer active here, and still RUNNING there.
func EndRun(ctx context.Context, status core.RunStatus) error { return std.end(ctx, status) }

// ActiveRun is the active run, or nil when there is none.
func ActiveRun() *Run { return std.top() }

// LastActiveRun is the active run, else the one that was ended last, as the store has it now. ErrNotFound when this process
// had none.
func LastActiveRun(ctx context.Context) (core.Run, error) { return std.lastRun(ctx) }

func (s *session) lastRun(ctx context.Context) (core.Run, error) {
	s.mu.Lock()
	id := s.last
	if n := len(s.stack); n > 0 {
		id = s.stack[n-1].info.ID
	}
	s.mu.Unlock()
	if id == "" {
		return core.Run{}, core.Errorf(core.NotFound, "no run was active in this process")
	}
	c, err := s.client(ctx)
	if err != nil {
		return core.Run{}, err
	}
	return c.GetRun(ctx, id)
}

// Finish belongs at the start of main, deferred:
//
//	defer mlflow.Finish(ctx)
//
// When main returns, it ends the active run as FINISHED, as Python does at exit. When main panics, it ends all active runs as
// FAILED, and the panic goes on. Then it closes the stores. What fails is logged. It is never called after os.Exit or
// log.Fatal.
func Finish(ctx context.Context) {
	reason := recover()
	if err := std.finish(ctx, reason != nil); err != nil {
		slog.Default().Error("mlflow: finish", "error", err)
	}
	if reason != nil {
		panic(reason)
	}
}

// SetSignalHandling switches the handling of signals on, as it is at first, or off. While it is on and runs are active,
// SIGINT, SIGTERM and SIGHUP first mark them KILLED, for which the store has 5 s, and then do what they do without it: end
// the process. A program that handles these signals itself should switch it off before its first run and end its runs on its
// own: else it gets each signal twice.
func SetSignalHandling(on bool) { std.setSignals(on) }

func (s *session) setSignals(on bool) {
	s.signals.mu.Lock()
	s.signals.off = !on
	s.signals.mu.Unlock()
	if !on {
		s.signals.rest()
	}
}

// SetTrackingURI chooses the tracking store for the calls that follow, also for the active run, and sets
// MLFLOW_TRACKING_URI for child processes. "" is the folder mlruns in the working directory.
func SetTrackingURI(uri string) error { return std.setTracking(uri) }

// GetTrackingURI is the URI of the tracking store: that of SetTrackingURI, else of MLFLOW_TRACKING_URI, else the folder
// mlruns in the working directory. Printed as a URI it shows no password; its Raw text does.
func GetTrackingURI() (core.URI, error) {
	tracking, _, err := std.choose().uris()
	return tracking, err
}

// IsTrackingURISet reports whether SetTrackingURI or MLFLOW_TRACKING_URI chose a tracking store.
func IsTrackingURISet() bool { return std.trackingSet() }

// SetRegistryURI chooses the model registry for the calls that follow, and sets MLFLOW_REGISTRY_URI for child processes. ""
// goes back to the default.
func SetRegistryURI(uri string) error { return std.setRegistry(uri) }

// GetRegistryURI is the URI of the model registry: that of SetRegistryURI, else of MLFLOW_REGISTRY_URI, else the tracking URI.
func GetRegistryURI() (core.URI, error) {
	_, models, err := std.choose().uris()
	return models, err
}
