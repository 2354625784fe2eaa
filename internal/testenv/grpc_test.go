package testenv

import (
	"strings"
	"testing"
)

func TestGRPCHasItsGenerator(t *testing.T) {
	t.Parallel()
	got := GRPC(t).Run(t, "import grpc, grpc_status, grpc_health, grpc_tools.protoc; print(grpc.__version__)")
	if !strings.HasPrefix(got, "1.") {
		t.Errorf("version %q", got)
	}
}
