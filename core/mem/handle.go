package mem

import (
	"context"
	"sync/atomic"

	"github.com/mlstore/mlstore/core"
)

// version is that of this implementation.
const version = "1.0"

// handle is one opening of a store. Closing it leaves the data to the other handles.
type handle struct {
	kind     string // of the store, for errors
	limits   core.Limits
	readOnly bool
	closed   atomic.Bool
}

func newHandle(kind string) handle { return handle{kind: kind, limits: core.DefaultLimits()} }

// Close ends the handle; the data stay for others. Calls that run end by themselves.
func (h *handle) Close() error {
	h.closed.Store(true)
	return nil
}

// read is the first thing that a call does.
func (h *handle) read(ctx context.Context) error {
	if err := core.Interrupted(ctx); err != nil {
		return err
	}
	if h.closed.Load() {
		return core.Closed(h.kind)
	}
	return nil
}

// change is read for calls that change the store.
func (h *handle) change(ctx context.Context) error {
	if err := h.read(ctx); err != nil {
		return err
	}
	if h.readOnly {
		return core.Errorf(core.PermissionDenied, "the %s store was opened read-only", h.kind)
	}
	return nil
}

// describe says what a store is that keeps the promises.
func (h *handle) describe(s core.Store, promises ...core.Capability) core.Info {
	return core.Info{
		Name: "mem", Version: version, Contract: core.ContractVersion,
		Capabilities: core.CapabilitiesOf(s, promises...), Limits: h.limits,
	}
}

// named puts the operation and its key on the error that a call returns.
func named(err *error, op, key string) { *err = core.Do(op, key, *err) }
