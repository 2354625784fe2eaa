package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/mlflow"
)

func (a *app) modelsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "models", Short: "List, register, stage, alias and delete registered models"}
	cmd.AddCommand(
		a.modelsSearchCommand(), a.modelsGetCommand(), a.modelsVersionsCommand(), a.modelsRegisterCommand(),
		a.modelsSetAliasCommand(), a.modelsDeleteAliasCommand(), a.modelsStageCommand(), a.modelsDeleteCommand(),
	)
	return cmd
}

func (a *app) modelsSearchCommand() *cobra.Command {
	var query core.ModelQuery
	var most int
	cmd := &cobra.Command{
		Use: "search", Aliases: []string{"list"}, Short: "Search registered models", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if most < 0 {
				return usage("--max-results is %d: it must not be negative", most)
			}
			return a.withRegistry(cmd.Context(), func(store core.RegistryStore) error {
				return modelListing().show(a, first(client.Models(cmd.Context(), store, query), most))
			})
		},
	}
	cmd.Flags().StringVar(&query.Filter, "filter", "", "which models, such as \"name LIKE 'iris%'\"")
	cmd.Flags().StringArrayVar(&query.OrderBy, "order-by", nil, "order, such as \"last_updated_timestamp DESC\"")
	cmd.Flags().IntVar(&most, "max-results", 0, "most models to print (0 is all)")
	return cmd
}

// onModel makes a command that works on one registered model, named by a flag or the first argument.
func (a *app) onModel(cmd *cobra.Command, do func(context.Context, core.RegistryStore, string) error) *cobra.Command {
	var name string
	cmd.Use += " [NAME]"
	cmd.Args, cmd.ValidArgsFunction = cobra.MaximumNArgs(1), a.completeModelNames
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name, err := argument("name", name, args)
		if err != nil {
			return err
		}
		return a.withRegistry(cmd.Context(), func(store core.RegistryStore) error { return do(cmd.Context(), store, name) })
	}
	cmd.Flags().StringVarP(&name, "name", "n", "", "name of the registered model")
	_ = cmd.RegisterFlagCompletionFunc("name", a.completeModelNames)
	return cmd
}

func (a *app) modelsGetCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "get", Short: "Show a registered model"}
	return a.onModel(cmd, func(ctx context.Context, store core.RegistryStore, name string) error {
		m, err := store.Model(ctx, name)
		if err != nil {
			return err
		}
		return modelListing().showOne(a, m)
	})
}

func (a *app) modelsVersionsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "versions", Short: "List the versions of a registered model"}
	return a.onModel(cmd, func(ctx context.Context, store core.RegistryStore, name string) error {
		if _, err := store.Model(ctx, name); err != nil {
			return err
		}
		query := core.VersionQuery{Filter: "name = " + quoted(name), OrderBy: []string{"version_number DESC"}}
		return versionListing().show(a, client.Versions(ctx, store, query))
	})
}

// quoted is a name as a literal of the search language, which has no escapes: a name with one kind of quote stands in the
// other.
func quoted(name string) string {
	if strings.Contains(name, "'") {
		return `"` + name + `"`
	}
	return "'" + name + "'"
}

func (a *app) modelsRegisterCommand() *cobra.Command {
	var name, uri string
	var tags map[string]string
	cmd := &cobra.Command{
		Use: "register", Short: "Make the next version of a registered model", Args: cobra.NoArgs,
		Example: "  mlstore models register --name iris --model-uri runs:/4f5a895128ee438fb3799263486608a8/model",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			c, err := mlflow.NewClient(cmd.Context(), mlflow.Options{
				TrackingURI: a.trackingURI, RegistryURI: a.registryURI, Logger: a.logger(),
			})
			if err != nil {
				return err
			}
			v, err := c.RegisterModel(cmd.Context(), uri, name, mlflow.RegisterOptions{Tags: tags})
			if err := joined(err, c.Close()); err != nil {
				return err
			}
			return versionListing().showOne(a, v)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&name, "name", "n", "", "name of the registered model, which is created where it is missing")
	flags.StringVarP(&uri, "model-uri", "m", "", "where the files are: runs:/<run id>/<path>, models:/…, or any other URI")
	flags.StringToStringVar(&tags, "tag", nil, "tags of the version, as key=value")
	_ = cmd.MarkFlagRequired("name")
	_ = cmd.MarkFlagRequired("model-uri")
	_ = cmd.RegisterFlagCompletionFunc("name", a.completeModelNames)
	return cmd
}

