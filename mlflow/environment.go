package mlflow

import (
	"os"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// Environment variables that MLflow's fluent API reads (mlflow/environment_variables.py). The URIs are package registry's.
const (
	runIDVariable          = "MLFLOW_RUN_ID"
	experimentIDVariable   = "MLFLOW_EXPERIMENT_ID"
	experimentNameVariable = "MLFLOW_EXPERIMENT_NAME"
	runContextVariable     = "MLFLOW_RUN_CONTEXT"
	truncateVariable       = "MLFLOW_TRUNCATE_LONG_VALUES"
	usernameVariable       = "MLFLOW_TRACKING_USERNAME"
)

// Environment is a set of environment variables. Starting a run removes MLFLOW_RUN_ID, and the package's functions set
// variables for child processes; nothing else is changed.
type Environment interface {
	LookupEnv(name string) (string, bool)
	Setenv(name, value string) error
	Unsetenv(name string) error
}

// processEnvironment is the environment of this process.
type processEnvironment struct{}

func (processEnvironment) LookupEnv(name string) (string, bool) { return os.LookupEnv(name) }
func (processEnvironment) Setenv(name, value string) error      { return os.Setenv(name, value) }
func (processEnvironment) Unsetenv(name string) error           { return os.Unsetenv(name) }

// getenv returns the value of a variable, "" when it is unset.
func getenv(env Environment, name string) string {
	value, _ := env.LookupEnv(name)
	return value
}

// enabled reads a variable that is on unless it says otherwise.
func enabled(env Environment, name string) (bool, error) {
	switch value := strings.ToLower(getenv(env, name)); value {
	case "", "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	default:
		return false, core.Invalid(name, "the environment variable %s must be true, false, 1 or 0, and is %q", name, value)
	}
}
