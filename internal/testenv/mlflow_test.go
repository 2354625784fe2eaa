package testenv

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMLflowKeepsAnExperimentInFiles(t *testing.T) {
	t.Parallel()
	const script = `
import sys, mlflow
mlflow.set_tracking_uri("file:" + sys.argv[1])
with mlflow.start_run() as run:
    mlflow.log_param("size", 3)
print(mlflow.__version__, mlflow.get_run(run.info.run_id).data.params)
`
	for _, version := range []string{"1.30.1", "2.22.5", "3.18.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			got := MLflow(t, version).Run(t, script, filepath.Join(t.TempDir(), "mlruns"))
			if diff := cmp.Diff(version+" {'size': '3'}\n", got); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnknownMLflowVersionNamesTheKnownOnes(t *testing.T) {
	t.Parallel()
	v := venvs{root: Root(t), logf: t.Logf}
	_, err := v.ensure(t.Context(), "mlflow-0.0.1", v.installMLflow)
	if err == nil || !strings.Contains(err.Error(), "[1.30.1 2.22.5 3.18.0]") {
		t.Errorf("error %v, want one that lists the versions with pins", err)
	}
}
