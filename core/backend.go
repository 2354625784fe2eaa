package core

import (
	"context"
	"errors"
)

// Opener opens the stores that a URI offers. A scheme is bound to one opener.
type Opener interface {
	// Open opens all kinds of store that the URI offers, on one connection pool. It MUST refuse a bad URI or option before
	// any input or output, with ErrInvalid that names the field [PL-029], and MUST NOT fall back to another store (D-18).
	Open(ctx context.Context, request OpenRequest) (Backend, error)
}

// OpenerFunc is a function as an Opener.
type OpenerFunc func(ctx context.Context, request OpenRequest) (Backend, error)

// Open calls f.
func (f OpenerFunc) Open(ctx context.Context, request OpenRequest) (Backend, error) {
	return f(ctx, request)
}

// OpenRequest says what to open. URI alone is needed.
type OpenRequest struct {
	URI       URI
	Options   map[string]string // the scheme's own, as its description names them
	Secrets   map[string]Secret
	Tracking  URI    // the tracking store that artifacts or jobs belong to; may be zero
	Registry  URI    // the registry likewise
	Workspace string // may be empty
	ReadOnly  bool   // every change is ErrPermission, without effect
}

// Backend is what one URI offers; nil is what it does not.
type Backend struct {
	Tracking  TrackingStore
	Artifacts ArtifactRepository
	Registry  RegistryStore
	Projects  ProjectBackend
}

// Close closes every store of the backend and joins their errors.
func (b Backend) Close() error {
	var errs []error
	for _, s := range b.Stores() {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// Stores lists the stores that the backend offers.
func (b Backend) Stores() []Store {
	var stores []Store
	if b.Tracking != nil {
		stores = append(stores, b.Tracking)
	}
	if b.Artifacts != nil {
		stores = append(stores, b.Artifacts)
	}
	if b.Registry != nil {
		stores = append(stores, b.Registry)
	}
	if b.Projects != nil {
		stores = append(stores, b.Projects)
	}
	return stores
}
