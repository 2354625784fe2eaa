package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/cmd/mlstore/webui"
)

func (a *app) uiCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "ui", Short: "MLflow's web page, for mlstore server --ui-dir"}
	cmd.AddCommand(a.uiFetchCommand())
	return cmd
}

func (a *app) uiFetchCommand() *cobra.Command {
	var into, wheel, folder, python string
	cmd := &cobra.Command{
		Use: "fetch", Short: "Take the web page out of MLflow's Python package", Args: cobra.NoArgs,
		Long: "Take the build of MLflow's web page out of MLflow's Python package: of the Python that --python names, or of a wheel\n" +
			"file or a folder. Nothing is downloaded. What --into has is replaced if it is such a build.",
		Example: "  mlstore ui fetch --into ui\n  mlstore ui fetch --wheel mlflow-3.18.0-py3-none-any.whl --into ui\n" +
			"  mlstore server --ui-dir ui",
		RunE: func(cmd *cobra.Command, _ []string) error {
			take := func(ctx context.Context) (webui.Fetched, error) { return webui.FromPython(ctx, python, into) }
			switch {
			case wheel != "":
				take = func(ctx context.Context) (webui.Fetched, error) { return webui.FromWheel(ctx, wheel, into) }
			case folder != "":
				take = func(ctx context.Context) (webui.Fetched, error) { return webui.FromFolder(ctx, folder, into) }
			}
			fetched, err := take(cmd.Context())
			if err != nil {
				return err
			}
			return fetchedListing().showOne(a, fetched)
		},
	}
	cmd.Flags().StringVar(&into, "into", "mlflow-ui", "folder to put it in")
	cmd.Flags().StringVar(&wheel, "wheel", "", "wheel file of mlflow to take it from")
	cmd.Flags().StringVar(&folder, "folder", "", "folder to take it from: site-packages, mlflow's, or that of a build")
	cmd.Flags().StringVar(&python, "python", "python3", "Python that has mlflow installed")
	cmd.MarkFlagsMutuallyExclusive("wheel", "folder", "python")
	return cmd
}

func fetchedListing() listing[webui.Fetched] {
	return listing[webui.Fetched]{
		[]column[webui.Fetched]{
			{"from", func(f webui.Fetched) string { return f.From }},
			{"into", func(f webui.Fetched) string { return f.Into }},
			{"files", func(f webui.Fetched) string { return strconv.Itoa(f.Files) }},
			{"size", func(f webui.Fetched) string { return fmt.Sprintf("%.1f MiB", float64(f.Bytes)/(1<<20)) }},
		},
		func(f webui.Fetched) any { return f },
	}
}
