package main

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

func (a *app) artifactsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "artifacts", Short: "List, upload, download and delete artifacts"}
	cmd.AddCommand(
		a.artifactsListCommand(),
		a.artifactsUploadCommand("upload", "Upload a file or directory", "local-path", false),
		a.artifactsUploadCommand("log-artifact", "Upload a file or directory under its name, as in MLflow", "local-file", false),
		a.artifactsUploadCommand("log-artifacts", "Upload what is in a directory, as in MLflow", "local-dir", true),
		a.artifactsDownloadCommand(), a.artifactsDeleteCommand(),
	)
	return cmd
}

// place names artifacts: below a run, or at a URI.
type place struct{ run, path, uri string }

func (p *place) add(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&p.run, "run-id", "r", "", "run that the artifacts belong to")
	flags.StringVarP(&p.path, "artifact-path", "a", "", "path below the run's artifacts (default: all of them)")
	flags.StringVarP(&p.uri, "artifact-uri", "u", "", "URI instead of a run: runs:/, models:/, or where they are kept")
	_ = cmd.RegisterFlagCompletionFunc("run-id", a.completeRunIDs)
}

// open opens the repository that the place is in, and returns the path there. With a URI run and path are ignored, as in
// MLflow.
func (p *place) open(ctx context.Context, a *app) (core.ArtifactRepository, string, error) {
	resolver, settings, err := a.stores()
	if err != nil {
		return nil, "", err
	}
	if p.uri != "" {
		uri, err := core.ParseURI(p.uri)
		if err != nil {
			return nil, "", err
		}
		return resolver.ArtifactAt(ctx, uri, settings)
	}
	if p.run == "" {
		return nil, "", usage("say which artifacts: give --run-id or --artifact-uri")
	}
	dir, err := core.CheckArtifactDir(p.path)
	if err != nil {
		return nil, "", err
	}
	if err := core.CheckRunID(core.RunID(p.run)); err != nil {
		return nil, "", err
	}
	root, err := core.ParseURI("runs:/" + p.run)
	if err != nil {
		return nil, "", err
	}
	repo, err := resolver.Artifacts(ctx, root, settings)
	return repo, dir, err
}

// with opens the place, calls use, and closes it.
func (p *place) with(ctx context.Context, a *app, use func(core.ArtifactRepository, string) error) error {
	repo, at, err := p.open(ctx, a)
	if err != nil {
		return err
	}
	return joined(use(repo, at), repo.Close())
}

type artifactView struct {
	Path             string      `json:"path"`
	IsDir            bool        `json:"is_dir"`
	FileSize         *int64      `json:"file_size,omitempty"`
	LastModifiedTime core.Millis `json:"last_modified_time,omitempty"`
}

func artifactListing() listing[core.Artifact] {
	return listing[core.Artifact]{
		columns: []column[core.Artifact]{
			{"path", func(f core.Artifact) string {
				if f.Dir {
					return f.Path + "/"
				}
				return f.Path
			}},
			{"size", func(f core.Artifact) string {
				if f.Dir {
					return ""
				}
				return strconv.FormatInt(f.Size, 10)
			}},
			{"modified", func(f core.Artifact) string { return stamp(f.ModTime) }},
		},
		object: func(f core.Artifact) any {
			view := artifactView{Path: f.Path, IsDir: f.Dir, LastModifiedTime: f.ModTime}
			if !f.Dir {
				view.FileSize = &f.Size
			}
			return view
		},
	}
}

func (a *app) artifactsListCommand() *cobra.Command {
	var p place
	var recursive bool
	cmd := &cobra.Command{
		Use: "list", Short: "List artifacts", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), a, func(repo core.ArtifactRepository, dir string) error {
				options := core.ListOptions{Recursive: recursive}
				return artifactListing().show(a, client.Artifacts(cmd.Context(), repo, dir, options))
			})
		},
	}
	p.add(a, cmd)
	cmd.Flags().BoolVar(&recursive, "recursive", false, "every file below, and no directories")
	return cmd
}

// artifactsUploadCommand uploads a local file or directory; contents alone is what is in a directory, without its name.
func (a *app) artifactsUploadCommand(use, short, flag string, contents bool) *cobra.Command {
	var p place
	var local string
	var t transfer
	cmd := &cobra.Command{
		Use: use + " [PATH]", Short: short, Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			local, err := argument(flag, local, args)
			if err != nil {
				return err
			}
			isDir, err := localKind(local)
			if err != nil {
				return err
			}
			if contents && !isDir {
				return core.Invalid(local, "%s is no directory", local)
			}
			return p.with(cmd.Context(), a, func(repo core.ArtifactRepository, dir string) error {
				target := dir
				if !contents {
					target = path.Join(dir, baseName(local))
				}
				return t.run(a, "uploading", func(o client.TransferOptions) error {
					if isDir {
						return client.UploadDir(cmd.Context(), repo, local, target, o)
					}
					_, err := client.UploadFile(cmd.Context(), repo, local, target, o)
					return err
				})
			})
		},
	}
	p.add(a, cmd)
	cmd.Flags().StringVarP(&local, flag, "l", "", "what to upload")
	t.add(cmd)
	return cmd
}

func (a *app) artifactsDownloadCommand() *cobra.Command {
	var p place
	var dst string
	var t transfer
	cmd := &cobra.Command{
		Use: "download", Short: "Download a file or directory, and print where it is", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), a, func(repo core.ArtifactRepository, at string) error {
				var local string
				err := t.run(a, "downloading", func(o client.TransferOptions) (err error) {
					local, err = client.Download(cmd.Context(), repo, at, dst, o)
					return err
				})
				if err != nil {
					return err
				}
				if a.output == "table" { // for $(mlstore artifacts download …)
					_, err := fmt.Fprintln(a.stdout, local)
					return err
				}
				return downloadListing().showOne(a, local)
			})
		},
	}
	p.add(a, cmd)
	cmd.Flags().StringVarP(&dst, "dst-path", "d", "", "local directory (default: a new temporary one)")
	t.add(cmd)
	return cmd
}

func downloadListing() listing[string] {
	return listing[string]{
		columns: []column[string]{{"local_path", func(s string) string { return s }}},
		object:  func(s string) any { return map[string]string{"local_path": s} },
	}
}

func (a *app) artifactsDeleteCommand() *cobra.Command {
	var p place
	var all bool
	cmd := &cobra.Command{
		Use: "delete", Short: "Delete a file or directory for good", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), a, func(repo core.ArtifactRepository, at string) error {
				if at == "" && !all {
					return usage("this would delete all artifacts: say so with --all, or give a path")
				}
				return repo.Delete(cmd.Context(), at, core.DeleteOptions{All: all})
			})
		},
	}
	p.add(a, cmd)
	cmd.Flags().BoolVar(&all, "all", false, "delete all artifacts of the run")
	return cmd
}

// baseName is the last element of a local path, also of one such as . that does not say it.
func baseName(local string) string {
	if abs, err := filepath.Abs(local); err == nil {
		local = abs
	}
	return filepath.Base(local)
}
