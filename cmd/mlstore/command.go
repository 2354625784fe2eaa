package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// command is the whole tree of commands.
func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "mlstore",
		Short: "Keep machine-learning experiments in any store that a URI names",
		Long: "mlstore looks into experiment stores and changes what they hold. Which store, a URI says: --tracking-uri and " +
			"--registry-uri,\nelse MLFLOW_TRACKING_URI and MLFLOW_REGISTRY_URI, else the folder mlruns in the working directory.",
		Version:       version().Version,
		SilenceErrors: true, SilenceUsage: true,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.trackingURI, "tracking-uri", "", "tracking store (default $MLFLOW_TRACKING_URI, else ./mlruns)")
	flags.StringVar(&a.registryURI, "registry-uri", "", "model registry (default $MLFLOW_REGISTRY_URI, else the tracking store)")
	flags.StringVarP(&a.output, "output", "o", "table", "format of what is printed: "+strings.Join(formats(), ", "))
	flags.BoolVar(&a.json, "json", false, "short for --output json")
	flags.BoolVar(&a.noColor, "no-color", false, "print without colours (as NO_COLOR does)")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return a.checkOutput(cmd) }
	root.AddCommand(
		a.experimentsCommand(), a.runsCommand(), a.artifactsCommand(), a.modelsCommand(), a.resolveCommand(),
		a.serverCommand(), a.usersCommand(), a.tokensCommand(), a.copyCommand(), a.gcCommand(), a.dbCommand(),
		a.conformanceCommand(), a.pluginCommand(), a.uiCommand(), a.doctorCommand(), a.demoCommand(), a.versionCommand(),
		exitCodesTopic(),
		environmentTopic(),
	)
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats(), cobra.ShellCompDirectiveNoFileComp))
	a.finish(root)
	return root
}

// finish gives every command what all have: -v, unless MLflow gives that letter another meaning there, a refusal of unknown
// subcommands, and a note that the command line was understood.
func (a *app) finish(cmd *cobra.Command) {
	letter := "v"
	if cmd.Flags().ShorthandLookup("v") != nil {
		letter = ""
	}
	cmd.Flags().BoolVarP(&a.verbose, "verbose", letter, false, "tell more on standard error")
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.started = true
			return run(cmd, args)
		}
	} else if cmd.HasSubCommands() && cmd.HasParent() {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unknown command %q for %q", args[0], cmd.CommandPath())
			}
			return cmd.Help()
		}
	}
	for _, sub := range cmd.Commands() {
		a.finish(sub)
	}
}

// fileOutput marks the commands whose -o is a file, as in MLflow.
const fileOutput = "file-output"

func (a *app) checkOutput(cmd *cobra.Command) error {
	if a.json {
		a.output = "json"
	}
	if _, isFile := cmd.Annotations[fileOutput]; isFile || slices.Contains(formats(), a.output) {
		return nil
	}
	return usage("unknown output %q: it must be one of %s", a.output, strings.Join(formats(), ", "))
}

func exitCodesTopic() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "What the exit code of mlstore means", Long: exitCodesText}
}

func environmentTopic() *cobra.Command {
	return &cobra.Command{Use: "environment", Short: "The environment variables that mlstore listens to", Long: `Environment:

  MLFLOW_TRACKING_URI                   tracking store, unless --tracking-uri says otherwise
  MLFLOW_REGISTRY_URI                   model registry, unless --registry-uri says otherwise
  MLFLOW_EXPERIMENT_ID                  experiment of runs list and runs search, unless flags name one
  MLFLOW_EXPERIMENT_NAME                likewise, by name
  MLFLOW_AUTH_CONFIG_PATH               settings of accounts, for the server, users and tokens
  MLFLOW_AUTH_ADMIN_USERNAME            name of the first administrator of a server with accounts (default admin)
  MLFLOW_AUTH_ADMIN_PASSWORD            password of the first administrator
  MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR  false: no progress bars
  NO_COLOR                              not empty: no colours
  MLSTORE_PLUGIN_PATH                   folders that are searched for plugins first, separated as in PATH
  MLSTORE_PLUGIN_LOCKED                 1: only plugins that were installed, and so are pinned, are used
  MLSTORE_PLUGIN_DEV                    name=/path/of/program,…: programs under development to use for plugins of these names
  MLSTORE_REATTACH_PLUGINS              plugins that run already, under a debugger, as they print it for the argument debug
  XDG_DATA_HOME                         below it, in mlstore/plugins, is your own folder of plugins
  MLSTORE_CONFORMANCE_LEVEL, MLSTORE_CONFORMANCE_SEED
                                        what conformance suites in tests (go test) run; the command has flags for it
`}
}
