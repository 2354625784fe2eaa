package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/cmd/mlstore/copying"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry"
)

// copyFlags are those of mlstore copy.
type copyFlags struct {
	options      copying.Options
	artifactRoot string
	noArtifacts  bool
	noRegistry   bool
	progress     string
}

func (a *app) copyCommand() *cobra.Command {
	var f copyFlags
	cmd := &cobra.Command{
		Use: "copy SOURCE TARGET", Short: "Copy what one store holds to another one, of any kind",
		Long: `Copy experiments, runs with their histories, logged models, registered models and artifacts, with the ids and times that
they have. An experiment whose id does not fit the target gets another one there, which is undone on the way back.

It can be repeated: what the target has already is compared and not written again, so a copy that was cut off goes on. What
cannot be copied, because the target cannot represent it or because it cannot be read in the source, is listed before
anything is written, and stops the copy unless --lossy is given. So do traces, which are never copied. A second pass reads
everything back and compares it.

Artifacts are copied when both stores are folders, from below the one to below the other, or when --artifact-root says
where to. Otherwise the target refers to the files where they are.`,
		Example: "  mlstore copy ./mlruns sqlite:///mlflow.db --dry-run\n  mlstore copy ./mlruns sqlite:///mlflow.db",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.copyStores(cmd.Context(), args[0], args[1], f)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.options.DryRun, "dry-run", false, "compare and count, and write nothing")
	flags.BoolVar(&f.options.Lossy, "lossy", false, "copy although not everything can be copied")
	flags.BoolVar(&f.options.NoVerify, "no-verify", false, "leave out the second pass, which compares everything")
	flags.StringVar(&f.artifactRoot, "artifact-root", "", "URI below which all artifacts go")
	flags.BoolVar(&f.noArtifacts, "no-artifacts", false, "copy no artifacts: the target refers to them where they are")
	flags.BoolVar(&f.noRegistry, "no-registry", false, "leave registered models out")
	flags.StringVar(&f.progress, "progress", "auto", "auto (counts on a terminal), plain (a line for each change) or none")
	_ = cmd.RegisterFlagCompletionFunc("progress",
		cobra.FixedCompletions([]string{"auto", "plain", "none"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// copyEnd is an opened end of a copy.
type copyEnd struct {
	copying.End

	uri         core.URI
	explanation registry.Explanation
	temporary   string // a folder to remove; may be empty
}

// place tells stores apart.
func (e copyEnd) place() string {
	if path, err := folderOf(e.uri); err == nil {
		return path
	}
	return e.explanation.Instance
}

func (e copyEnd) close() error {
	var err error
	if e.Tracking != nil {
		err = e.Tracking.Close()
	}
	if e.Registry != nil {
		err = joined(err, e.Registry.Close())
	}
	if e.temporary != "" {
		err = joined(err, os.RemoveAll(e.temporary))
	}
	return err
}

func (a *app) copyStores(ctx context.Context, sourceURI, targetURI string, f copyFlags) (err error) {
	resolver, _, err := a.stores()
	if err != nil {
		return err
	}
	show, finish, err := a.copyProgress(f.progress)
	if err != nil {
		return err
	}
	from, err := openEnd(ctx, resolver, sourceURI, registry.Settings{ReadOnly: true})
	defer func() { err = joined(err, from.close()) }()
	if err != nil {
		return err
	}
	to, err := openTarget(ctx, resolver, targetURI, f.options.DryRun)
	defer func() { err = joined(err, to.close()) }()
	if err != nil {
		return err
	}
	if from.place() == to.place() {
		return usage("source and target are the same store: %s", from.place())
	}
	source, target := from.End, to.End
	if f.noRegistry {
		source.Registry, target.Registry = nil, nil
	}
	if f.options.Unread, err = unread(ctx, from, f.noRegistry); err != nil {
		return err
	}
	f.options.Progress = show
	if f.options.Relocate, err = relocation(from, to, f); err != nil {
		return err
	}
	report, err := copying.Copy(ctx, source, target, f.options)
	finish()
	return joined(a.showCopy(report), err)
}

// openTarget opens the target. In a dry run nothing may be changed, so an empty store of its kind stands for one that is not
// there yet.
func openTarget(ctx context.Context, resolver *registry.Resolver, text string, dryRun bool) (copyEnd, error) {
	to, err := openEnd(ctx, resolver, text, registry.Settings{ReadOnly: dryRun})
	form, known := map[string]string{"file": "%s", "sqlite": "sqlite:///%s/empty.db"}[to.explanation.Scheme]
	if !dryRun || !known || !errors.Is(err, core.ErrNotFound) {
		return to, err
	}
	dir, err := os.MkdirTemp("", "mlstore-copy-")
	if err != nil {
		return to, err
	}
	empty, err := openEnd(ctx, resolver, fmt.Sprintf(form, filepath.ToSlash(dir)), registry.Settings{})
	empty.uri, empty.explanation, empty.temporary = to.uri, to.explanation, dir
	return empty, err
}

// openEnd opens the stores of a URI: its tracking store, and its registry where it offers one. What it returns must be
// closed, also beside an error.
func openEnd(ctx context.Context, resolver *registry.Resolver, text string, s registry.Settings) (copyEnd, error) {
	uri, err := core.ParseURI(text)
	if err != nil {
		return copyEnd{}, err
	}
	s.Tracking, s.Registry = uri, uri
	e := copyEnd{uri: uri}
	if e.explanation, err = resolver.Explain(ctx, uri, s); err != nil {
		return e, err
	}
	if e.Tracking, err = resolver.Tracking(ctx, uri, s); err != nil {
		return e, err
	}
	if slices.Contains(e.explanation.Kinds, registry.Registry) {
		if e.End.Registry, err = resolver.Registry(ctx, uri, s); err != nil {
			return e, err
		}
	}
	e.Artifacts = func(ctx context.Context, location string) (core.ArtifactRepository, error) {
		root, err := core.ParseURI(location)
		if err != nil {
			return nil, err
		}
		return resolver.Artifacts(ctx, root, s)
	}
	return e, nil
}

// relocation says which artifacts move: those below a source that is a folder, to below a target that is one; all of them
// with --artifact-root.
func relocation(from, to copyEnd, f copyFlags) (copying.Relocation, error) {
	var r copying.Relocation
	if f.noArtifacts {
		return r, nil
	}
	var err error
	if from.explanation.Scheme == "file" {
		if r.From, err = folderOf(from.uri); err != nil {
			return r, err
		}
	}
	switch {
	case f.artifactRoot != "":
		root, err := core.ParseURI(f.artifactRoot)
		if err != nil {
			return r, err
		}
		r.To, r.All = root.Raw(), true
		if root.IsLocal() {
			r.To, err = folderOf(root)
		}
		return r, err
	case r.From != "" && to.explanation.Scheme == "file":
		r.To, err = folderOf(to.uri)
	}
	return r, err
}

// folderOf is the absolute path of a local URI, with slashes.
func folderOf(uri core.URI) (string, error) {
	path, err := uri.LocalPath()
	if err == nil {
		path, err = filepath.Abs(path)
	}
	return filepath.ToSlash(path), err
}

// copyProgress shows how far a copy is.
func (a *app) copyProgress(how string) (show func(copying.Event), finish func(), err error) {
	none := func() {}
	switch how {
	case "none":
		return nil, none, nil
	case "plain":
		return func(e copying.Event) {
			if e.Changed {
				a.note("%s %s %s", e.Pass, e.Kind, e.Key)
			}
		}, none, nil
	case "auto":
		if !isTerminal(a.stderr) {
			return nil, none, nil
		}
		show, finish = a.copyCounter()
		return show, finish, nil
	}
	return nil, none, usage("unknown progress %q: it must be one of auto, plain, none", how)
}

// copyCounter shows, on one line that is written over, how many entities a pass has been through.
func (a *app) copyCounter() (show func(copying.Event), finish func()) {
	var pass copying.Pass
	seen, changed := 0, 0
	show = func(e copying.Event) {
		if e.Pass != pass {
			pass, seen, changed = e.Pass, 0, 0
		}
		seen++
		if e.Changed {
			changed++
		}
		_, _ = fmt.Fprintf(a.stderr, "\r\x1b[K%s: %d entities, %d changed", pass, seen, changed)
	}
	return show, func() { _, _ = fmt.Fprint(a.stderr, "\r\x1b[K") }
}

// showCopy writes the report.
func (a *app) showCopy(r copying.Report) error {
	if a.output == "json" || a.output == "jsonl" {
		return writeObject(a.stdout, r)
	}
	for _, l := range r.Losses {
		a.note("cannot be copied: %s %s: %s", l.Kind, l.Key, l.Why)
	}
	for _, d := range r.Differences {
		a.note("differs: %s %s: %s", d.Kind, d.Key, d.What)
	}
	rows := [][]string{{"WHAT", "ALL", written(r.DryRun)}}
	add := func(name string, all, changed int64) {
		rows = append(rows, []string{name, strconv.FormatInt(all, 10), strconv.FormatInt(changed, 10)})
	}
	add("experiments", int64(r.Counts.Experiments), int64(r.Written.Experiments))
	add("runs", int64(r.Counts.Runs), int64(r.Written.Runs))
	add("points of metrics", r.Counts.Points, r.Written.Points)
	add("logged models", int64(r.Counts.LoggedModels), int64(r.Written.LoggedModels))
	add("registered models", int64(r.Counts.Models), int64(r.Written.Models))
	add("model versions", int64(r.Counts.Versions), int64(r.Written.Versions))
	add("artifacts", int64(r.Counts.Files), int64(r.Written.Files))
	add("bytes", r.Counts.Bytes, r.Written.Bytes)
	var out strings.Builder
	table := bufio.NewWriter(a.stdout)
	align(table, rows, a.colour())
	if err := table.Flush(); err != nil {
		return err
	}
	for _, m := range r.Mapped {
		fmt.Fprintf(&out, "experiment %s has the id %s in the target: %s\n", m.From, m.To, m.Name)
	}
	switch {
	case r.Verified && len(r.Losses) > 0:
		out.WriteString("verified: the target holds the same, but for what cannot be copied\n")
	case r.Verified:
		out.WriteString("verified: the target holds the same\n")
	}
	_, err := fmt.Fprint(a.stdout, visible(out.String(), true))
	return err
}

func written(dryRun bool) string {
	if dryRun {
		return "TO WRITE"
	}
	return "WRITTEN"
}
