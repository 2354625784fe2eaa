package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
)

func (a *app) dbCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "db", Short: "Look after the database of a store: its schema and indexes",
		Long: "Look after a database of MLflow's schema. Which one, a URI as the argument says, else the tracking URI.",
	}
	cmd.AddCommand(a.dbStatusCommand(), a.dbUpgradeCommand(), a.dbCheckCommand(), a.dbOptimizeCommand())
	return cmd
}

// withKeeper opens the database of the argument, or the tracking store, for the sake of its schema.
func (a *app) withKeeper(ctx context.Context, args []string, readOnly bool, use func(core.SchemaKeeper) error) error {
	resolver, settings, err := a.stores()
	if err != nil {
		return err
	}
	if len(args) == 1 {
		if settings.Tracking, err = core.ParseURI(args[0]); err != nil {
			return err
		}
	}
	settings.Registry = settings.Tracking
	settings.Options, settings.ReadOnly = map[string]string{"schema": "keep"}, readOnly
	store, err := resolver.Tracking(ctx, settings.Tracking, settings)
	if e, ok := errors.AsType[*core.Error](err); ok && e.Code == core.InvalidArgument && e.Key == "schema" {
		return core.Errorf(core.Unimplemented, "the store at %s has no database with a schema of its own", settings.Tracking)
	}
	if err != nil {
		return err
	}
	keeper, can := core.As[core.SchemaKeeper](store)
	if !can {
		err = core.Errorf(core.Unimplemented, "the store at %s has no database with a schema of its own", settings.Tracking)
		return joined(err, store.Close())
	}
	return joined(use(keeper), store.Close())
}

type schemaView struct {
	State    core.SchemaState `json:"state"`
	Revision string           `json:"revision"`
	Newest   string           `json:"newest"`
	Problems []string         `json:"problems"`
	Indexes  []indexView      `json:"indexes"`
}

type indexView struct {
	Name    string `json:"name"`
	Table   string `json:"table"`
	Why     string `json:"why"`
	Present bool   `json:"present"`
}

func schemaListing() listing[core.SchemaStatus] {
	return listing[core.SchemaStatus]{
		columns: []column[core.SchemaStatus]{
			{"state", func(s core.SchemaStatus) string { return string(s.State) + ": " + meaning(s.State) }},
			{"revision", func(s core.SchemaStatus) string { return s.Revision }},
			{"newest we know", func(s core.SchemaStatus) string { return s.Newest }},
			{"problems", func(s core.SchemaStatus) string { return strings.Join(s.Problems, "; ") }},
			{"extra indexes", func(s core.SchemaStatus) string {
				present := 0
				for _, i := range s.Indexes {
					if i.Present {
						present++
					}
				}
				return fmt.Sprintf("%d of %d", present, len(s.Indexes))
			}},
		},
		object: func(s core.SchemaStatus) any {
			view := schemaView{s.State, s.Revision, s.Newest, append([]string{}, s.Problems...), []indexView{}}
			for _, i := range s.Indexes {
				view.Indexes = append(view.Indexes, indexView(i))
			}
			return view
		},
	}
}

// meaning says what a state asks for.
func meaning(state core.SchemaState) string {
	switch state {
	case core.SchemaEmpty:
		return "opening it as a store makes the tables"
	case core.SchemaCurrent:
		return "nothing to do"
	case core.SchemaUsable:
		return "works as it is"
	case core.SchemaOld:
		return "make a backup, then run mlstore db upgrade"
	case core.SchemaRefused:
		return "cannot be used"
	}
	return "unknown"
}

func (a *app) dbStatusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status [URI]", Short: "Tell which schema a database has, and whether it can be used", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withKeeper(cmd.Context(), args, true, func(k core.SchemaKeeper) error {
				s, err := k.SchemaStatus(cmd.Context())
				if err != nil {
					return err
				}
				return schemaListing().showOne(a, s)
			})
		},
	}
}

