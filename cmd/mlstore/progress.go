package main

import (
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// transfer shows the progress of an upload or download.
type transfer struct {
	progress string
	at       int // files at once
}

func (t *transfer) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.progress, "progress", "auto", "auto (a bar on a terminal), plain (a line for each file) or none")
	cmd.Flags().IntVar(&t.at, "transfers", 0, "files at once (default: twice the processors, at most 20)")
	_ = cmd.RegisterFlagCompletionFunc("progress",
		cobra.FixedCompletions([]string{"auto", "plain", "none"}, cobra.ShellCompDirectiveNoFileComp))
}

// run calls work with options that show its progress on standard error. When it fails after some files went through, that
// is its exit code.
func (t *transfer) run(a *app, what string, work func(client.TransferOptions) error) error {
	if t.at < 0 {
		return usage("--transfers is %d: it must not be negative", t.at)
	}
	show, finish := func(client.TransferEvent) {}, func(bool) {}
	switch t.progress {
	case "auto":
		if isTerminal(a.stderr) && barsWanted(a.env("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR")) {
			show, finish = a.bar(what)
		}
	case "plain":
		show = func(e client.TransferEvent) {
			if e.Done {
				a.note("%s %s: %s (%d of %d)", what, e.Path, outcome(e.Err), e.Files, e.FilesFound)
			}
		}
	case "none":
	default:
		return usage("unknown progress %q: it must be one of auto, plain, none", t.progress)
	}
	through := 0
	err := work(client.TransferOptions{Concurrency: t.at, Progress: func(e client.TransferEvent) {
		if e.Done && e.Err == nil {
			through++
		}
		show(e)
	}})
	finish(err == nil)
	if err != nil && through > 0 {
		return coded(exitPartial, err)
	}
	return err
}

func outcome(err error) string {
	if err != nil {
		return err.Error()
	}
	return "done"
}

// barsWanted reads MLflow's variable, whose default is true (mlflow/environment_variables.py).
func barsWanted(value string) bool { return !strings.EqualFold(value, "false") && value != "0" }

// bar shows one bar for all files.
func (a *app) bar(what string) (show func(client.TransferEvent), finish func(bool)) {
	p := mpb.New(mpb.WithOutput(a.stderr), mpb.WithWidth(60))
	bar := p.AddBar(0,
		mpb.PrependDecorators(decor.Name(what+" "), decor.CountersKibiByte("% .1f / % .1f")),
		mpb.AppendDecorators(decor.Percentage()),
	)
	show = func(e client.TransferEvent) {
		bar.SetTotal(max(e.TotalFound, 1), false)
		bar.SetCurrent(e.Total)
	}
	finish = func(ok bool) {
		if ok {
			bar.SetTotal(-1, true)
		} else {
			bar.Abort(false)
		}
		p.Wait()
	}
	return show, finish
}

// localKind tells whether a local path is a directory.
func localKind(local string) (isDir bool, err error) {
	info, err := os.Stat(local)
	switch {
	case os.IsNotExist(err):
		return false, &core.Error{Code: core.NotFound, Key: local, Err: err}
	case err != nil:
		return false, err
	}
	return info.Mode()&fs.ModeDir != 0, nil
}
