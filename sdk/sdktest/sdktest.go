package sdktest

import (
	"os"
	"slices"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk"
	"github.com/mlstore/mlstore/sdk/wire"
)

// Options say how a plugin is tested. Fresh is needed.
type Options struct {
	// Fresh names a store without anything in it, another one each time. A test that is not parallel may clean up after it.
	Fresh func(conformance.T) core.OpenRequest

	// Package is the main package of the plugin's program, as `go build` takes it, and Program the path of one that is built
	// already. Without both the test binary itself is the program: its TestMain calls Main.
	Package, Program string

	// Durable says that what a store has acknowledged outlives its process.
	Durable bool

	// Transports are the ways on which to run; none is all three.
	Transports []conformance.Transport

	// Shape changes how the suites run, such as their level.
	Shape func(*conformance.Options)
}

// Test runs the suites of all kinds of store that the plugin serves, on every way, as subtests of t such as
// tracking/process/TS-001_exp_create-returns-entity, and the cases on what lies between a caller and a store, such as
// tracking/process/boundary/PL-019_process_kill-during-call. Some of these need a TestMain that calls Main.
func Test(t *testing.T, p sdk.Plugin, o Options) {
	t.Helper()
	if os.Getenv(wire.CookieName) != "" {
		t.Fatal("this process was started to serve the plugin, and runs tests instead: let TestMain call sdktest.Main")
	}
	if o.Fresh == nil {
		t.Fatal("sdktest.Options.Fresh must name stores to open")
	}
	if len(o.Transports) == 0 {
		o.Transports = []conformance.Transport{conformance.Linked, conformance.Wire, conformance.Process}
	}
	ways := waysOf(t, p, o)
	for _, kind := range kinds() {
		if slices.ContainsFunc(p.Schemes, func(s core.ManifestScheme) bool { return slices.Contains(s.Kinds, kind.name) }) {
			t.Run(kind.name, func(t *testing.T) { kind.run(t, ways, o) })
		}
	}
}
