// Mlstore-plugin-postgres serves the stores of package postgres.
package main

import (
	"github.com/mlstore/mlstore/plugins/postgres"
	"github.com/mlstore/mlstore/sdk"
)

func main() { sdk.Serve(postgres.Plugin()) }
