package s3_test

import (
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/s3"
	"github.com/mlstore/mlstore/sdk/sdktest"
)

// The plugin linked, over a wire and as a process, with equal verdicts.
func TestTransports(t *testing.T) {
	f := newFixture(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // for journals, also of the process
	sdktest.Test(t, s3.Plugin(), sdktest.Options{
		Fresh:   func(conformance.T) core.OpenRequest { return f.another().request("") },
		Durable: true,
	})
}
