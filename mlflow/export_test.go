package mlflow

import (
	"context"
	"os"

	"github.com/mlstore/mlstore/registry"
)

// Reset puts the process-wide state back to what it is when a program starts.
func Reset(ctx context.Context) error {
	err := std.finish(ctx, true)
	for _, name := range []string{
		registry.TrackingVariable, registry.RegistryVariable, experimentIDVariable, experimentNameVariable, runIDVariable,
	} {
		err = joined(err, os.Unsetenv(name))
	}
	std = newSession(processEnvironment{})
	return err
}
