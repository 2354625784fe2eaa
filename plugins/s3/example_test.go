package s3_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/s3"
)

// Two teams keep artifacts at two services, in one process.
func ExampleOpener() {
	opener := &s3.Opener{}
	for _, text := range []string{
		"s3://models/vision?endpoint_url=https://s3.example.org", "s3://models/speech?region=eu-west-1&expected_bucket_owner=111122223333",
		"s3://models?endpoint_url=localhost",
	} {
		uri, err := core.ParseURI(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		backend, err := opener.Open(context.Background(), core.OpenRequest{URI: uri})
		if err != nil {
			fmt.Println(errors.Is(err, core.ErrInvalid), err)
			continue
		}
		fmt.Println("opened", uri)
		_ = backend.Close() // nothing was used
	}
	// Output:
	// opened s3://models/vision?endpoint_url=https://s3.example.org
	// opened s3://models/speech?region=eu-west-1&expected_bucket_owner=111122223333
	// true open: the endpoint of S3 must be a URL such as https://host:9000
}