func (a *app) dbUpgradeCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use: "upgrade [URI]", Short: "Bring the schema of a database forward, to the newest that we know",
		Long: `Bring the schema of a database forward to that of the newest MLflow that we know, from MLflow 1.30 on. Every step is a
transaction of its own: one that fails leaves the database as the step before left it, and a second call goes on there.

Make a backup first: of SQLite a copy of the file, of Postgres what pg_dump writes. There is no way back.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withKeeper(cmd.Context(), args, dryRun, func(k core.SchemaKeeper) error {
				if dryRun {
					return a.planUpgrade(cmd.Context(), k)
				}
				return a.upgrade(cmd.Context(), k)
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the statements, and change nothing")
	return cmd
}

// planUpgrade prints the statements of an upgrade.
func (a *app) planUpgrade(ctx context.Context, k core.SchemaKeeper) error {
	steps, err := k.SchemaSteps(ctx)
	if err != nil {
		return err
	}
	if a.output == "json" || a.output == "jsonl" {
		type view struct {
			Revision   string   `json:"revision"`
			Statements []string `json:"statements"`
		}
		views := []view{}
		for _, s := range steps {
			views = append(views, view(s))
		}
		return writeObject(a.stdout, views)
	}
	var b strings.Builder
	for i, s := range steps {
		fmt.Fprintf(&b, "-- step %d of %d, to revision %s\nBEGIN;\n", i+1, len(steps), s.Revision)
		for _, sql := range s.Statements {
			b.WriteString(sql + ";\n")
		}
		fmt.Fprintf(&b, "UPDATE alembic_version SET version_num = '%s';\nCOMMIT;\n\n", s.Revision)
	}
	_, err = io.WriteString(a.stdout, b.String())
	return err
}

// upgrade does one step after the other, and tells of each.
func (a *app) upgrade(ctx context.Context, k core.SchemaKeeper) error {
	steps, err := k.SchemaSteps(ctx)
	if err != nil {
		return err
	}
	if len(steps) > 0 {
		a.note("if there is no backup of the database, interrupt this and make one")
	}
	for i, s := range steps {
		a.note("step %d of %d: revision %s, %d statements", i+1, len(steps), s.Revision, len(s.Statements))
		if err := k.UpgradeSchema(ctx, s.Revision); err != nil {
			return err
		}
	}
	s, err := k.SchemaStatus(ctx)
	if err != nil {
		return err
	}
	return schemaListing().showOne(a, s)
}

func (a *app) dbCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check [URI]", Short: "Look for missing indexes and for rows that belong to nothing", Args: cobra.MaximumNArgs(1),
		Long: "Look for missing indexes and for rows that belong to nothing. The whole database is read. When rows are found that\n" +
			"belong to nothing, the exit code is 1.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withKeeper(cmd.Context(), args, true, func(k core.SchemaKeeper) error {
				findings, err := k.CheckSchema(cmd.Context())
				if err != nil {
					return err
				}
				return a.showFindings(findings)
			})
		},
	}
}

type schemaFindingView struct {
	Table  string `json:"table,omitempty"`
	Text   string `json:"text"`
	Fix    string `json:"fix,omitempty"`
	Rows   int64  `json:"rows,omitempty"`
	Severe bool   `json:"severe"`
}

func (a *app) showFindings(findings []core.SchemaFinding) error {
	severe := 0
	for _, f := range findings {
		if f.Severe {
			severe++
		}
	}
	err := listing[core.SchemaFinding]{
		columns: []column[core.SchemaFinding]{
			{"finding", func(f core.SchemaFinding) string { return f.Text }},
			{"rows", func(f core.SchemaFinding) string {
				if f.Rows == 0 {
					return ""
				}
				return strconv.FormatInt(f.Rows, 10)
			}},
			{"what to do", func(f core.SchemaFinding) string { return f.Fix }},
		},
		object: func(f core.SchemaFinding) any { return schemaFindingView(f) },
	}.show(a, func(yield func(core.SchemaFinding, error) bool) {
		for _, f := range findings {
			if !yield(f, nil) {
				return
			}
		}
	})
	if severe > 0 {
		err = joined(err, coded(exitFailure, fmt.Errorf("%d kinds of rows belong to nothing", severe)))
	}
	return err
}

func (a *app) dbOptimizeCommand() *cobra.Command {
	var o core.OptimizeOptions
	cmd := &cobra.Command{
		Use: "optimize [URI]", Short: "Create the extra indexes that make searches fast, or remove them",
		Long: `Create the indexes that MLflow's schema lacks and fast searches need; databases that mlstore made have them. Their names
begin with mlstore_, and MLflow ignores them. While an index is created, its table takes no changes.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withKeeper(cmd.Context(), args, o.DryRun, func(k core.SchemaKeeper) error {
				statements, err := k.OptimizeSchema(cmd.Context(), o)
				if err != nil {
					return err
				}
				if a.output == "json" || a.output == "jsonl" {
					return writeObject(a.stdout, append([]string{}, statements...))
				}
				for _, sql := range statements {
					if _, err := io.WriteString(a.stdout, sql+";\n"); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "print the statements, and change nothing")
	cmd.Flags().BoolVar(&o.Remove, "remove", false, "remove the extra indexes instead")
	return cmd
}
