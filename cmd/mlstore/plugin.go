package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/discover"
)

func (a *app) pluginCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "plugin", Short: "Install, list, verify and remove plugins, and begin a new one",
		Long: `Install, list, verify and remove plugins: programs that serve stores for schemes which mlstore itself does not know.

A plugin is a program mlstore-plugin-NAME with its manifest mlstore-plugin-NAME.json beside it. They are looked for in the
folders that $MLSTORE_PLUGIN_PATH names, then in the user's own (mlstore plugin paths), then in the folder plugins beside
mlstore and beside mlstore itself; never on $PATH. Others must not be able to write to the folder or the files.`,
	}
	cmd.AddCommand(
		a.pluginListCommand(), a.pluginInspectCommand(), a.pluginPathsCommand(), a.pluginInstallCommand(), a.pluginVerifyCommand(),
		a.pluginRemoveCommand(), a.pluginDoctorCommand(), a.pluginNewCommand(),
	)
	return cmd
}

// plugins finds the plugins that this command may use.
func (a *app) plugins(ctx context.Context) (discover.Found, error) {
	return discover.Find(ctx, discover.Default(a.env))
}

func (a *app) pluginListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List plugins, also those that are not used, and why", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := a.plugins(cmd.Context())
			if err != nil {
				return err
			}
			return pluginListing().show(a, each(pluginRows(found)))
		},
	}
}

// each yields the items of a list.
func each[T any](items []T) func(func(T, error) bool) {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func (a *app) pluginInspectCommand() *cobra.Command {
	return &cobra.Command{
		Use: "inspect NAME", Short: "Show what a plugin serves, wants and is pinned to", Args: cobra.ExactArgs(1),
		Long:              "Show what a plugin serves, wants and is pinned to: by its name, or by the path of its manifest.",
		Example:           "  mlstore plugin inspect s3\n  mlstore plugin inspect ./mlstore-plugin-s3.json -o json",
		ValidArgsFunction: a.completePlugins,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.pluginAt(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return manifestListing(c).showOne(a, c)
		},
	}
}

// pluginAt is the plugin of that name, or the one whose manifest is at that path.
func (a *app) pluginAt(ctx context.Context, name string) (discover.Candidate, error) {
	if strings.HasSuffix(name, ".json") || strings.ContainsRune(name, os.PathSeparator) {
		path, err := filepath.Abs(name)
		if err != nil {
			return discover.Candidate{}, err
		}
		return discover.Read(strings.TrimSuffix(path, ".json") + ".json")
	}
	found, err := a.plugins(ctx)
	if err != nil {
		return discover.Candidate{}, err
	}
	return found.Named(name)
}

func (a *app) pluginPathsCommand() *cobra.Command {
	type place struct {
		Path  string `json:"path"`
		There bool   `json:"there"`
	}
	return &cobra.Command{
		Use: "paths", Short: "List the folders that are searched, in order", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var places []place
			for _, dir := range discover.Here(a.env).Dirs() {
				info, err := os.Stat(dir)
				places = append(places, place{dir, err == nil && info.IsDir()})
			}
			return listing[place]{
				columns: []column[place]{
					{"path", func(p place) string { return p.Path }},
					{"there", func(p place) string { return yesNo(p.There) }},
				},
				object: func(p place) any { return p },
			}.show(a, each(places))
		},
	}
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func (a *app) pluginVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "verify [NAME…]", Short: "Compare plugins with what was installed", ValidArgsFunction: a.completePlugins,
		Long: `Read plugins from the first byte to the last and compare them with the digests of their lock file, plugins.lock.
Without names all plugins are verified. The exit code is 8 when one is not what was installed, or is pinned nowhere.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := a.plugins(cmd.Context())
			if err != nil {
				return err
			}
			verdicts, failed := verify(cmd.Context(), found, args)
			if err := verdictListing().show(a, each(verdicts)); err != nil {
				return err
			}
			if failed > 0 {
				return coded(exitPlugin, fmt.Errorf("plugins that are not what was installed: %d", failed))
			}
			return nil
		},
	}
}

// verdict is what verify found of one plugin.
type verdict struct {
	Name  string `json:"name"`
	Path  string `json:"path"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// verify looks at the plugins of those names, or at all.
func verify(ctx context.Context, found discover.Found, names []string) (all []verdict, failed int) {
	if len(names) == 0 {
		names = found.Names()
	}
	for _, name := range names {
		c, err := found.Named(name)
		if err == nil {
			err = discover.Verify(ctx, c)
		}
		v := verdict{Name: name, Path: c.Path, OK: err == nil}
		if err != nil {
			v.Error = err.Error()
			failed++
		}
		all = append(all, v)
	}
	return all, failed
}

func (a *app) pluginRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove a plugin that was installed", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completePlugins,
		RunE: func(cmd *cobra.Command, args []string) error {
			home, err := a.pluginHome()
			if err != nil {
				return err
			}
			if err := discover.Remove(cmd.Context(), home, args[0]); err != nil {
				return err
			}
			a.note("removed the plugin %s from %s", args[0], home)
			return nil
		},
	}
}

// pluginHome is the folder that plugins are installed in.
func (a *app) pluginHome() (string, error) {
	home := discover.Here(a.env).Home()
	if home == "" {
		return "", core.Errorf(core.FailedPrecondition,
			"the environment does not say where your files are: set HOME or XDG_DATA_HOME to an absolute path")
	}
	return home, nil
}

func (a *app) completePlugins(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return offer(func(ctx context.Context) (all []cobra.Completion, err error) {
		found, err := a.plugins(ctx)
		for _, c := range found.Plugins {
			all = append(all, cobra.CompletionWithDesc(c.Name(), strings.Join(schemesOf(c.Manifest), ", ")))
		}
		return all, err
	}, cmd)
}
