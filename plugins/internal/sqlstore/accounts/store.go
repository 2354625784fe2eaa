package accounts

import (
	"context"
	"errors"
	"math"
	"sync/atomic"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// version is that of the store.
const version = "1.0"

// Options say how a store treats its database.
type Options struct {
	Name     string // of the store, such as "sqlite"
	ReadOnly bool   // every change is ErrPermission, and a database without the schema is refused
}

// Store is core.Accounts in the shape of a tracking store, which refuses everything else. It is safe for concurrent use.
type Store struct {
	sqlstore.Refusing

	db      sqldb.DB
	options Options
	old     []string // tables of old permissions, which MLflow reads no more and users are named in
	closed  atomic.Bool
}

// Wanted reports whether the settings of a request ask for accounts.
func Wanted(settings map[string]string) bool {
	return settings[sqlstore.SchemaOption] == sqlstore.AccountsSchema
}

// Open makes the store of a database. An empty database gets MLflow's schema, and an old one is brought forward, as MLflow
// does when it starts. The store closes db, also when opening fails.
func Open(ctx context.Context, db sqldb.DB, o Options) (core.Backend, error) {
	s := &Store{
		db: db, options: o,
		Refusing: sqlstore.Refusing{Why: core.State(sqlstore.SchemaOption,
			"the database was opened for its accounts; open it without the option schema")},
	}
	old, err := ready(ctx, db, o.ReadOnly)
	if err != nil {
		return core.Backend{}, errors.Join(err, db.Close())
	}
	s.old = old
	return core.Backend{Tracking: s}, nil
}

// Describe says what the store is.
func (s *Store) Describe(ctx context.Context) (core.Info, error) {
	if err := s.read(ctx); err != nil {
		return core.Info{}, err
	}
	return core.Info{
		Name: s.options.Name, Version: version, Contract: core.ContractVersion,
		Capabilities: core.CapabilitiesOf(s, core.SearchNative), Limits: core.DefaultLimits(),
	}, nil
}

// Close closes the database.
func (s *Store) Close() error {
	s.closed.Store(true)
	return s.db.Close()
}

// read is the first thing that a call does.
func (s *Store) read(ctx context.Context) error {
	if err := core.Interrupted(ctx); err != nil {
		return err
	}
	if s.closed.Load() {
		return core.Closed(s.options.Name)
	}
	return nil
}

// change is read for calls that change the store.
func (s *Store) change(ctx context.Context) error {
	if err := s.read(ctx); err != nil {
		return err
	}
	if s.options.ReadOnly {
		return core.Errorf(core.PermissionDenied, "the %s store was opened read-only", s.options.Name)
	}
	return nil
}

// named puts the operation and its key on the error that a call returns.
func named(err *error, op, key string) { *err = core.Do(op, key, *err) }

// possible reports whether a column of ids can hold the number.
func possible[N ~int64](n N) bool { return n > 0 && n <= math.MaxInt32 }

// numbers are ids as an argument.
func numbers[N ~int64](ids []N) []int64 {
	all := make([]int64, 0, len(ids))
	for _, id := range ids {
		if possible(id) {
			all = append(all, int64(id))
		}
	}
	return all
}
