package mlflow

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// LogArtifact stores a local file in the directory artifactPath of the run's artifacts ("" is their root), under its own
// name. A local directory is stored as LogArtifacts does, below its own name.
func (r *Run) LogArtifact(ctx context.Context, localPath, artifactPath string) error {
	dir, err := core.CheckArtifactDir(artifactPath)
	if err != nil {
		return err
	}
	whole, err := filepath.Abs(localPath)
	if err != nil {
		return core.Do("log artifact", localPath, err)
	}
	info, err := os.Stat(whole)
	if err != nil {
		return core.Do("log artifact", localPath, fileError(err))
	}
	repo, err := r.repository(ctx)
	if err != nil {
		return err
	}
	target := path.Join(dir, filepath.Base(whole))
	if info.IsDir() {
		return client.UploadDir(ctx, repo, whole, target, client.TransferOptions{})
	}
	_, err = client.UploadFile(ctx, repo, whole, target, client.TransferOptions{})
	return err
}

// LogArtifacts stores what is in a local directory in the directory artifactPath of the run's artifacts. What is there
// already and has no counterpart stays.
func (r *Run) LogArtifacts(ctx context.Context, localDir, artifactPath string) error {
	dir, err := core.CheckArtifactDir(artifactPath)
	if err != nil {
		return err
	}
	switch info, err := os.Stat(localDir); {
	case err != nil:
		return core.Do("log artifacts", localDir, fileError(err))
	case !info.IsDir():
		return core.Do("log artifacts", localDir, core.Invalid(localDir, "%s is not a directory: use LogArtifact", localDir))
	}
	repo, err := r.repository(ctx)
	if err != nil {
		return err
	}
	return client.UploadDir(ctx, repo, localDir, dir, client.TransferOptions{})
}

// LogText stores text, in UTF-8, as the artifact at artifactFile, whose path is put in normal form.
func (r *Run) LogText(ctx context.Context, text, artifactFile string) error {
	return r.LogBytes(ctx, []byte(text), artifactFile)
}

// LogDict stores a value that can be written as JSON as the artifact at artifactFile: as YAML when the name ends in .yml or
// .yaml, with keys sorted, and else as JSON, indented by two blanks and in ASCII, in the order that encoding/json gives.
// NaN, infinities and what encoding/json refuses are ErrInvalid. Source: MLflow, mlflow/tracking/client.py, log_dict.
func (r *Run) LogDict(ctx context.Context, value any, artifactFile string) error {
	data, err := encodeDict(value, path.Ext(artifactFile))
	if err != nil {
		return core.Do("log dict", artifactFile, err)
	}
	return r.LogBytes(ctx, data, artifactFile)
}

// LogBytes stores data as the artifact at artifactFile, whose path is put in normal form.
func (r *Run) LogBytes(ctx context.Context, data []byte, artifactFile string) error {
	if artifactFile == "" {
		return core.Invalid("artifact_file", "the artifact needs a name")
	}
	target := path.Clean(artifactFile)
	if err := core.CheckArtifactPath(target); err != nil {
		return err
	}
	repo, err := r.repository(ctx)
	if err != nil {
		return err
	}
	size := int64(len(data))
	_, err = repo.Put(ctx, target, bytes.NewReader(data), core.PutOptions{Size: &size})
	return err
}

// ArtifactURI is the URI of an artifact of the run, or with "" of their root. The path is neither escaped nor looked up.
func (r *Run) ArtifactURI(artifactPath string) string {
	if artifactPath == "" {
		return r.info.ArtifactURI
	}
	return core.JoinLocation(r.info.ArtifactURI, artifactPath)
}

// fileError gives errors about local files their code.
func fileError(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return core.Errorf(core.NotFound, "%w", err)
	case errors.Is(err, os.ErrPermission):
		return core.Errorf(core.PermissionDenied, "%w", err)
	}
	return err
}

// repository opens the run's artifacts once.
func (r *Run) repository(ctx context.Context) (core.ArtifactRepository, error) {
	r.mu.Lock()
	repo := r.artifacts
	r.mu.Unlock()
	if repo != nil {
		return repo, nil
	}
	repo, err := r.client.artifactsOf(ctx, r.info)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.artifacts != nil: // another call was faster
		return r.artifacts, repo.Close()
	case !r.client.keep(r):
		return nil, joined(core.Closed("artifacts"), repo.Close())
	}
	r.artifacts = repo
	return repo, nil
}

// closeArtifacts gives the artifact repository back, which the next call opens again.
func (r *Run) closeArtifacts() error {
	r.mu.Lock()
	repo := r.artifacts
	r.artifacts = nil
	r.mu.Unlock()
	if repo == nil {
		return nil
	}
	r.client.drop(r)
	return repo.Close()
}

// artifactsOf opens the artifacts of a run.
func (c *Client) artifactsOf(ctx context.Context, run core.RunInfo) (core.ArtifactRepository, error) {
	uri, err := core.ParseURI(run.ArtifactURI)
	if err != nil {
		return nil, core.Do("open artifacts", string(run.ID), err)
	}
	return c.resolver.Artifacts(ctx, uri, c.settings())
}

// keep remembers that the run has an open repository; false when the client is closed.
func (c *Client) keep(r *Run) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.runs[r] = struct{}{}
	return true
}

func (c *Client) drop(r *Run) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.runs, r)
}
