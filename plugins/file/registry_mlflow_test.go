package file_test

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/file"
)

// mlflowRegistry is a script that writes into the registry in argv[1] when argv[2] says so, and then prints all of it.
const mlflowRegistry = `
import json, os, sys, warnings
warnings.filterwarnings("ignore")
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
import mlflow
from mlflow import MlflowClient
c = MlflowClient(tracking_uri="file:" + sys.argv[1], registry_uri="file:" + sys.argv[1])
mlflow.set_tracking_uri("file:" + sys.argv[1])
if sys.argv[2] == "write":
    c.create_registered_model("theirs", tags={"team": "ü: '\"#", "a/b": "", "a.b-c d": "yes"}, description="two\nlines: #1 'x' \"y\"")
    for n in range(4):
        c.create_model_version("theirs", "s3://bucket/model?x=%d" % n, run_id="r%d" % n if n else None,
            tags={"n": str(n), "x/y": "z"} if n % 2 else None, run_link="http://h/#/r" if n else None, description="nr: %d" % n if n else None)
    c.set_registered_model_alias("theirs", "champion", "2")
    c.set_registered_model_alias("theirs", "challenger", "3")
    c.set_registered_model_alias("theirs", "gone", "4")
    c.transition_model_version_stage("theirs", "1", "Production")
    c.transition_model_version_stage("theirs", "2", "production", archive_existing_versions=True)
    c.transition_model_version_stage("theirs", "3", "Staging")
    c.delete_model_version("theirs", "4")
    c.create_registered_model("plain")
    c.create_model_version("plain", "/some/folder")
    c.rename_registered_model("plain", "renamed: no, really".replace(":", ""))
elif sys.argv[2] == "change":
    c.update_registered_model("ours", "changed by MLflow")
    c.set_registered_model_tag("ours", "new/tag", "1")
    c.delete_registered_model_tag("ours", "gone")
    c.set_registered_model_alias("ours", "champion", "1")
    c.delete_registered_model_alias("ours", "second")
    v = c.create_model_version("ours", "s3://b/by-mlflow")
    assert int(v.version) == 5, v.version  # 4 was deleted: its number is not used again
    c.set_model_version_tag("ours", "5", "t", "v")
    c.update_model_version("ours", "2", "changed")
    c.transition_model_version_stage("ours", "5", "Production", archive_existing_versions=True)
    c.delete_model_version("ours", "3")
    c.delete_registered_model("short-lived")
out = {}
for m in c.search_registered_models(max_results=1000):
    out[m.name] = {"description": m.description or "", "tags": dict(m.tags), "created": m.creation_timestamp,
        "updated": m.last_updated_timestamp, "versions": {}, "aliases": {k: int(v) for k, v in m.aliases.items()},
        "latest": {v.current_stage: int(v.version) for v in m.latest_versions}}
    for v in c.search_model_versions("name = '%s'" % m.name):
        if v.current_stage == "Deleted_Internal": continue
        out[m.name]["versions"][str(int(v.version))] = {"source": v.source, "stage": v.current_stage, "description": v.description or "",
            "run": v.run_id or "", "link": v.run_link or "", "tags": dict(v.tags), "aliases": sorted(v.aliases), "status": v.status,
            "created": v.creation_timestamp, "updated": v.last_updated_timestamp, "user": v.user_id or ""}
print(json.dumps(out))
`

type shownModel struct {
	Description string                  `json:"description"`
	Tags        map[string]string       `json:"tags"`
	Created     core.Millis             `json:"created"`
	Updated     core.Millis             `json:"updated"`
	Versions    map[string]shownVersion `json:"versions"`
	Aliases     map[string]int          `json:"aliases"`
	Latest      map[string]int          `json:"latest"`
}

type shownVersion struct {
	Source      string            `json:"source"`
	Stage       string            `json:"stage"`
	Description string            `json:"description"`
	Run         string            `json:"run"`
	Link        string            `json:"link"`
	Tags        map[string]string `json:"tags"`
	Aliases     []string          `json:"aliases"`
	Status      string            `json:"status"`
	Created     core.Millis       `json:"created"`
	Updated     core.Millis       `json:"updated"`
	User        string            `json:"user"`
}

// shownByUs reads the registry as the script prints it, and checks that nothing in it is malformed.
func shownByUs(t *testing.T, dir string) map[string]shownModel {
	t.Helper()
	r, err := file.NewRegistry(dir, file.RegistryOptions{Report: func(f file.Finding) { t.Errorf("finding %+v", f) }})
	check(t, err)
	defer func() { check(t, r.Close()) }()
	for finding, err := range r.Check(t.Context()) {
		check(t, err)
		t.Errorf("check found %+v", finding)
	}
	shown := map[string]shownModel{}
	models, err := r.SearchModels(t.Context(), core.ModelQuery{})
	check(t, err)
	for _, m := range models.Items {
		s := shownModel{
			Description: m.Description, Tags: full(m.Tags), Created: m.CreatedAt, Updated: m.UpdatedAt,
			Aliases: full(m.Aliases), Latest: map[string]int{}, Versions: map[string]shownVersion{},
		}
		for _, v := range m.Latest {
			s.Latest[string(v.Stage)] = v.Number
		}
		shown[m.Name] = s
	}
	versions, err := r.SearchVersions(t.Context(), core.VersionQuery{})
	check(t, err)
	for _, v := range versions.Items {
		if v.Status != core.VersionReady {
			t.Errorf("%s/%d has status %d", v.Model, v.Number, v.Status)
		}
		shown[v.Model].Versions[string(rune('0'+v.Number))] = shownVersion{
			Source: v.Source, Stage: string(v.Stage), Description: v.Description, Run: string(v.RunID), Link: v.RunLink,
			Tags: full(v.Tags), Aliases: append([]string{}, v.Aliases...), Status: "READY", Created: v.CreatedAt,
			Updated: v.UpdatedAt, User: v.User,
		}
	}
	return shown
}

