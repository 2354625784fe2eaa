// Package mlflow keeps training runs in an experiment store: what Python's mlflow module offers, in Go.
//
// There are two ways in. Handles are explicit and safe for concurrent use:
//
//	client, err := mlflow.NewClient(ctx, mlflow.Options{TrackingURI: "file:./mlruns"})
//	run, err := client.StartRun(ctx, mlflow.RunOptions{Name: "baseline"})
//	err = run.LogMetric(ctx, "loss", 0.25, 1)
//	err = run.End(ctx, core.Finished)
//
// The functions of the package are the short form for a script. They work on one stack of active runs for the whole process,
// start a run when none is active, and follow the same environment variables as Python's module:
//
//	defer mlflow.Finish(ctx)
//	err := mlflow.LogParam(ctx, "lr", 0.01)
//
// Where the stores are is a matter of URIs: of Options and SetTrackingURI, else of MLFLOW_TRACKING_URI and
// MLFLOW_REGISTRY_URI, else the folder mlruns in the working directory.
//
// # Values
//
// Params and tags are text. Other values are written as Python's str() writes them (Text), so that a param logged by Python
// and the same one logged by Go are equal.
//
// # The end of a run
//
// A run ends when EndRun, Run.End or WithRun says so. WithRun also ends it, as FAILED, when its function returns an error or
// panics. Go has no hook for the exit of a process, hence Finish: deferred at the start of main it ends what is still open.
// While runs of the package's functions are active, SIGINT, SIGTERM and SIGHUP mark them KILLED before the process dies of
// the signal (SetSignalHandling). Nothing can be done when a program calls os.Exit or log.Fatal, when a goroutine other than
// main panics, or when it is killed by SIGKILL: such runs stay RUNNING.
package mlflow
