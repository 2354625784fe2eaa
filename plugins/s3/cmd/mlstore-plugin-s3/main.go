// Mlstore-plugin-s3 serves artifacts in S3 to mlstore.
package main

import (
	"github.com/mlstore/mlstore/plugins/s3"
	"github.com/mlstore/mlstore/sdk"
)

func main() { sdk.Serve(s3.Plugin()) }
