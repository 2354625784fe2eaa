package supervise_test

import (
	"context"
	"fmt"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/supervise"
)

// A plugin that is not there is an error of the first opening, which says what to do.
func ExampleNew() {
	ctx := context.Background()
	s := supervise.New(supervise.Options{})
	defer s.Close()
	plugin := s.Plugin(supervise.Program{Name: "notes", Path: "/opt/plugins/mlstore-plugin-notes"})

	uri, err := core.ParseURI("notes://team")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = plugin.Open(ctx, core.OpenRequest{URI: uri})
	fmt.Println(core.ReasonOf(err))
	fmt.Println(err)
	// Output:
	// PLUGIN_NOT_FOUND
	// open: plugin notes: its program /opt/plugins/mlstore-plugin-notes is not there: install the plugin again
}
