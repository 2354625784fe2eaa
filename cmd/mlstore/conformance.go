package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/conformance/boundary"
	"github.com/mlstore/mlstore/conformance/project"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/conformance/report"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/registry"
)

func (a *app) conformanceCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "conformance", Short: "Hold a store to the contract, and read what the contract is"}
	cmd.AddCommand(a.conformanceRunCommand(), a.conformanceListCommand(), a.conformanceExplainCommand())
	return cmd
}

// suiteFlags are the flags of a conformance run.
type suiteFlags struct {
	conformance.Options
	level, known, junit, json, html, plugin, fresh string
}

func (a *app) conformanceRunCommand() *cobra.Command {
	var f suiteFlags
	cmd := &cobra.Command{
		Use: "run URI", Short: "Run the conformance suite on every kind of store that a URI offers", Args: cobra.ExactArgs(1),
		Long: `Run the conformance suite on every kind of store that a URI offers, one after the other.

What the suite creates has names of its own and is deleted at the end; what is there already is not touched. Nevertheless:
use a store for tests. The exit code is 0 when the store conforms, 9 when it breaks the contract, and 1 when the suite
itself could not do its work or no case ran.`,
		Example: "  mlstore conformance run file:./scratch\n  mlstore conformance run file:./scratch --only TS-158 --seed 7 -v\n" +
			"  mlstore conformance run --plugin ./mlstore-plugin-s3 s3://bucket/scratch --fresh 's3://bucket/scratch-*'",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.conform(cmd.Context(), args[0], f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.level, "level", "core", "core, extended or performance; each includes those before it")
	flags.StringSliceVar(&f.Only, "only", nil, "run the cases whose id or name matches, such as 'TS-1*'")
	flags.StringSliceVar(&f.Skip, "skip", nil, "leave out the cases whose id or name matches; they are reported as skipped")
	flags.Uint64Var(&f.Seed, "seed", 0, "seed of random cases (0 draws one)")
	flags.IntVar(&f.Parallel, "parallel", 0, "cases at a time (0 is the number of processors)")
	flags.DurationVar(&f.Timeout, "timeout", 0, "time for one case (0 is three minutes)")
	flags.BoolVar(&f.ForbidSkip, "forbid-skip", false, "a skipped case is an error")
	flags.StringVar(&f.plugin, "plugin", "", "program of a plugin that serves the URI; it need not be installed, and is started")
	flags.StringVar(&f.fresh, "fresh", "",
		"URI of stores without anything in them, with a star for a name that is made up: more cases then run")
	flags.StringVar(&f.known, "known-failures", "",
		`file of failures that may stand for a while: JSON [{"id": "TS-158", "reason": "…", "expires": "2027-01-31"}]`)
	flags.StringVar(&f.junit, "junit", "", "also write JUnit XML to this file")
	flags.StringVar(&f.json, "json", "", "also write a JSON document to this file (-o json prints it)")
	flags.StringVar(&f.html, "html", "", "also write a page for browsers to this file; it needs no other file and no network")
	_ = cmd.RegisterFlagCompletionFunc("level",
		cobra.FixedCompletions([]string{"core", "extended", "performance"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("only", completeCases)
	_ = cmd.RegisterFlagCompletionFunc("skip", completeCases)
	return cmd
}

// conform runs the suites, and writes and judges their reports.
func (a *app) conform(ctx context.Context, text string, f suiteFlags) error {
	uri, err := core.ParseURI(text)
	if err != nil {
		return err
	}
	if f.Options.Level, err = conformance.ParseLevel(f.level); err != nil {
		return coded(exitUsage, err)
	}
	if err := f.check(); err != nil {
		return err
	}
	if f.fresh != "" && !strings.Contains(f.fresh, "*") {
		return usage("--fresh %s has no star in the place of a name", f.fresh)
	}
	if f.Known, err = readKnown(f.known); err != nil {
		return err
	}
	f.Repro = func(id string, seed uint64) string {
		plugin := ""
		if f.plugin != "" {
			plugin = fmt.Sprintf("--plugin %q ", f.plugin)
		}
		return fmt.Sprintf("mlstore conformance run %s%q --level %s --only %s --seed %d", plugin, uri, f.Options.Level, id, seed)
	}
	on := suiteTarget{
		uri: uri, settings: a.suiteSettings(uri), fresh: f.fresh,
		resolver: func() (*registry.Resolver, error) { return embedded.New() },
	}
	tried, err := a.pluginFor(ctx, uri, f.plugin)
	switch {
	case err != nil:
		return err
	case tried == nil:
		return a.conformOn(ctx, on, f)
	}
	on.resolver, on.transport, on.plugin = tried.resolver, conformance.Process, tried
	return joined(a.conformOn(ctx, on, f), tried.Close())
}

// conformOn runs the suites on a store that can be opened.
func (a *app) conformOn(ctx context.Context, on suiteTarget, f suiteFlags) error {
	resolver, err := on.resolver()
	if err != nil {
		return err
	}
	e, err := resolver.Explain(ctx, on.uri, on.settings)
	if err != nil {
		return err
	}
	if err := answers(ctx, resolver, e.Kinds, on); err != nil {
		return err
	}
	var reports []conformance.Report
	for _, kind := range e.Kinds {
		entries := entriesOf(kind) //nolint:contextcheck // a table, whose cases get the context of the run
		if ctx.Err() != nil || !slices.ContainsFunc(entries, f.chosen) {
			continue
		}
		a.note("%s: running the suite at level %s", kind, f.Options.Level)
		f.Progress = a.progressOf(len(entries))
		reports = append(reports, runKind(ctx, kind, on, f.Options))
	}
	between := boundary.Entries()
	for _, kind := range e.Kinds {
		if ctx.Err() != nil || !slices.ContainsFunc(between, f.chosen) {
			continue
		}
		f.Progress = a.progressOf(len(between))
		r := runBoundary(ctx, kind, on, f.Options)
		if r.Count(conformance.NotApplicable) == len(r.Results) && len(r.Problems) == 1 { // that no case ran
			a.note("%s: none of the cases that were chosen applies", r.Kind)
			continue
		}
		reports = append(reports, r)
	}
	if err := a.writeReports(f, reports); err != nil {
		return err
	}
	switch verdict := report.Worst(reports...); {
	case len(reports) == 0:
		return coded(exitFailure, errors.New("no case ran: --level and --only leave none"))
	case verdict == conformance.Pass:
		return nil
	case verdict == conformance.Fail:
		return coded(exitConformance, fmt.Errorf("%s breaks the contract", on.uri))
	}
	return coded(exitFailure, fmt.Errorf("the suite could not do its work on %s", on.uri))
}

// chosen reports whether level and --only let the case run.
func (f suiteFlags) chosen(e conformance.Entry) bool {
	return e.Level <= f.Options.Level && (len(f.Only) == 0 || slices.ContainsFunc(f.Only, func(pattern string) bool {
		byID, _ := path.Match(pattern, e.ID)
		byName, _ := path.Match(pattern, e.Name)
		return byID || byName
	}))
}

// check refuses patterns that can never match.
func (f suiteFlags) check() error {
	for _, pattern := range slices.Concat(f.Only, f.Skip) {
		if _, err := path.Match(pattern, ""); err != nil {
			return usage("bad pattern %q: %w", pattern, err)
		}
	}
	return nil
}

func (a *app) writeReports(f suiteFlags, reports []conformance.Report) error {
	var err error
	if a.output == "table" {
		err = report.Text(a.stdout, reports...)
	} else {
		err = report.JSON(a.stdout, reports...)
	}
	if f.junit != "" {
		err = errors.Join(err, a.writeTo(f.junit, func(w io.Writer) error { return report.JUnit(w, reports...) }))
	}
	if f.html != "" {
		err = errors.Join(err, a.writeTo(f.html, func(w io.Writer) error { return report.HTML(w, reports...) }))
	}
	if f.json != "" {
		err = errors.Join(err, a.writeTo(f.json, func(w io.Writer) error { return report.JSON(w, reports...) }))
	}
	return err
}

// progressOf tells of every case with -v, and else only of those that do not pass.
func (a *app) progressOf(total int) func(conformance.Result) {
	done := 0
	return func(r conformance.Result) {
		done++
		if a.verbose || r.Verdict == conformance.Fail || r.Verdict == conformance.Broken {
			a.note("[%d of %d] %s %s: %s", done, total, r.ID, r.Name, r.Verdict)
		}
	}
}

// readKnown reads a file of known failures.
func readKnown(file string) ([]conformance.KnownFailure, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, coded(exitUsage, err)
	}
	var entries []struct{ ID, Reason, Expires string }
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, usage("read %s: %w", file, err)
	}
	var known []conformance.KnownFailure
	for _, e := range entries {
		expires, err := time.Parse(time.DateOnly, e.Expires)
		if err != nil || e.ID == "" || e.Reason == "" {
			return nil, usage("%s: the entry for %q needs an id, a reason and a date as 2027-01-31 at which it expires", file, e.ID)
		}
		known = append(known, conformance.KnownFailure{ID: e.ID, Reason: e.Reason, Expires: expires})
	}
	return known, nil
}

// allEntries lists the cases of all suites.
func allEntries() []conformance.Entry {
	return slices.Concat(
		tracking.Suite().Entries(), artifact.Suite().Entries(), registrystore.Suite().Entries(), project.Suite().Entries(),
		boundary.Entries(),
	)
}

func completeCases(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var all []cobra.Completion
	for _, e := range allEntries() {
		all = append(all, cobra.CompletionWithDesc(e.ID, e.Name))
	}
	return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

//go:generate sh -c "go run . conformance list --markdown > ../../docs/catalogue.md"

func (a *app) conformanceListCommand() *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the cases of the suites", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if markdown {
				return writeMarkdown(a.stdout, allEntries())
			}
			return entryListing().show(a, func(yield func(conformance.Entry, error) bool) {
				for _, e := range allEntries() {
					if !yield(e, nil) {
						return
					}
				}
			})
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print the catalogue as Markdown, a table for each kind")
	return cmd
}

func (a *app) conformanceExplainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain ID", Short: "Explain a case: its rule, what it needs and why it matters", Args: cobra.ExactArgs(1),
		ValidArgsFunction: completeCases,
		RunE: func(_ *cobra.Command, args []string) error {
			for _, e := range allEntries() {
				if strings.EqualFold(e.ID, args[0]) {
					return entryDetails(e).showOne(a, e)
				}
			}
			return core.Missing("case", args[0])
		},
	}
}
