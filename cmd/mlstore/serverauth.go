package main

import (
	"context"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/server"
	"github.com/mlstore/mlstore/server/access"
)

// basicAuth is the only app that MLflow ships with.
const basicAuth = "basic-auth"

// authConfig is what MLflow's file of settings and variables say of accounts.
func (a *app) authConfig() (access.Config, error) {
	return access.ReadConfig(func(name string) (string, bool) {
		value := a.env(name)
		return value, value != ""
	})
}

// accounts are an open store of accounts.
type accounts struct {
	core.Accounts

	store core.TrackingStore
}

// openAccounts opens the accounts in a database.
func (a *app) openAccounts(ctx context.Context, database string) (accounts, error) {
	resolver, settings, err := a.stores()
	if err != nil {
		return accounts{}, err
	}
	uri, err := core.ParseURI(database)
	if err != nil {
		return accounts{}, err
	}
	settings.Tracking, settings.Registry = uri, uri
	settings.Options = map[string]string{"schema": "accounts"}
	store, err := resolver.Tracking(ctx, uri, settings)
	if err != nil {
		return accounts{}, err
	}
	kept, can := core.As[core.Accounts](store)
	if !can {
		err := core.Errorf(core.Unimplemented, "the store at %s keeps no accounts: name a SQLite or Postgres database", uri)
		return accounts{}, joined(err, store.Close())
	}
	return accounts{kept, store}, nil
}

// guard lets a server ask who sends a request, when the flags say so. What it opens is closed by the function that it returns.
func (a *app) guard(ctx context.Context, f *serverFlags, c *server.Config) (func() error, error) {
	nothing := func() error { return nil }
	if f.appName == "" {
		return nothing, nil
	}
	settings, err := a.authConfig()
	if err != nil {
		return nothing, err
	}
	kept, err := a.openAccounts(ctx, settings.Database)
	if err != nil {
		return nothing, err
	}
	if path, isFile := sqliteFile(settings.Database); isFile {
		c.Private = map[string]string{"the database of accounts": path}
	}
	c.Access = access.New(kept, access.Options{Default: settings.Default, LoginTTL: settings.LoginTTL})
	if err := c.Access.Bootstrap(ctx, settings); err != nil {
		return nothing, joined(err, kept.store.Close())
	}
	return kept.store.Close, nil
}

// sqliteFile is the file of a SQLite database.
func sqliteFile(database string) (string, bool) {
	path, isFile := strings.CutPrefix(database, "sqlite:///")
	path, _, _ = strings.Cut(path, "?")
	return path, isFile
}
