package testenv

import "testing"

// TestPrepareMLflow makes the environments one after the other. As every test called TestPrepare…, it is run by itself
// before a test run, which so has its counterparts ready and shows how far their making is.
func TestPrepareMLflow(t *testing.T) {
	t.Parallel()
	versions, err := mlflowVersions(Root(t))
	if err != nil || len(versions) == 0 {
		t.Fatalf("MLflow versions with pins: %v, error %v", versions, err)
	}
	for _, version := range versions {
		MLflow(t, version)
		t.Logf("MLflow %s is ready", version)
	}
}

func TestPrepareGRPC(t *testing.T) {
	t.Parallel()
	GRPC(t)
}

func TestPrepareChromium(t *testing.T) {
	t.Parallel()
	Chromium(t)
}