// full makes no map an empty one.
func full[V any](m map[string]V) map[string]V {
	whole := map[string]V{}
	maps.Copy(whole, m)
	return whole
}

func shownByMLflow(t *testing.T, python *testenv.Python, dir, what string) map[string]shownModel {
	t.Helper()
	out := python.Run(t, mlflowRegistry, dir, what)
	var shown map[string]shownModel
	if err := json.Unmarshal([]byte(out), &shown); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	const beside = "a.mlstore-dir/b" // the name by which MLflow knows the key "a/b" beside "a"
	ours := shown["ours"].Tags
	if value, found := ours[beside]; found {
		ours["a/b"] = value
		delete(ours, beside)
	}
	return shown
}

// MLflow and we read the same from what either of us has written.
func TestRegistryWithMLflow(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2.22.5", "3.18.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			python := testenv.MLflow(t, version)
			dir := t.TempDir()
			if diff := cmp.Diff(shownByMLflow(t, python, dir, "write"), shownByUs(t, dir)); diff != "" {
				t.Errorf("written by MLflow (-MLflow +ours):\n%s", diff)
			}
			writeRegistry(t, dir)
			if diff := cmp.Diff(shownByMLflow(t, python, dir, "read"), shownByUs(t, dir)); diff != "" {
				t.Errorf("written by us (-MLflow +ours):\n%s", diff)
			}
			if diff := cmp.Diff(shownByMLflow(t, python, dir, "change"), shownByUs(t, dir)); diff != "" {
				t.Errorf("changed by MLflow (-MLflow +ours):\n%s", diff)
			}
			r, err := file.NewRegistry(dir, file.RegistryOptions{})
			check(t, err)
			v, err := r.CreateVersion(t.Context(), "ours", core.VersionSpec{Source: "s3://b/again"})
			if err != nil || v.Number != 6 {
				t.Errorf("the version after MLflow's is %d, %v", v.Number, err)
			}
			check(t, r.Close())
		})
	}
}

func writeRegistry(t *testing.T, dir string) {
	t.Helper()
	ctx := t.Context()
	r, err := file.NewRegistry(dir, file.RegistryOptions{})
	check(t, err)
	defer func() { check(t, r.Close()) }()
	_, err = r.CreateModel(ctx, core.ModelSpec{
		Name: "was ours", Description: "one\ntwo: 'x' \"y\" #z\t\u2028é", Tags: map[string]string{
			"gone": "x", "null": "null", "number": "017", "yes": "yes", "a/b": "", "a": "file beside the folder", "empty": "", "text": " two\nlines ",
		},
	})
	check(t, err)
	_, err = r.CreateModel(ctx, core.ModelSpec{Name: "50% off"}) // MLflow refuses the name, and must list it nevertheless
	check(t, err)
	_, err = r.CreateVersion(ctx, "50% off", core.VersionSpec{Source: "s3://b/50%25"})
	check(t, err)
	_, err = r.CreateModel(ctx, core.ModelSpec{Name: "short-lived"})
	check(t, err)
	for _, spec := range []core.VersionSpec{
		{Source: "runs:/0123/model", RunID: "0123456789abcdef0123456789abcdef", RunLink: "http://h/#/e/1", User: "me", Description: "yes"},
		{Source: "s3://b/k%20x", Location: "s3://copy/k", Tags: map[string]string{"v": "1:30", "x/y": "z"}},
		{Source: "file:/a: b"},
		{Source: "s3://b/deleted", Tags: map[string]string{"secret": "x"}},
	} {
		_, err = r.CreateVersion(ctx, "was ours", spec)
		check(t, err)
	}
	for alias, number := range map[string]int{"champion": 2, "second": 2, "Third-1_ü": 3, "gone": 4} {
		check(t, r.SetAlias(ctx, core.VersionRef{Model: "was ours", Number: number}, alias))
	}
	_, err = r.SetStage(ctx, core.VersionRef{Model: "was ours", Number: 1}, core.StageChange{Stage: core.StageProduction})
	check(t, err)
	_, err = r.SetStage(ctx, core.VersionRef{Model: "was ours", Number: 2}, core.StageChange{Stage: core.StageStaging})
	check(t, err)
	check(t, r.DeleteVersion(ctx, core.VersionRef{Model: "was ours", Number: 4}))
	name := "ours"
	_, err = r.UpdateModel(ctx, "was ours", core.ModelChange{Name: &name})
	check(t, err)
}
