package testenv

import (
	"context"
	"testing"
)

// GRPC returns a Python environment with what a plugin in Python is built from and runs on: gRPC and its generator, at the
// exact pins of constraints/grpc.txt. Making it takes some seconds.
func GRPC(t testing.TB) *Python {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	v := venvs{root: Root(t), logf: t.Logf}
	dir, err := v.ensure(ctx, "grpc", v.install)
	if err != nil {
		t.Fatalf("prepare gRPC for Python: %v", err)
	}
	return &Python{dir: dir}
}
