package sdk_test

import (
	"fmt"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/sdk"
)

// A main function has one line. The plugin is a value, which tests use too.
func ExampleServe() {
	notes := sdk.Plugin{
		Name: "notes", Version: "1.0.0",
		Schemes: []core.ManifestScheme{{Scheme: "notes", Kinds: []string{"tracking"}, Form: "notes://name"}},
		Opener:  mem.NewOpener(),
	}
	main := func() { sdk.Serve(notes) }

	_ = main // which a host calls by starting the program
	fmt.Println(notes.Manifest().Services)
	// Output: [mlstore.plugin.v1 mlstore.tracking.v1]
}
