package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"os"
	"regexp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/server/access"
	"github.com/mlstore/mlstore/server/edge"
	"github.com/mlstore/mlstore/server/hook"
)

// Config says what a server serves. Resolver and Tracking are needed.
type Config struct {
	Resolver *registry.Resolver
	Tracking core.URI // --backend-store-uri
	Registry core.URI // --registry-store-uri; zero is Tracking

	ArtifactRoot         string // --default-artifact-root: where the runs of new experiments keep their artifacts; "" is the store's
	ArtifactsDestination string // --artifacts-destination: what the artifact proxy serves; "" is nothing
	StaticPrefix         string // --static-prefix, such as "/mlflow"; "" is none

	TrustedRoots  []string // artifact roots outside of the two above that the server opens when a run or model is there
	ArtifactsOnly bool     // --artifacts-only: the artifact proxy alone, without stores of records
	PresignedOnly bool     // MLFLOW_ARTIFACTS_PRESIGNED_ONLY: no artifact passes through the server
	UIDir         string   // --ui-dir: the build of MLflow's web page; "" serves a plain page

	SourcePattern *regexp.Regexp // MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX; nil is any
	Webhooks      hook.Config    // how webhooks are delivered

	Concurrency Concurrency // how many requests are worked on at the same time

	Edge edge.Config // which hosts and pages may ask; its Prefix is StaticPrefix

	RefuseLongValues bool // MLFLOW_TRUNCATE_LONG_VALUES=false: what is too long for the store is refused, not cut

	Access  *access.Access    // --app-name basic-auth: who may do what; nil lets everybody do everything
	Private map[string]string // files that must lie outside of the artifacts (R22), by what they are
	Audit   *slog.Logger      // hears of every change and of everything refused; nil is nowhere

	Metrics http.Handler // --expose-prometheus: what /metrics answers; nil is nothing
	Version string       // of MLflow's API that the server tells clients it speaks; "" is APIVersion
	Log     *slog.Logger // nil is nowhere
}

// APIVersion is the release of MLflow whose behaviour the server shows.
const APIVersion = "3.18.0"

// filled returns the configuration with its defaults, or what is wrong with it.
func (c Config) filled() (Config, error) {
	c.Version = cmp.Or(c.Version, APIVersion)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	c.Audit = cmp.Or(c.Audit, slog.New(slog.DiscardHandler))
	c.Edge.Prefix = c.StaticPrefix
	if c.ArtifactRoot == "" && c.ArtifactsDestination != "" {
		c.ArtifactRoot = proxyScheme + ":/"
	}
	if c.ArtifactsOnly && c.ArtifactsDestination == "" {
		return c, core.Invalid("artifacts-only", "a server of artifacts alone needs a place for them: --artifacts-destination")
	}
	if err := c.disjoint(); err != nil {
		return c, err
	}
	var err error
	if c.Concurrency, err = c.Concurrency.check(); err != nil {
		return c, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return c, core.Errorf(core.Internal, "the working directory of the server is gone: %w", err)
	}
	c.ArtifactRoot = core.AbsoluteLocation(c.ArtifactRoot, dir)
	c.Tracking, err = withArtifactRoot(c.Tracking, c.ArtifactRoot)
	return c, err
}

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
