package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/discover"
)

// The exit codes, as exitCodesText explains them.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitPartial     = 3
	exitNotFound    = 4
	exitAuth        = 5
	exitConflict    = 6
	exitUnavailable = 7
	exitPlugin      = 8
	exitConformance = 9
	exitInterrupted = 130
)

const exitCodesText = `Exit codes:

    0  it worked
    1  it failed in a way that has no code of its own; of doctor: there are problems
    2  the command line is wrong, or a value on it: a flag, a filter, a name
    3  partly done: some artifacts went through and others did not
    4  not found: an experiment, run, model, version or artifact
    5  not allowed: the store wants credentials, or refuses these
    6  conflict: the name is taken, or the entity is in the wrong state, such as deleted
    7  the store cannot be reached, is too busy, or did not answer in time
    8  a plugin is refused, is not what was installed, does not start, crashed or froze
    9  conformance: the store breaks the contract
  130  interrupted by SIGINT or SIGTERM
`

// exitError is an error with an exit code that its cause does not tell.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// coded gives err an exit code.
func coded(code int, err error) error { return &exitError{code, err} }

// usage is an error in the command line.
func usage(format string, args ...any) error { return coded(exitUsage, fmt.Errorf(format, args...)) }

// exitCode is the code of an error that a command returned.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	if pluginFailed(core.ReasonOf(err)) {
		return exitPlugin
	}
	switch core.CodeOf(err) {
	case core.InvalidArgument, core.OutOfRange:
		return exitUsage
	case core.NotFound:
		return exitNotFound
	case core.Unauthenticated, core.PermissionDenied:
		return exitAuth
	case core.AlreadyExists, core.FailedPrecondition, core.Aborted:
		return exitConflict
	case core.Unavailable, core.DeadlineExceeded, core.ResourceExhausted:
		return exitUnavailable
	default:
		return exitFailure
	}
}

// pluginFailed reports whether an error is about a plugin's program, and not about the store that it serves.
func pluginFailed(reason core.Reason) bool {
	return slices.Contains([]core.Reason{
		discover.ReasonAmbiguous, discover.ReasonRefused, discover.ReasonChecksum, "PROTOCOL_MISMATCH", "START_FAILED", "CRASHED",
		"FROZEN", "CIRCUIT_OPEN", "TRANSPORT",
	}, reason)
}

// run executes the command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	a.opened = &opened{}
	root := a.command() //nolint:contextcheck // commands get the context when they run
	root.SetArgs(args)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	err = joined(err, a.opened.Close())
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		err = coded(exitInterrupted, errors.New("interrupted"))
	case !a.started:
		err = coded(exitUsage, err)
	}
	a.fail(cmd, err, wantsJSON(args))
	return exitCode(err)
}

// fail writes an error, for a program when it asked for JSON.
func (a *app) fail(cmd *cobra.Command, err error, asJSON bool) {
	if !asJSON {
		_, _ = fmt.Fprintln(a.stderr, "mlstore:", visible(err.Error(), true))
		if !a.started {
			_, _ = fmt.Fprintf(a.stderr, "Run '%s --help' for usage.\n", cmd.CommandPath())
		}
		return
	}
	code := core.CodeOf(err)
	failure := map[string]any{"message": err.Error(), "exit_code": exitCode(err)}
	if code != core.Unknown {
		failure["code"] = code.String()
		failure["reason"] = code.Reason()
	}
	if e, ok := errors.AsType[*core.Error](err); ok {
		if e.Reason != "" {
			failure["reason"] = e.Reason
		}
		if e.Key != "" {
			failure["key"] = e.Key
		}
	}
	_ = json.NewEncoder(a.stderr).Encode(map[string]any{"error": failure})
}

// wantsJSON finds out whether a command line that may be wrong asks for JSON.
func wantsJSON(args []string) bool {
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if (arg == "-o" || arg == "--output") && i+1 < len(args) && strings.HasPrefix(args[i+1], "json") {
			return true
		}
		if slices.Contains([]string{"--json", "-ojson", "-ojsonl", "-o=json", "-o=jsonl", "--output=json", "--output=jsonl"}, arg) {
			return true
		}
	}
	return false
}
