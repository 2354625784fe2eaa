package mlflow

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/names"
)

// RegisterOptions go with RegisterModel. The zero value is fine.
type RegisterOptions struct {
	Tags  map[string]string // of the new version
	Await time.Duration     // how long to wait until the version is ready; 0 is 300 s, below 0 is not at all
}

// modelFile describes a model in its directory (mlflow/models/model.py).
const modelFile = "MLmodel"

// RegisterModel makes the next version of a registered model, which is created where it is missing, and waits until it is
// ready. The files stay where they are:
//
//   - `runs:/<run id>/<path>`: those of the run, when there is an MLmodel file in the path, and else the model that the run
//     logged under that name; neither is ErrNotFound. The version remembers the run.
//   - `models:/<model id>`: those of a logged model; the version remembers the model and its run.
//   - any other URI: what it points to.
//
// Source: MLflow 3.18, mlflow/tracking/_model_registry/fluent.py.
func (c *Client) RegisterModel(ctx context.Context, modelURI, name string, o RegisterOptions) (core.Version, error) {
	models, err := c.Registry(ctx)
	if err != nil {
		return core.Version{}, err
	}
	spec, err := c.versionSpec(ctx, modelURI)
	if err != nil {
		return core.Version{}, core.Do("register model", modelURI, err)
	}
	spec.Tags, spec.User = o.Tags, userName(c.env)
	switch _, err := models.CreateModel(ctx, core.ModelSpec{Name: name}); {
	case err == nil:
		c.logger().Info("mlflow: registered a new model", "name", name)
	case !errors.Is(err, core.ErrExists):
		return core.Version{}, err
	}
	version, err := models.CreateVersion(ctx, name, spec)
	if err != nil {
		return core.Version{}, err
	}
	c.logger().Info("mlflow: created a version of a model", "name", name, "version", version.Number)
	if version.Status != core.VersionReady && o.Await >= 0 {
		ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.Await, 300*time.Second))
		defer cancel()
		version, err = client.WaitForVersion(ctx, models, core.VersionRef{Model: name, Number: version.Number})
		if err != nil {
			return version, err
		}
	}
	return version, c.linkLoggedModel(ctx, version)
}

// versionSpec says where the files behind a URI are and where they come from.
func (c *Client) versionSpec(ctx context.Context, uri string) (core.VersionSpec, error) {
	switch {
	case strings.HasPrefix(uri, "runs:"):
		return c.versionOfRun(ctx, uri)
	case strings.HasPrefix(uri, "models:"):
		return c.versionOfModel(ctx, uri)
	}
	return core.VersionSpec{Source: uri}, nil
}

func (c *Client) versionOfRun(ctx context.Context, uri string) (core.VersionSpec, error) {
	id, below, err := names.RunsURI(uri)
	if err != nil {
		return core.VersionSpec{}, core.Invalid("model_uri", "%w", err)
	}
	run, err := c.tracking.Run(ctx, core.RunID(id))
	if err != nil {
		return core.VersionSpec{}, err
	}
	found, err := c.holds(ctx, run.RunInfo, path.Join(below, modelFile))
	if err != nil {
		return core.VersionSpec{}, err
	}
	if found {
		return core.VersionSpec{Source: core.JoinLocation(run.ArtifactURI, below), RunID: run.ID}, nil
	}
	model, err := c.loggedUnder(ctx, run, below)
	return ofLoggedModel(model, run.ID), err
}

// holds reports whether there is a file among a run's artifacts.
func (c *Client) holds(ctx context.Context, run core.RunInfo, file string) (_ bool, err error) {
	repo, err := c.artifactsOf(ctx, run)
	if err != nil {
		return false, err
	}
	defer func() { err = joined(err, repo.Close()) }()
	info, err := repo.Stat(ctx, file)
	if errors.Is(err, core.ErrNotFound) {
		return false, nil
	}
	return err == nil && !info.Dir, err
}

