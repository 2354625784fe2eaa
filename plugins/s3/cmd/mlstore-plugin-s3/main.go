// Mlstore-plugin-s3 serves artifacts in S3 to mlstore.
package main

import (
	"github.com/mlstore/mlstore/plugins/s3"
	"github.com/mlstore/mlstore/sdk"
)

func main() {
	sdk.Serve(sdk.Plugin{
		Name: "s3", Version: s3.Version, License: "Apache-2.0", Schemes: s3.Schemes(), Env: s3.Environment(), Opener: &s3.Opener{},
	})
}
