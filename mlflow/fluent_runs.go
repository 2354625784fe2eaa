package mlflow

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// The functions of this file work on the stores that are chosen now, whatever run is active.

// GetRun returns a run, active or deleted, with the latest point of each metric; an unknown one is ErrNotFound.
func GetRun(ctx context.Context, id core.RunID) (core.Run, error) {
	c, err := std.client(ctx)
	if err != nil {
		return core.Run{}, err
	}
	return c.GetRun(ctx, id)
}

// GetParentRun returns the run that a run is nested in. Where Python returns None this is ErrNotFound.
func GetParentRun(ctx context.Context, id core.RunID) (core.Run, error) {
	c, err := std.client(ctx)
	if err != nil {
		return core.Run{}, err
	}
	return c.GetParentRun(ctx, id)
}

// DeleteRun deletes a run; RestoreRun brings it back.
func DeleteRun(ctx context.Context, id core.RunID) error {
	c, err := std.client(ctx)
	if err != nil {
		return err
	}
	return c.DeleteRun(ctx, id)
}

// RestoreRun restores a deleted run.
func RestoreRun(ctx context.Context, id core.RunID) error {
	c, err := std.client(ctx)
	if err != nil {
		return err
	}
	return c.RestoreRun(ctx, id)
}

// SearchRuns returns the runs that match, by default those of the experiment in which StartRun would start one. NewFrame
// makes a table of them.
func SearchRuns(ctx context.Context, s RunSearch) ([]core.Run, error) {
	c, err := std.client(ctx)
	if err != nil {
		return nil, err
	}
	return c.searchRuns(ctx, s, std.activeExperiment())
}

// ListRunInfos returns what the runs of an experiment are, without what they logged; at most 1000, unless MaxResults says
// otherwise.
func ListRunInfos(ctx context.Context, in core.ExperimentID, s RunSearch) ([]core.RunInfo, error) {
	c, err := std.client(ctx)
	if err != nil {
		return nil, err
	}
	return c.ListRunInfos(ctx, in, s)
}

// GetMetricHistory returns every point of a metric of a run, by time, step and value.
func GetMetricHistory(ctx context.Context, id core.RunID, key string) ([]core.Metric, error) {
	c, err := std.client(ctx)
	if err != nil {
		return nil, err
	}
	return c.GetMetricHistory(ctx, id, key)
}

// DownloadArtifacts copies a file or directory into the local directory dst ("" is a new temporary one) and returns where
// the copy is.
func DownloadArtifacts(ctx context.Context, from ArtifactRef, dst string) (string, error) {
	c, err := std.client(ctx)
	if err != nil {
		return "", err
	}
	return c.DownloadArtifacts(ctx, from, dst)
}

// ListArtifacts returns what lies directly in a directory of artifacts.
func ListArtifacts(ctx context.Context, in ArtifactRef) ([]core.Artifact, error) {
	c, err := std.client(ctx)
	if err != nil {
		return nil, err
	}
	return c.ListArtifacts(ctx, in)
}

// RegisterModel makes the next version of a registered model from the files at modelURI (Client.RegisterModel).
func RegisterModel(ctx context.Context, modelURI, name string, o RegisterOptions) (core.Version, error) {
	c, err := std.client(ctx)
	if err != nil {
		return core.Version{}, err
	}
	return c.RegisterModel(ctx, modelURI, name, o)
}
