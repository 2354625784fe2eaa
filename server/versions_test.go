package server_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/rest"
	"github.com/mlstore/mlstore/server"
)

// bareTracking and bareRegistry hide every ability of a store.
type (
	bareTracking struct{ core.TrackingStore }
	bareRegistry struct{ core.RegistryStore }
)

func (bareTracking) Ability(any) bool { return false }
func (bareRegistry) Ability(any) bool { return false }

func openBare(context.Context, core.OpenRequest) (core.Backend, error) {
	return core.Backend{
		Tracking: bareTracking{mem.NewTracking()}, Artifacts: mem.NewArtifacts(), Registry: bareRegistry{mem.NewRegistry()},
	}, nil
}

func TestVersions(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	c.model("m", 0)
	var made rest.VersionAnswer
	c.do("POST", "model-versions/create", `{"name":"m","source":"s3://bucket/key","run_id":"r1","run_link":"l",
		"description":"d","tags":[{"key":"k","value":"v"}]}`, &made)
	v := made.ModelVersion
	want := rest.ModelVersion{
		Name: "m", Version: "1", CreationTimestamp: v.CreationTimestamp, LastUpdatedTimestamp: v.CreationTimestamp,
		CurrentStage: "None", Description: "d", Source: "s3://bucket/key", RunID: "r1", RunLink: "l",
		Status: rest.VersionStatus(core.VersionReady), Tags: []rest.Tag{{Key: "k", Value: "v"}},
	}
	if d := cmp.Diff(want, v); d != "" {
		t.Error(d)
	}
	c.do("POST", "model-versions/set-tag", `{"name":"m","version":"1","key":"l"}`, nil)
	c.do("DELETE", "model-versions/delete-tag", `{"name":"m","version":"1","key":"k"}`, nil)
	c.do("PATCH", "model-versions/update", `{"name":"m","version":"1","description":"e"}`, nil)
	if got := c.versionOf("m", "01"); got.Description != "e" || cmp.Diff([]rest.Tag{{Key: "l"}}, got.Tags) != "" {
		t.Errorf("after changes: %+v", got)
	}
	var where rest.DownloadURIAnswer
	if c.do("GET", "model-versions/get-download-uri?name=m&version=1", "", &where); where.ArtifactURI != "s3://bucket/key" {
		t.Errorf("download from %q", where.ArtifactURI)
	}
	c.do("DELETE", "model-versions/delete", `{"name":"m","version":"1"}`, nil)
	c.do("POST", "model-versions/create", `{"name":"m","source":"s3://b/k"}`, &made)
	if made.ModelVersion.Version != "2" {
		t.Errorf("after a deletion the next number is %s", made.ModelVersion.Version)
	}
	gone := refusal{status: 404, code: lost, message: "Model Version (name=m, version=1) not found"}
	c.refused("GET", "model-versions/get?name=m&version=1", "", gone)
	c.refused("DELETE", "model-versions/delete", `{"name":"m","version":"1"}`, gone)
	c.refused("PATCH", "model-versions/update", `{"name":"m","version":"1"}`, gone)
	c.refused("GET", "model-versions/get-download-uri?name=m&version=1", "", gone)
	c.refused("GET", "model-versions/get?name=m&version=0", "", refusal{status: 404, code: lost, message: "version=0"})
	c.refused("GET", "model-versions/get?name=m&version=x", "", refusal{status: 400, code: invalid, message: "got 'x'."})
	c.refused("POST", "model-versions/create", `{"name":"x","source":"s3://b/k"}`, refusal{status: 404, code: lost, message: "name=x"})
}

func TestStages(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	c.model("m", 3)
	move := func(version, stage, archive string) {
		t.Helper()
		c.do("POST", "model-versions/transition-stage",
			`{"name":"m","version":"`+version+`","stage":"`+stage+`","archive_existing_versions":`+archive+`}`, nil)
	}
	move("1", "staging", "false")
	move("2", "Staging", "false")
	move("3", "STAGING", "true")
	var stages []string
	for _, number := range []string{"1", "2", "3"} {
		stages = append(stages, c.versionOf("m", number).CurrentStage)
	}
	if got := strings.Join(stages, " "); got != "Archived Archived Staging" {
		t.Error(got)
	}
	c.refused("POST", "model-versions/transition-stage",
		`{"name":"m","version":"3","stage":"Archived","archive_existing_versions":true}`,
		refusal{status: 400, code: invalid, message: "'Archived' is not an Active stage"})
	c.refused("POST", "model-versions/transition-stage", `{"name":"m","version":"9","stage":"None"}`,
		refusal{status: 404, code: lost, message: "version=9"})
}

