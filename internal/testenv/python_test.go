package testenv

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRunPassesArguments(t *testing.T) {
	t.Parallel()
	got := MLflow(t, "1.30.1").Run(t, "import sys; print(sys.argv[1:])", "a b", "--c")
	if diff := cmp.Diff("['a b', '--c']\n", got); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func TestRunWorksInAnEmptyFolder(t *testing.T) {
	t.Parallel()
	got := MLflow(t, "1.30.1").Run(t, "import os; print(os.listdir())")
	if diff := cmp.Diff("[]\n", got); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func TestFailedScriptShowsItsStandardError(t *testing.T) {
	t.Parallel()
	_, err := MLflow(t, "1.30.1").output(t.Context(), t.TempDir(), []string{"-c", "raise SystemExit('no such experiment')"})
	if err == nil || !strings.Contains(err.Error(), "exit status 1\nno such experiment") {
		t.Errorf("error %v, want exit status and standard error", err)
	}
}

func TestEnvironmentIsTheSameEverywhere(t *testing.T) {
	t.Setenv("MLFLOW_TRACKING_URI", "http://stranger.example")
	t.Setenv("PYTHONPATH", "/stranger")
	python := MLflow(t, "1.30.1")
	got := python.Run(t, `
import os, shutil
print([name for name in sorted(os.environ) if name.startswith(("MLFLOW", "PYTHON"))])
print(shutil.which("gunicorn"))
print(os.path.expanduser("~"))
`)
	want := "['MLFLOW_ALLOW_FILE_STORE', 'MLFLOW_DISABLE_TELEMETRY', 'PYTHONUNBUFFERED']\n" +
		program(python.dir, "gunicorn") + "\n" +
		filepath.Join(python.dir, homeDir) + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}
