// Package example is a plugin as an author writes one: a complete tracking store (store.go), the database that it stands on,
// here two tables in memory (notebook.go), and the value that says what the plugin is.
package example

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk"
)

// Plugin is the plugin.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name: "example", Version: "1.0.0", License: "Apache-2.0",
		Schemes: []core.ManifestScheme{{
			Scheme: "example", Kinds: []string{"tracking"}, Form: "example://name",
			About: "runs in memory, for as long as the plugin runs", Capabilities: info().Capabilities,
		}},
		Opener: &Opener{},
	}
}

// Opener opens notebooks by the name in `example://name`. The zero value is ready to use.
type Opener struct {
	mu        sync.Mutex
	notebooks map[string]*notebook
}

// Open opens a notebook, and makes it first if it must.
func (o *Opener) Open(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
	uri := request.URI
	switch {
	case ctx.Err() != nil:
		return core.Backend{}, core.Interrupted(ctx)
	case uri.Scheme() != "example" || uri.Host() == "" || uri.Path() != "" || uri.Query() != "":
		return core.Backend{}, core.Invalid("uri", "%s names no notebook: write example://name", uri)
	}
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(request.Options)), slices.Sorted(maps.Keys(request.Secrets))) {
		return core.Backend{}, core.Invalid(name, "the store example has no option or secret %q", name)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	book := o.notebooks[uri.Host()]
	if book == nil {
		book = &notebook{experiments: map[core.ExperimentID]experiment{}, runs: map[core.RunID]run{}}
		if o.notebooks == nil {
			o.notebooks = map[string]*notebook{}
		}
		o.notebooks[uri.Host()] = book
	}
	return core.Backend{Tracking: &store{handle{notebook: book, readOnly: request.ReadOnly}}}, nil
}

// info is what the store says of itself.
func info() core.Info {
	return core.Info{
		Name: "example", Version: "1.0.0", Contract: core.ContractVersion, Limits: limits(), Capabilities: core.CapabilitiesOf(
			(*store)(nil), core.AtomicBatch, core.FloatInf, core.FloatNegativeZero, core.HistoryMissingRun, core.MetricNaNOrder,
			core.PagesKeyset, core.SearchNative,
		),
	}
}

func limits() core.Limits { return core.DefaultLimits() }
