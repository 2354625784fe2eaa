package mlflow

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// The functions of this file log to the active run, and start one when there is none, which stays active until EndRun. Each
// does what the method of Run with its name does.

// LogMetric logs one point of a metric at the present time.
func LogMetric(ctx context.Context, key string, value float64, step int64) error {
	run, err := std.active(ctx)
	if err != nil {
		return err
	}
	return run.LogMetric(ctx, key, value, step)
}

// LogMetrics logs a point of several metrics, all at the same step and time.
func LogMetrics(ctx context.Context, metrics map[string]float64, step int64) error {
	run, err := std.active(ctx)
	if err != nil {
		return err
	}
	return run.LogMetrics(ctx, metrics, step)
}

// LogParam logs a param, whose value is turned into text (Text) and cannot be changed later.
func LogParam(ctx context.Context, key string, value any) error {
	run, err := std.active(ctx)
	if err != nil {
		return err
	}
	return run.LogParam(ctx, key, value)
}

// LogParams logs params as LogParam does.
func LogParams(ctx context.Context, params map[string]any) error {
	run, err := std.active(ctx)
	if err != nil {
		return err
	}
	return run.LogParams(ctx, params)
}

// LogBatch logs metrics, params and tags in as few calls as the store's limits allow.
func LogBatch(ctx context.Context, b core.Batch) error {
	run, err := std.active(ctx)
	if err != nil {
		return err
	}
	return run.LogBatch(ctx, b)
}

// SetTag sets a tag, whose value is turned into text (Text).
func SetTag(ctx context.Context, key string, value any) error {
	run, err := std.active(ctx)
	if err != nil {
		return err
	}
	return run.SetTag(ctx, key, value)
}

// SetTags sets tags as SetTag does.
func SetTags(ctx context.Context, tags map[string]any) error {
	run, err := std.active(ctx)
	if err != nil {
		return err
	}
	return run.SetTags(ctx, tags)
}

// DeleteTag deletes a tag for good; an absent one is ErrNotFound.
func DeleteTag(ctx context.Context, key string) error {
	run, err := std.active(ctx)
	if err != nil {
		return err
	}
	return run.DeleteTag(ctx, key)
}

// LogArtifact stores a local file or directory, under its own name, in the directory artifactPath of the run's artifacts.
func LogArtifact(ctx context.Context, localPath, artifactPath string) error {
	run, err := std.active(ctx)
	if err != nil {
		return err
	}
	return run.LogArtifact(ctx, localPath, artifactPath)
}

// LogArtifacts stores what is in a local directory in the directory artifactPath of the run's artifacts.
func LogArtifacts(ctx context.Context, localDir, artifactPath string) error {
	run, err := std.active(ctx)
	if err != nil {
		return err
	}
	return run.LogArtifacts(ctx, localDir, artifactPath)
}

// LogText stores text as the artifact at artifactFile.
func LogText(ctx context.Context, text, artifactFile string) error {
	run, err := std.active(ctx)
	if err != nil {
		return err
	}
	return run.LogText(ctx, text, artifactFile)
}

// LogDict stores a value as the artifact at artifactFile: as YAML when the name ends in .yml or .yaml, and else as JSON.
func LogDict(ctx context.Context, value any, artifactFile string) error {
	run, err := std.active(ctx)
	if err != nil {
		return err
	}
	return run.LogDict(ctx, value, artifactFile)
}

// LogBytes stores data as the artifact at artifactFile.
func LogBytes(ctx context.Context, data []byte, artifactFile string) error {
	run, err := std.active(ctx)
	if err != nil {
		return err
	}
	return run.LogBytes(ctx, data, artifactFile)
}

// GetArtifactURI is the URI of an artifact of the active run, or with "" of their root.
func GetArtifactURI(ctx context.Context, artifactPath string) (string, error) {
	run, err := std.active(ctx)
	if err != nil {
		return "", err
	}
	return run.ArtifactURI(artifactPath), nil
}
