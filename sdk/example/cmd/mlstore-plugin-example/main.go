// Mlstore-plugin-example serves the store of package example.
package main

import (
	"github.com/mlstore/mlstore/sdk"
	"github.com/mlstore/mlstore/sdk/example"
)

func main() { sdk.Serve(example.Plugin()) }
