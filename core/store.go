package core

import (
	"context"
	"slices"
	"time"
)

// Store is what every kind of store has.
type Store interface {
	// Describe says what the store is and promises. It MUST answer the same before and after use [PL-002 TS-230] and MUST
	// announce limits that it keeps: accepted at the limit, refused one above [TS-009 TS-091 TS-105].
	Describe(ctx context.Context) (Info, error)

	// Close releases the store. Calls that run MUST end with an error and without a panic or a hang [TS-178 AR-110]; a second
	// Close succeeds [TS-179].
	Close() error
}

// TrackingStore keeps experiments, runs and their metrics, params and tags.
type TrackingStore interface {
	Store
	Experiments
	Runs
	Metrics
}

// RegistryStore keeps registered models and their versions. Aliases and stages are abilities.
type RegistryStore interface {
	Store
	Models
	Versions
}

// ContractVersion is the version of the contract that this package describes.
const ContractVersion = "1.0"

// Info describes a store.
type Info struct {
	Name         string       // of the implementation, such as "file"
	Version      string       // of the implementation
	Contract     string       // version of the contract it was written for; ContractVersion
	Capabilities []Capability // sorted: abilities and promises
	Limits       Limits
	ClockSkew    time.Duration // how far its clock may be from the caller's
	Settle       time.Duration // how long after a write another client may not see it; 0 is at once
}

// Has reports whether the store declares the capability.
func (i Info) Has(c Capability) bool { return slices.Contains(i.Capabilities, c) }
