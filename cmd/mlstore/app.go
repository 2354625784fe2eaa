package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/registry"
)

// app is one run of the command: where it writes, and what the global flags say.
type app struct {
	stdout, stderr io.Writer
	env            func(string) string

	trackingURI, registryURI string
	output                   string
	json, verbose, noColor   bool

	started bool // the command line was understood and a command runs
	opened  *opened
}

// opened is the resolver that all of one run of the command shares, so that a plugin has one process.
type opened struct {
	mu       sync.Mutex
	resolver *registry.Resolver
}

// with returns the resolver, which is made the first time.
func (o *opened) with(plugins embedded.Plugins) (*registry.Resolver, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var err error
	if o.resolver == nil {
		o.resolver, err = embedded.New(embedded.WithPlugins(plugins))
	}
	return o.resolver, err
}

// Close stops the plugins that were started.
func (o *opened) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.resolver == nil {
		return nil
	}
	return o.resolver.Close()
}

// logger tells of warnings, and with -v of everything.
func (a *app) logger() *slog.Logger {
	level := slog.LevelWarn
	if a.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
}

// defaults say which stores are meant.
func (a *app) defaults() registry.Defaults {
	d := registry.Defaults{Registry: a.registryURI, Env: a.env}
	if a.trackingURI != "" {
		d.Tracking = &a.trackingURI
	}
	if dir, err := os.Getwd(); err == nil {
		d.Dir = dir
	}
	return d
}

// settings name the tracking store and the registry.
func (a *app) settings() (registry.Settings, error) {
	d := a.defaults()
	tracking, err := d.TrackingURI()
	if err != nil {
		return registry.Settings{}, core.Do("read tracking URI", "", err)
	}
	models, err := d.RegistryURI()
	if err != nil {
		return registry.Settings{}, core.Do("read registry URI", "", err)
	}
	return registry.Settings{Tracking: tracking, Registry: models}, nil
}

// stores is an open resolver with what it shall resolve.
func (a *app) stores() (*registry.Resolver, registry.Settings, error) {
	settings, err := a.settings()
	if err != nil {
		return nil, settings, err
	}
	resolver, err := a.opened.with(embedded.Plugins{Env: a.env, Logger: a.logger()})
	return resolver, settings, err
}

// withTracking calls use with the tracking store, and closes it.
func (a *app) withTracking(ctx context.Context, use func(core.TrackingStore) error) error {
	resolver, settings, err := a.stores()
	if err != nil {
		return err
	}
	store, err := resolver.Tracking(ctx, settings.Tracking, settings)
	if err != nil {
		return err
	}
	return joined(use(store), store.Close())
}

// withRegistry calls use with the model registry, and closes it.
func (a *app) withRegistry(ctx context.Context, use func(core.RegistryStore) error) error {
	resolver, settings, err := a.stores()
	if err != nil {
		return err
	}
	store, err := resolver.Registry(ctx, settings.Registry, settings)
	if err != nil {
		return err
	}
	return joined(use(store), store.Close())
}

// joined is errors.Join that leaves a single error as it is.
func joined(err, other error) error {
	if err == nil {
		return other
	}
	if other == nil {
		return err
	}
	return errors.Join(err, other)
}
