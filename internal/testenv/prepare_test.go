package testenv

import "testing"

// TestPrepare makes every counterpart of the project's tests, one after the other, so that a test run can have them
// ready, and show how far it is, before it starts.
func TestPrepare(t *testing.T) {
	t.Parallel()
	Strace(t)
	versions, err := mlflowVersions(Root(t))
	if err != nil || len(versions) == 0 {
		t.Fatalf("MLflow versions with pins: %v, error %v", versions, err)
	}
	for _, version := range versions {
		MLflow(t, version)
		t.Logf("MLflow %s is ready", version)
	}
}
