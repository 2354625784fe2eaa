package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/internal/testenv"
)

// fullDatabase lets MLflow 3.18 write two deleted experiments' worth of everything that refers to runs and experiments.
const fullDatabase = `
import sys, mlflow, pandas
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput, LoggedModelInput
mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()
kept = client.create_experiment("kept", artifact_location=sys.argv[2] + "/kept")
gone = client.create_experiment("gone", artifact_location=sys.argv[2] + "/gone", tags={"a": "b"})
def fill(experiment):
    mlflow.set_experiment(experiment_id=experiment)
    with mlflow.start_run() as run:
        mlflow.log_metric("loss", 0.5, step=1)
        mlflow.log_param("lr", 1)
        mlflow.log_text("hello", "note.txt")
        mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"x": [1, 2]}), name="numbers"), context="train")
        model = mlflow.create_external_model(name="net", source_run_id=run.info.run_id, params={"depth": "3"}, tags={"k": "v"})
        mlflow.log_metric("acc", 0.9, step=1, model_id=model.model_id)
        with mlflow.start_span("work") as span:
            span.set_inputs({"q": 1})
            with mlflow.start_span("inner"):
                pass
    mlflow.flush_trace_async_logging()
    trace = mlflow.get_last_active_trace_id()
    mlflow.log_feedback(trace_id=trace, name="good", value=True)
    client.set_trace_tag(trace, "k", "v")
    return run.info.run_id
stays, deleted = fill(kept), fill(kept)
fill(gone)
client.delete_run(deleted)
client.delete_experiment(gone)
print(stays, deleted, gone)
`

func TestGarbageOfMLflow(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			uri := "sqlite:///" + filepath.ToSlash(filepath.Join(s.dir, "mlflow.db"))
			theirs := uri
			if name == "postgres" {
				s.withPostgres()
				uri = testenv.Postgres(t)
				theirs = strings.Replace(uri, "postgresql:", "postgresql+psycopg2:", 1)
			}
			ids := strings.Fields(testenv.MLflow(t, "3.18.0").Run(t, fullDatabase, theirs, filepath.ToSlash(s.dir)))
			stays, deleted, gone := ids[0], ids[1], ids[2]
			s.env = append(s.env, "MLFLOW_TRACKING_URI="+uri)
			got := s.ok("gc", "-o", "csv")
			for _, want := range []string{"run," + deleted, "experiment," + gone} {
				if !strings.Contains(got, want) {
					t.Errorf("gc shows\n%s\nwant %q in it", got, want)
				}
			}
			if again := s.ok("gc", "--json"); again != "[]\n" {
				t.Errorf("a second gc: %s", again)
			}
			if files, err := filepath.Glob(filepath.Join(s.dir, "*", "*", "artifacts", "note.txt")); err != nil || len(files) != 1 {
				t.Errorf("files left: %v, error %v, want those of the run that stays", files, err)
			}
			if findings := s.ok("db", "check", uri, "--json"); strings.Contains(findings, "belong to nothing") {
				t.Errorf("gc left rows: %s", findings)
			}
			left := testenv.MLflow(t, "3.18.0").Run(t, `
import sys, mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType
mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()
experiments = client.search_experiments(view_type=ViewType.ALL)
print(sorted(e.name for e in experiments))
runs = client.search_runs([e.experiment_id for e in experiments], run_view_type=ViewType.ALL)
print([r.info.run_id for r in runs], runs[0].data.metrics, len(runs[0].inputs.dataset_inputs))
`, theirs)
			if want := "['Default', 'kept']\n['" + stays + "'] {'loss': 0.5, 'acc': 0.9} 1\n"; left != want {
				t.Errorf("MLflow sees\n%s\nwant\n%s", left, want)
			}
		})
	}
}
