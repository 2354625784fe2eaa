package testenv

import "testing"

// TestPrepareS3 builds the S3 server and the second client before a test run, and starts the server once.
func TestPrepareS3(t *testing.T) {
	t.Parallel()
	t.Logf("S3 at %s is ready, and %s", S3(t).Endpoint, GoTool(t, "s5cmd"))
}
