package main

import (
	"regexp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/server"
	"github.com/mlstore/mlstore/server/hook"
)

// sourceVariable is MLflow's variable for what the source of a model version must look like, somewhere in it.
const sourceVariable = "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX"

// registryFromEnvironment reads what MLflow has variables for, but no flags: webhooks, and sources of model versions.
func registryFromEnvironment(c *server.Config, env func(string) string) error {
	var err error
	if c.Webhooks, err = hook.ConfigFrom(env); err != nil {
		return err
	}
	if pattern := env(sourceVariable); pattern != "" {
		if c.SourcePattern, err = regexp.Compile(pattern); err != nil {
			return core.Invalid(sourceVariable, "%s is no regular expression of RE2: %w", sourceVariable, err)
		}
	}
	return nil
}
