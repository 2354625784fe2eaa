package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/cmd/mlstore/scaffold"
	"github.com/mlstore/mlstore/embedded"
)

func (a *app) pluginNewCommand() *cobra.Command {
	var o scaffold.Options
	var dir string
	cmd := &cobra.Command{
		Use: "new NAME", Short: "Write the repository of a new plugin, which builds and passes the suite", Args: cobra.ExactArgs(1),
		Long: `Write the repository of a new plugin in Go. It builds at once and passes the conformance suite, with stores that keep
everything in memory: put your own medium in its place, a method at a time. NAME is also the scheme of its URIs.`,
		Example: "  mlstore plugin new notebook --kind tracking,artifact",
		RunE: func(_ *cobra.Command, args []string) error {
			o.Name = args[0]
			linked, err := embedded.New()
			if err != nil {
				return err
			}
			if slices.Contains(append(linked.Schemes(), "runs", "models"), o.Name) {
				return usage("mlstore itself serves %s: URIs, so no plugin can: choose another name", o.Name)
			}
			if dir == "" {
				dir = "mlstore-plugin-" + o.Name
			}
			if o.Replace != "" {
				if o.Replace, err = filepath.Abs(o.Replace); err != nil {
					return err
				}
			}
			if v := version().Version; strings.HasPrefix(v, "v") && !strings.Contains(v, "-0.") && !strings.Contains(v, "+") {
				o.Version = v
			}
			if err := scaffold.Write(dir, o); err != nil {
				return err
			}
			a.note("wrote %s: go there and run make build test", dir)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.Kinds, "kind", []string{"tracking", "artifact"},
		"kinds of store, of "+strings.Join(scaffold.Kinds(), ", "))
	flags.StringVar(&dir, "dir", "", "folder to write (default mlstore-plugin-NAME)")
	flags.StringVar(&o.Module, "module", "", "path of the Go module (default mlstore-plugin-NAME)")
	flags.StringVar(&o.Replace, "replace", "", "checkout of mlstore to build with in the place of a release")
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(scaffold.Kinds(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
