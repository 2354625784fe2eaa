package sqlstore

import (
	"context"
	"sync/atomic"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// version is that of the stores.
const version = "1.0"

// Options say how a store treats its database.
type Options struct {
	Name         string // of the store, such as "sqlite"
	ArtifactRoot string // below which the artifacts of new experiments are kept; a URI or an absolute path
	ReadOnly     bool   // every change is ErrPermission

	WebhookKey core.Secret // encrypts the secrets of webhooks; zero keeps none
}

// handle is what the stores have in common.
type handle struct {
	db      sqldb.DB
	options Options
	limits  core.Limits
	closed  atomic.Bool
}

func newHandle(db sqldb.DB, o Options) handle {
	return handle{db: db, options: o, limits: limits(db.Dialect())}
}

// limits are MLflow's; Postgres holds texts to the lengths of its columns.
func limits(d sqldb.Dialect) core.Limits {
	l := core.DefaultLimits()
	if d == sqldb.Postgres {
		l.ExperimentName, l.ModelTag, l.VersionSource = 256, 5000, 500
	}
	return l
}

// Close closes the store's handle of the database.
func (h *handle) Close() error {
	h.closed.Store(true)
	return h.db.Close()
}

// read is the first thing that a call does.
func (h *handle) read(ctx context.Context) error {
	if err := core.Interrupted(ctx); err != nil {
		return err
	}
	if h.closed.Load() {
		return core.Closed(h.options.Name)
	}
	return nil
}

// change is read for calls that change the store.
func (h *handle) change(ctx context.Context) error {
	if err := h.read(ctx); err != nil {
		return err
	}
	if h.options.ReadOnly {
		return core.Errorf(core.PermissionDenied, "the %s store was opened read-only", h.options.Name)
	}
	return nil
}

// describe says what a store is that keeps the promises.
func (h *handle) describe(s core.Store, promises ...core.Capability) core.Info {
	return core.Info{
		Name: h.options.Name, Version: version, Contract: core.ContractVersion,
		Capabilities: core.CapabilitiesOf(s, promises...), Limits: h.limits,
	}
}

// named puts the operation and its key on the error that a call returns.
func named(err *error, op, key string) { *err = core.Do(op, key, *err) }
