package client

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// Complete returns a store that searches: s itself when it declares SearchNative, and else a decorator. (skeleton)
func Complete(ctx context.Context, s core.TrackingStore) (core.TrackingStore, error) {
	return s, nil
}

// CompleteRegistry is Complete for a registry.
func CompleteRegistry(ctx context.Context, s core.RegistryStore) (core.RegistryStore, error) {
	return s, nil
}
