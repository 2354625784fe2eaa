package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/discover"
)

func (a *app) pluginInstallCommand() *cobra.Command {
	var describe bool
	cmd := &cobra.Command{
		Use: "install PATH", Short: "Copy a plugin into your folder of plugins and pin its digest", Args: cobra.ExactArgs(1),
		Long: `Copy a plugin into your folder of plugins (mlstore plugin paths) and pin its digest in the lock file there.

PATH is the program. Its manifest lies beside it as PATH.json. Where there is none, --describe runs the program to ask for it:
use it only with a program that you trust. What was installed under the plugin's name before is replaced.`,
		Example: "  mlstore plugin install ./mlstore-plugin-s3\n  mlstore plugin install --describe ./build/my-plugin",
		RunE: func(cmd *cobra.Command, args []string) error {
			home, err := a.pluginHome()
			if err != nil {
				return err
			}
			source, err := pluginSource(cmd.Context(), args[0], describe)
			if err != nil {
				return err
			}
			c, err := discover.Install(cmd.Context(), home, source)
			if err != nil {
				return err
			}
			a.note("installed the plugin %s %s in %s", c.Name(), c.Manifest.Version, c.Dir)
			return manifestListing(c).showOne(a, c)
		},
	}
	cmd.Flags().BoolVar(&describe, "describe", false, "run the program to ask for its manifest")
	return cmd
}

// pluginSource is the program at path with its manifest.
func pluginSource(ctx context.Context, path string, describe bool) (discover.Source, error) {
	path, err := filepath.Abs(strings.TrimSuffix(path, ".json"))
	if err != nil {
		return discover.Source{}, err
	}
	source := discover.Source{Program: path}
	if describe {
		source.Manifest, err = describeProgram(ctx, path)
		return source, err
	}
	beside := strings.TrimSuffix(path, ".exe") + ".json"
	source.Manifest, err = os.ReadFile(beside)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return source, &core.Error{Code: core.NotFound, Key: beside, Err: errors.New(
			"there is no manifest " + beside + ": put it there, or let the program print it with --describe")}
	case err != nil:
		return source, coded(exitUsage, err)
	}
	if m, err := discover.Parse(source.Manifest); err == nil && len(m.Command) > 0 { // Install tells what is wrong with it
		source.Program = filepath.Join(filepath.Dir(path), filepath.FromSlash(m.Command[0]))
	}
	return source, nil
}