// loggedUnder finds the model that a run logged under a name: of several that of the largest step.
func (c *Client) loggedUnder(ctx context.Context, run core.Run, name string) (core.LoggedModel, error) {
	none := core.Errorf(core.NotFound, "Unable to find a logged_model with artifact_path %s under run %s, nor a file %s: log "+
		"the model's files together with one, or register them by the URI at which they are kept", name, run.ID, modelFile)
	logged, ok := core.As[core.LoggedModels](c.tracking)
	if !ok || names.LoggedModelName(name) != nil { // no such name, so none with a quote in it
		return core.LoggedModel{}, none
	}
	steps := map[core.ModelID]int64{}
	for _, output := range run.Outputs {
		steps[output.ModelID] = output.Step
	}
	var best core.LoggedModel
	query := core.LoggedModelQuery{Experiments: []core.ExperimentID{run.ExperimentID}, Filter: "name = '" + name + "'"}
	for model, err := range client.LoggedModels(ctx, logged, query) {
		if err != nil {
			return core.LoggedModel{}, err
		}
		if model.SourceRunID == run.ID && (best.ID == "" || steps[model.ID] > steps[best.ID]) {
			best = model
		}
	}
	if best.ID == "" {
		return core.LoggedModel{}, none
	}
	return best, nil
}

func (c *Client) versionOfModel(ctx context.Context, uri string) (core.VersionSpec, error) {
	ref, err := names.ModelsURI(uri)
	if err != nil {
		return core.VersionSpec{}, core.Invalid("model_uri", "%w", err)
	}
	if ref.ModelID == "" {
		models, err := c.Registry(ctx)
		if err != nil {
			return core.VersionSpec{}, err
		}
		from, err := client.ResolveVersion(ctx, models, ref)
		return core.VersionSpec{
			Source: uri, Location: core.JoinLocation(from.DownloadURI(), ref.Path), RunID: from.RunID, ModelID: from.ModelID,
		}, err
	}
	logged, ok := core.As[core.LoggedModels](c.tracking)
	if !ok {
		return core.VersionSpec{}, core.Errorf(core.Unimplemented, "the tracking store keeps no logged models, such as %s", uri)
	}
	model, err := logged.LoggedModel(ctx, core.ModelID(ref.ModelID))
	return ofLoggedModel(model, model.SourceRunID), err
}

func ofLoggedModel(model core.LoggedModel, run core.RunID) core.VersionSpec {
	return core.VersionSpec{
		Source: "models:/" + string(model.ID), Location: model.ArtifactURI, RunID: run, ModelID: model.ID,
	}
}

// linkLoggedModel notes the version among the tags of the logged model that it was made from. A model that is gone is no
// error.
func (c *Client) linkLoggedModel(ctx context.Context, v core.Version) error {
	logged, ok := core.As[core.LoggedModels](c.tracking)
	if v.ModelID == "" || !ok {
		return nil
	}
	model, err := logged.LoggedModel(ctx, v.ModelID)
	if errors.Is(err, core.ErrNotFound) {
		c.logger().Warn("mlflow: the logged model is gone and cannot be linked to its version", "id", v.ModelID)
		return nil
	}
	if err != nil {
		return err
	}
	var links []map[string]any
	if text := model.Tags[core.ModelVersionsTag]; text != "" {
		if err := json.Unmarshal([]byte(text), &links); err != nil {
			return core.Errorf(core.DataLoss, "the tag %s of %s is no JSON list: %w", core.ModelVersionsTag, v.ModelID, err)
		}
	}
	text, err := json.Marshal(append(links, map[string]any{"name": v.Model, "version": strconv.Itoa(v.Number)}))
	if err != nil {
		return core.Do("link model", string(v.ModelID), err)
	}
	_, err = logged.UpdateLoggedModel(ctx, v.ModelID, core.LoggedModelChange{
		Tags: core.TagChange{Set: map[string]string{core.ModelVersionsTag: string(text)}},
	})
	return err
}
