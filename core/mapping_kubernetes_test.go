package core_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

// kubernetes is the skeleton of a backend that runs a project as a Job of a cluster.
type kubernetes struct {
	*recorder
	manifest map[string]any // of the last submission
}

var _ core.ProjectBackend = (*kubernetes)(nil)

func (k *kubernetes) Describe(context.Context) (core.Info, error) {
	return core.Info{Name: "kubernetes", Capabilities: core.CapabilitiesOf(k, core.IdempotentCreate)}, nil
}

func (k *kubernetes) Close() error { return nil }

func (k *kubernetes) Submit(_ context.Context, p core.Project, o core.SubmitOptions) (core.JobID, error) {
	var config struct {
		Template string `json:"kube-job-template-path"`
		Images   string `json:"repository-uri"`
	}
	if err := json.Unmarshal(o.Config, &config); err != nil {
		return "", core.Invalid("backend_config", "backend_config is no JSON object: %w", err)
	}
	if config.Template == "" || config.Images == "" {
		return "", core.Invalid("backend_config", "kube-job-template-path and repository-uri are needed")
	}
	env := []map[string]any{
		{"name": "MLFLOW_RUN_ID", "value": string(o.RunID)},
		{"name": "MLFLOW_TRACKING_URI", "value": o.Tracking.Raw()},
		{"name": "MLFLOW_EXPERIMENT_ID", "value": string(o.ExperimentID)},
	}
	for name := range o.Secrets { // a Secret of the cluster, never a value in the manifest
		env = append(env, map[string]any{"name": name, "valueFrom": map[string]any{
			"secretKeyRef": map[string]any{"name": p.Name, "key": name},
		}})
	}
	k.manifest = map[string]any{
		"apiVersion": "batch/v1", "kind": "Job", "metadata": map[string]any{"name": p.Name + "-" + o.IdempotencyKey},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{
			"name": p.Name, "image": config.Images, "command": []string{"/bin/sh", "-c", p.Command}, "env": env,
		}}}}},
	}
	return core.JobID("default/" + p.Name), k.send("POST", "/apis/batch/v1/namespaces/{namespace}/jobs", k.manifest)
}

func (k *kubernetes) Job(_ context.Context, id core.JobID) (core.Job, error) {
	return core.Job{ID: id}, k.send("GET", "/apis/batch/v1/namespaces/{namespace}/jobs/{name}", nil)
}

func (k *kubernetes) Cancel(context.Context, core.JobID) error {
	return k.send("DELETE", "/apis/batch/v1/namespaces/{namespace}/jobs/{name}",
		map[string]any{"propagationPolicy": "Background"})
}

func (k *kubernetes) Logs(_ context.Context, id core.JobID, o core.LogOptions) (core.Page[core.LogLine], error) {
	body := map[string]any{"labelSelector": "job-name=" + string(id)}
	if err := k.send("GET", "/api/v1/namespaces/{namespace}/pods", body); err != nil {
		return core.Page[core.LogLine]{}, err
	}
	return core.Page[core.LogLine]{}, k.send("GET", "/api/v1/namespaces/{namespace}/pods/{pod}/log",
		map[string]any{"timestamps": true, "sinceTime": o.Token, "limitBytes": 1 << 20})
}

func TestMappingOfKubernetes(t *testing.T) {
	t.Parallel()
	var r recorder
	k := &kubernetes{recorder: &r}
	project := core.Project{Name: "iris", Command: "python train.py --alpha '0.5 %'"}
	options := core.SubmitOptions{
		RunID: "r1", ExperimentID: "7", Tracking: parse(t, "http://tracking:5000"), IdempotencyKey: "k1",
		Config:  json.RawMessage(`{"kube-job-template-path":"job.yaml","repository-uri":"registry/iris"}`),
		Secrets: map[string]core.Secret{"MLFLOW_TRACKING_TOKEN": core.NewSecret("hunter2")},
	}
	checkSkeleton(t, "5. ", &r, []call{
		{"ProjectBackend.Submit", drop2(k.Submit, project, options)},
		{"ProjectBackend.Job", drop(k.Job, "default/iris")},
		{"ProjectBackend.Cancel", func(ctx context.Context) error { return k.Cancel(ctx, "default/iris") }},
		{"ProjectBackend.Logs", drop2(k.Logs, "default/iris", core.LogOptions{})},
	}, reflect.TypeFor[core.ProjectBackend]())

	manifest, err := json.Marshal(k.manifest)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(manifest), "hunter2") {
		t.Error("the manifest holds a secret")
	}
	want := []string{"/bin/sh", "-c", project.Command}
	containers := k.manifest["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)["containers"].([]any)
	if diff := cmp.Diff(want, containers[0].(map[string]any)["command"]); diff != "" {
		t.Errorf("the command (-want +got):\n%s", diff)
	}
}