// sources are where a run, a logged model and a copy may come from, in a world with a local run as well.
func TestSourcesOfVersions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tracking := mem.NewTracking()
	c := newClientOver(t, func(context.Context, core.OpenRequest) (core.Backend, error) {
		return core.Backend{Tracking: tracking, Artifacts: mem.NewArtifacts(), Registry: mem.NewRegistry()}, nil
	}, func(c *server.Config) { c.SourcePattern = regexp.MustCompile("^[^!]") })
	root := func(location string) (run, model string) {
		t.Helper()
		e, err := tracking.CreateExperiment(t.Context(), core.ExperimentSpec{Name: location, ArtifactLocation: location})
		must(t, err)
		r, err := tracking.CreateRun(t.Context(), e.ID, core.RunSpec{})
		must(t, err)
		m, err := tracking.CreateLoggedModel(t.Context(), e.ID, core.LoggedModelSpec{Name: "n", SourceRunID: r.ID})
		must(t, err)
		return string(r.ID), string(m.ID)
	}
	servedRun, servedModel := root("mlflow-artifacts:/7")
	localRun, localModel := root(filepath.Join(dir, "7"))
	must(t, os.MkdirAll(filepath.Join(dir, "7", localRun, "artifacts"), 0o700))
	must(t, os.Symlink("/etc", filepath.Join(dir, "7", localRun, "artifacts", "link")))
	c.model("m", 1)
	c.do("POST", "registered-models/create", `{"name":"p","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"}]}`, nil)
	c.do("POST", "model-versions/create",
		`{"name":"p","source":"dummy-source","tags":[{"key":"mlflow.prompt.is_prompt","value":"TRUE"}]}`, nil)
	c.do("POST", "model-versions/create", `{"name":"m","source":"models:/`+servedModel+`","model_id":"`+servedModel+`"}`, nil)

	words := strings.NewReplacer("%LRUN", localRun, "%LMODEL", localModel, "%RUN", servedRun, "%MODEL", servedModel, "%DIR", dir)
	for body, want := range map[string]string{ // the source, the place to download from, the run and the model; or the error
		`"source":"runs:/%RUN/a","run_id":"%RUN"`:                                               "runs:/%RUN/a runs:/%RUN/a %RUN ",
		`"source":"runs:/%RUN/a"`:                                                               "The run_id request parameter must",
		`"source":"runs:/%RUN/a","run_id":"%LRUN"`:                                              "The run_id request parameter must",
		`"source":"runs:/%RUN/a","run_id":"%RUN","model_id":"%MODEL"`:                           "The model_id request parameter must",
		`"source":"runs://profile/%RUN/a","run_id":"%RUN"`:                                      "run_id request parameter must",
		`"source":"models:/%MODEL","model_id":"%MODEL"`:                                         "models:/%MODEL mlflow-artifacts:/7/models/%MODEL/artifacts %RUN %MODEL",
		`"source":"models:/%MODEL"`:                                                             "The model_id request parameter must",
		`"source":"models:/%MODEL","model_id":"%LMODEL"`:                                        "The model_id request parameter must",
		`"source":"models:/m-00000000000000000000000000000000","model_id":"m-0"`:                "The model_id request parameter must",
		`"source":"models:/m/1"`:                                                                "models:/m/1 s3://bucket/m  ",
		`"source":"models:/m/2"`:                                                                "models:/m/2 mlflow-artifacts:/7/models/%MODEL/artifacts %RUN %MODEL",
		`"source":"models:/m/latest","run_id":"%RUN","model_id":"%MODEL"`:                       "models:/m/",
		`"source":"models:/m/2","run_id":"%LRUN"`:                                               "must match the referenced model version",
		`"source":"models:/m/99"`:                                                               "not found",
		`"source":"models:/m@nobody"`:                                                           "not found",
		`"source":"models:/absent/1"`:                                                           "Registered Model with name=absent not found",
		`"source":"models:/p/1"`:                                                                "Prompt versions cannot be used",
		`"source":"mlflow-artifacts:/7/%RUN/artifacts/a","run_id":"%RUN"`:                       "mlflow-artifacts:/7/%RUN/artifacts/a mlflow-artifacts:/7/%RUN/artifacts/a %RUN ",
		`"source":"mlflow-artifacts:/7/%RUN/artifacts"`:                                         "The run_id request parameter must",
		`"source":"mlflow-artifacts:/7/%RUN/artifactsX","run_id":"%RUN"`:                        "The run_id request parameter must",
		`"source":"mlflow-artifacts:/7/%RUN/artifacts/../../x","run_id":"%RUN"`:                 "Invalid model version source",
		`"source":"mlflow-artifacts:/7/%RUN/artifacts/%252e%252e/x","run_id":"%RUN"`:            "Invalid model version source",
		`"source":"mlflow-artifacts:/7/models/%MODEL/artifacts","model_id":"%MODEL"`:            "mlflow-artifacts:/7/models/%MODEL/artifacts mlflow-artifacts:/7/models/%MODEL/artifacts %RUN %MODEL",
		`"source":"mlflow-artifacts://host/7/%RUN/artifacts","run_id":"%RUN"`:                   "The run_id request parameter must",
		`"source":"http://host/api/2.0/mlflow-artifacts/artifacts/7/%RUN","run_id":"%RUN"`:      "The run_id request parameter must",
		`"source":"%DIR/7/%LRUN/artifacts/a","run_id":"%LRUN"`:                                  "%DIR/7/%LRUN/artifacts/a %DIR/7/%LRUN/artifacts/a %LRUN ",
		`"source":"file://%DIR/7/%LRUN/artifacts/a","run_id":"%LRUN"`:                           "file://%DIR/7/%LRUN/artifacts/a file://%DIR/7/%LRUN/artifacts/a %LRUN ",
		`"source":"%DIR/7/models/%LMODEL/artifacts","model_id":"%LMODEL"`:                       "%DIR/7/models/%LMODEL/artifacts %DIR/7/models/%LMODEL/artifacts %LRUN %LMODEL",
		`"source":"%DIR/7/%LRUN/artifacts/link/passwd","run_id":"%LRUN"`:                        "To use a local path",
		`"source":"%DIR/7/%LRUN/artifacts/a"`:                                                   "To use a local path",
		`"source":"%DIR/7/%LRUN/artifacts/a","run_id":"%RUN"`:                                   "To use a local path",
		`"source":"/etc","run_id":"%LRUN"`:                                                      "To use a local path",
		`"source":"file:///etc"`:                                                                "To use a local path",
		`"source":"file:/etc"`:                                                                  "To use a local path",
		`"source":"file://host/etc","run_id":"%LRUN"`:                                           "Invalid model version source",
		`"source":"relative/path"`:                                                              "To use a local path",
		`"source":"//host/share","run_id":"%LRUN"`:                                              "To use a local path",
		`"source":"/etc/passwd","run_id":"0123456789abcdef0123456789abcdef"`:                    "The run_id request parameter must",
		`"source":"s3://b/k/.../x"`:                                                             "s3://b/k/.../x s3://b/k/.../x  ",
		`"source":"s3://b/../k"`:                                                                "Invalid model version source",
		`"source":"s3://b/%2e%2e/k"`:                                                            "Invalid model version source",
		`"source":"s3://b/k\u0000"`:                                                             "Invalid model version source",
		`"source":"http://169.254.169.254/latest"`:                                              "does not speak to the host",
		`"source":"ftp://host/x"`:                                                               "does not speak to the host",
		`"source":"!s3://b/k"`:                                                                  "Invalid model version source: '!s3://b/k'.",
		`"source":"/etc/passwd","tags":[{"key":"mlflow.prompt.is_prompt","value":"True"}]`:      "Invalid prompt source",
		`"source":"/etc/passwd","tags":[{"key":"mlflow.prompt.is_prompt","value":"false"}]`:     "To use a local path",
		`"source":"prompt-template","tags":[{"key":"mlflow.prompt.is_prompt","value":"false"}]`: "To use a local path",
	} {
		body, want = words.Replace(body), words.Replace(want)
		status, text := c.call("POST", api+"model-versions/create", `{"name":"m",`+body+`}`)
		if status != 200 {
			if status >= 500 || !strings.Contains(text, want) {
				t.Errorf("%s: %d %s, want %s", body, status, text, want)
			}
			continue
		}
		var made rest.VersionAnswer
		must(t, rest.Decode([]byte(text), &made))
		var where rest.DownloadURIAnswer
		c.do("GET", "model-versions/get-download-uri?name=m&version="+made.ModelVersion.Version, "", &where)
		v := made.ModelVersion
		if got := strings.Join([]string{v.Source, where.ArtifactURI, v.RunID, v.ModelID}, " "); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestALoggedModelKnowsItsVersions(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	c.model("m", 0)
	var made rest.LoggedModelAnswer
	c.do("POST", "logged-models", `{"experiment_id":"0","name":"n"}`, &made)
	id := made.Model.Info.ModelID
	for range 2 {
		c.do("POST", "model-versions/create", `{"name":"m","source":"models:/`+id+`","model_id":"`+id+`"}`, nil)
	}
	c.do("GET", "logged-models/"+id, "", &made)
	want := []rest.Tag{{Key: "mlflow.modelVersions", Value: `[{"name": "m", "version": 1}, {"name": "m", "version": 2}]`}}
	if d := cmp.Diff(want, made.Model.Info.Tags); d != "" {
		t.Error(d)
	}
}
