package mlflow

import (
	"context"
	"path"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// ArtifactRef names artifacts by exactly one of a URI and a run.
type ArtifactRef struct {
	URI   string     // of a file or directory: runs:/, models:/, or where it is kept
	RunID core.RunID // its artifacts, all of them or those at Path
	Path  string     // with RunID alone
}

// checked is the reference with its path in normal form; what names nothing or two things is refused.
func (a ArtifactRef) checked() (ArtifactRef, error) {
	switch {
	case (a.URI == "") == (a.RunID == ""):
		return a, core.Invalid("artifact_uri", "Exactly one of `run_id` or `artifact_uri` must be specified")
	case a.URI != "" && a.Path != "":
		return a, core.Invalid("artifact_path", "`artifact_path` cannot be specified if `artifact_uri` is specified")
	case a.URI != "":
		return a, nil
	}
	if a.Path = path.Clean(a.Path); a.Path == "." {
		a.Path = ""
	}
	if err := core.CheckRunID(a.RunID); err != nil || a.Path == "" {
		return a, err
	}
	return a, core.CheckArtifactPath(a.Path)
}

// uri is the URI of what is named.
func (a ArtifactRef) uri() string {
	switch {
	case a.URI != "":
		return a.URI
	case a.Path == "":
		return "runs:/" + string(a.RunID)
	}
	return "runs:/" + string(a.RunID) + "/" + a.Path
}

// DownloadArtifacts copies a file or directory, under its name, into the local directory dst, which is made where it is
// missing; "" is a new temporary one, for the caller to remove. It returns where the copy is.
func (c *Client) DownloadArtifacts(ctx context.Context, from ArtifactRef, dst string) (_ string, err error) {
	if from, err = from.checked(); err != nil {
		return "", err
	}
	repo, at, err := c.artifactAt(ctx, from.uri())
	if err != nil {
		return "", err
	}
	defer func() { err = joined(err, repo.Close()) }()
	return client.Download(ctx, repo, at, dst, client.TransferOptions{})
}

// ListArtifacts returns what lies directly in a directory of artifacts; nothing when it is missing or a file. For a run the
// paths start at the root of its artifacts, for a URI at the directory in which the named one lies.
func (c *Client) ListArtifacts(ctx context.Context, in ArtifactRef) (_ []core.Artifact, err error) {
	if in, err = in.checked(); err != nil {
		return nil, err
	}
	dir := in.Path
	var repo core.ArtifactRepository
	if in.RunID != "" {
		var run core.Run
		if run, err = c.tracking.Run(ctx, in.RunID); err == nil {
			repo, err = c.artifactsOf(ctx, run.RunInfo)
		}
	} else {
		repo, dir, err = c.artifactAt(ctx, in.uri())
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = joined(err, repo.Close()) }()
	return client.Collect(client.Artifacts(ctx, repo, dir, core.ListOptions{}))
}

// artifactAt opens the repository in which the artifact at uri lies, and returns its path there.
func (c *Client) artifactAt(ctx context.Context, uri string) (core.ArtifactRepository, string, error) {
	parsed, err := core.ParseURI(uri)
	if err != nil {
		return nil, "", err
	}
	return c.resolver.ArtifactAt(ctx, parsed, c.settings())
}
