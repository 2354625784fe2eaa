package server

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry"
)

// Config says what a server serves. Resolver and Tracking are needed.
type Config struct {
	Resolver *registry.Resolver
	Tracking core.URI // --backend-store-uri
	Registry core.URI // --registry-store-uri; zero is Tracking

	ArtifactRoot         string // --default-artifact-root: where the runs of new experiments keep their artifacts; "" is the store's
	ArtifactsDestination string // --artifacts-destination: what the artifact proxy serves; "" is nothing
	StaticPrefix         string // --static-prefix, such as "/mlflow"; "" is none

	RefuseLongValues bool // MLFLOW_TRUNCATE_LONG_VALUES=false: what is too long for the store is refused, not cut

	Metrics http.Handler // --expose-prometheus: what /metrics answers; nil is nothing
	Version string       // of MLflow's API that the server tells clients it speaks; "" is APIVersion
	Log     *slog.Logger // nil is nowhere
}

// APIVersion is the release of MLflow whose behaviour the server shows.
const APIVersion = "3.18.0"

// settings are those of every store that the server opens.
func (c Config) settings() registry.Settings {
	return registry.Settings{Tracking: c.Tracking, Registry: c.registry()}
}

func (c Config) registry() core.URI {
	if c.Registry == (core.URI{}) {
		return c.Tracking
	}
	return c.Registry
}

// open opens the two stores of records.
func (c Config) open(ctx context.Context) (core.TrackingStore, core.RegistryStore, error) {
	tracking, err := c.Resolver.Tracking(ctx, c.Tracking, c.settings())
	if err != nil {
		return nil, nil, err
	}
	models, err := c.Resolver.Registry(ctx, c.registry(), c.settings())
	if err != nil {
		_ = tracking.Close() // the error that counts is the other one
		return nil, nil, err
	}
	return tracking, models, nil
}
