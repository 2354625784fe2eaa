package s3_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/mlstore/mlstore/plugins/s3"
	"github.com/mlstore/mlstore/sdk/sdktest"
)

// childVariable names what a copy of this test program does instead of testing.
const childVariable = "MLSTORE_S3_CHILD"

func TestMain(m *testing.M) {
	// The SDK must find nothing of the machine that tests run on.
	for name, value := range map[string]string{
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	name := os.Getenv(childVariable)
	if name == "" {
		sdktest.Main(m, s3.Plugin())
	}
	act, known := children()[name]
	if !known {
		fmt.Fprintln(os.Stderr, "unknown child", name)
		os.Exit(2)
	}
	if err := act(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