func (a *app) modelsSetAliasCommand() *cobra.Command {
	var alias string
	var number int
	cmd := &cobra.Command{Use: "set-alias", Short: "Let an alias point to a version"}
	cmd.Flags().StringVarP(&alias, "alias", "a", "", "the alias")
	cmd.Flags().IntVar(&number, "version", 0, "number of the version")
	_ = cmd.MarkFlagRequired("alias")
	_ = cmd.MarkFlagRequired("version")
	return a.onModel(cmd, func(ctx context.Context, store core.RegistryStore, name string) error {
		aliases, err := ability[core.Aliases](store, "aliases")
		if err != nil {
			return err
		}
		return aliases.SetAlias(ctx, core.VersionRef{Model: name, Number: number}, alias)
	})
}

func (a *app) modelsDeleteAliasCommand() *cobra.Command {
	var alias string
	cmd := &cobra.Command{Use: "delete-alias", Short: "Remove an alias"}
	cmd.Flags().StringVarP(&alias, "alias", "a", "", "the alias")
	_ = cmd.MarkFlagRequired("alias")
	return a.onModel(cmd, func(ctx context.Context, store core.RegistryStore, name string) error {
		aliases, err := ability[core.Aliases](store, "aliases")
		if err != nil {
			return err
		}
		return aliases.DeleteAlias(ctx, name, alias)
	})
}

// ability is an optional interface of a registry.
func ability[T any](store core.Store, what string) (T, error) {
	found, ok := core.As[T](store)
	if !ok {
		return found, core.Errorf(core.Unimplemented, "this model registry has no %s", what)
	}
	return found, nil
}

func (a *app) modelsStageCommand() *cobra.Command {
	var number int
	var change core.StageChange
	var stage string
	cmd := &cobra.Command{Use: "stage", Short: "Move a version to a stage: None, Staging, Production or Archived"}
	cmd.Flags().IntVar(&number, "version", 0, "number of the version")
	cmd.Flags().StringVar(&stage, "stage", "", "None, Staging, Production or Archived")
	cmd.Flags().BoolVar(&change.ArchiveExisting, "archive-existing", false, "archive the other versions of that stage")
	_ = cmd.MarkFlagRequired("version")
	_ = cmd.MarkFlagRequired("stage")
	_ = cmd.RegisterFlagCompletionFunc("stage",
		cobra.FixedCompletions([]string{"None", "Staging", "Production", "Archived"}, cobra.ShellCompDirectiveNoFileComp))
	return a.onModel(cmd, func(ctx context.Context, store core.RegistryStore, name string) error {
		stages, err := ability[core.Stages](store, "stages")
		if err != nil {
			return err
		}
		change.Stage = core.Stage(stage)
		v, err := stages.SetStage(ctx, core.VersionRef{Model: name, Number: number}, change)
		if err != nil {
			return err
		}
		return versionListing().showOne(a, v)
	})
}

func (a *app) modelsDeleteCommand() *cobra.Command {
	var number int
	cmd := &cobra.Command{Use: "delete", Short: "Delete a registered model with all versions, or one version, for good"}
	cmd.Flags().IntVar(&number, "version", 0, "delete this version alone")
	return a.onModel(cmd, func(ctx context.Context, store core.RegistryStore, name string) error {
		if !cmd.Flags().Changed("version") {
			return store.DeleteModel(ctx, name)
		}
		return store.DeleteVersion(ctx, core.VersionRef{Model: name, Number: number})
	})
}

func aliasTexts(aliases map[string]int) string {
	var all []string
	for _, alias := range slices.Sorted(maps.Keys(aliases)) {
		all = append(all, fmt.Sprintf("%s=%d", alias, aliases[alias]))
	}
	return strings.Join(all, " ")
}

// latest is the highest version that the registry names.
func latest(m core.Model) string {
	highest := 0
	for _, v := range m.Latest {
		highest = max(highest, v.Number)
	}
	if highest == 0 {
		return ""
	}
	return strconv.Itoa(highest)
}
