package mlflow

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/registry"
)

// Options say which stores a Client uses. The zero value follows the environment.
type Options struct {
	TrackingURI string             // "" is MLFLOW_TRACKING_URI, else the folder mlruns in the working directory
	RegistryURI string             // "" is MLFLOW_REGISTRY_URI, else the tracking URI
	Resolver    *registry.Resolver // opens the stores; nil is one of its own, which finds plugins and ends with the client
	Env         Environment        // nil is that of the process
	Logger      *slog.Logger       // told of values that were cut and the like; nil is slog.Default
}

// Client is a connection to a tracking store and a model registry. It is safe for concurrent use.
type Client struct {
	resolver *registry.Resolver
	owns     bool // the resolver ends with the client
	env      Environment
	log      *slog.Logger
	origin   *origin

	trackingURI, registryURI core.URI
	tracking                 core.TrackingStore
	limits                   core.Limits

	mu       sync.Mutex
	registry core.RegistryStore // opened by the first call that needs it
	runs     map[*Run]struct{}  // those with an open artifact repository
	closed   bool
}

// NewClient opens the tracking store. The registry is opened when it is first needed. Close the client after use.
func NewClient(ctx context.Context, o Options) (*Client, error) {
	if o.Env == nil {
		o.Env = processEnvironment{}
	}
	defaults := registry.Defaults{
		Registry: o.RegistryURI, Dir: workingDir(), Env: func(name string) string { return getenv(o.Env, name) },
	}
	if o.TrackingURI != "" {
		defaults.Tracking = &o.TrackingURI
	}
	tracking, models, err := storeURIs(defaults)
	if err != nil {
		return nil, err
	}
	owns := o.Resolver == nil
	if owns {
		if o.Resolver, err = embedded.New(); err != nil {
			return nil, err
		}
	}
	return open(ctx, &Client{
		resolver: o.Resolver, owns: owns, env: o.Env, log: o.Logger, origin: newOrigin(o.Env),
		trackingURI: tracking, registryURI: models,
	})
}

// workingDir is the working directory, or "" when it is gone: then a relative path fails where it is used.
func workingDir() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	return dir
}

// storeURIs are the URIs of the tracking store and the registry.
func storeURIs(d registry.Defaults) (tracking, models core.URI, err error) {
	if tracking, err = d.TrackingURI(); err != nil {
		return core.URI{}, core.URI{}, core.Do("read tracking URI", "", err)
	}
	if models, err = d.RegistryURI(); err != nil {
		return core.URI{}, core.URI{}, core.Do("read registry URI", "", err)
	}
	return tracking, models, nil
}

// open opens the tracking store of a client that is otherwise complete.
func open(ctx context.Context, c *Client) (*Client, error) {
	store, err := c.resolver.Tracking(ctx, c.trackingURI, c.settings())
	if err != nil {
		return nil, joined(err, c.closeResolver())
	}
	info, err := store.Describe(ctx)
	if err != nil {
		return nil, errors.Join(err, store.Close(), c.closeResolver())
	}
	c.tracking, c.limits, c.runs = store, info.Limits, map[*Run]struct{}{}
	return c, nil
}

func (c *Client) settings() registry.Settings {
	return registry.Settings{Tracking: c.trackingURI, Registry: c.registryURI}
}

func (c *Client) logger() *slog.Logger {
	if c.log != nil {
		return c.log
	}
	return slog.Default()
}

// TrackingURI is where the runs are kept.
func (c *Client) TrackingURI() core.URI { return c.trackingURI }

// RegistryURI is where the registered models are kept.
func (c *Client) RegistryURI() core.URI { return c.registryURI }

// Tracking is the tracking store, for whatever the client has no method for. It closes with the client.
func (c *Client) Tracking() core.TrackingStore { return c.tracking }

// Registry is the model registry, which the first call opens. It closes with the client.
func (c *Client) Registry(ctx context.Context) (core.RegistryStore, error) {
	c.mu.Lock()
	store := c.registry
	c.mu.Unlock()
	if store != nil {
		return store, nil
	}
	store, err := c.resolver.Registry(ctx, c.registryURI, c.settings())
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, errors.Join(core.Closed("registry"), store.Close())
	case c.registry != nil: // another call was faster
		return c.registry, store.Close()
	}
	c.registry = store
	return store, nil
}

// Close closes the stores. Runs stay as they are; logging to them fails from now on. A second Close succeeds.
func (c *Client) Close() error {
	c.mu.Lock()
	stores := []core.Store{c.tracking}
	if c.registry != nil {
		stores = append(stores, c.registry)
	}
	runs := c.runs
	c.closed, c.runs = true, nil
	c.mu.Unlock()
	var errs []error
	for run := range runs {
		errs = append(errs, run.closeArtifacts())
	}
	for _, s := range stores {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.closeResolver())...)
}

// closeResolver ends the resolver, and with it plugins, if it is the client's own.
func (c *Client) closeResolver() error {
	if !c.owns {
		return nil
	}
	return c.resolver.Close()
}
