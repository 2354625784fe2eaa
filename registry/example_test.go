package registry_test

import (
	"context"
	"fmt"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/registry"
)

func ExampleNew() {
	resolver := registry.New(nil)
	err := resolver.Handle("mem", registry.Rule{
		Opener: mem.NewOpener(),
		Kinds:  []registry.Kind{registry.Tracking, registry.Registry},
		Empty:  true, // mem: alone names a store
		Origin: registry.LinkedIn,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	uri, err := core.ParseURI("mem:")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	store, err := resolver.Tracking(ctx, uri, registry.Settings{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	experiment, err := store.Experiment(ctx, core.ExperimentRef{Name: core.DefaultExperimentName})
	fmt.Println(experiment.ID, err)
	// Output: 0 <nil>
}

func ExampleByAuthority() {
	uri, err := core.ParseURI("s3://bucket/0/4f/artifacts")
	if err != nil {
		fmt.Println(err)
		return
	}
	instance, prefix, err := registry.ByAuthority(uri)
	fmt.Println(instance, prefix, err)
	// Output: s3://bucket 0/4f/artifacts <nil>
}

func ExampleDefaults() {
	environment := map[string]string{"MLFLOW_TRACKING_URI": "databricks://team"}
	defaults := registry.Defaults{Env: func(name string) string { return environment[name] }}
	tracking, err := defaults.TrackingURI()
	fmt.Println(tracking, err)
	models, err := defaults.RegistryURI()
	fmt.Println(models, err)
	// Output:
	// databricks://team <nil>
	// databricks-uc://team <nil>
}
