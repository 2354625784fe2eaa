package http

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
	"github.com/mlstore/mlstore/rest"
)

// SetAlias lets an alias point to a version.
func (r *Registry) SetAlias(ctx context.Context, ref core.VersionRef, alias string) error {
	return r.write(ctx, "set alias", keyOf(ref), func(ctx context.Context) error {
		limits, err := r.limits(ctx)
		if err != nil {
			return err
		}
		if err := cmp.Or(core.CheckVersionRef(ref, limits), core.CheckNewAlias(alias, limits)); err != nil {
			return err
		}
		in := rest.SetAlias{Name: ref.Model, Alias: alias, Version: refOf(ref).Version}
		call := restclient.Call{Endpoint: rest.ModelsSetAlias, In: in}
		return r.despiteRaces(ctx, func() error { return r.call(ctx, call) })
	})
}

// despiteRaces repeats what MLflow refuses with an error of its database when two do it at once.
func (r *remote) despiteRaces(ctx context.Context, do func() error) error {
	const most = 5
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil || attempt == most || ctx.Err() != nil || !lostRace(err) {
			return err
		}
	}
}

// lostRace reports an error of a database, which MLflow passes on.
func lostRace(err error) bool {
	text := err.Error()
	return strings.Contains(text, "UNIQUE constraint failed") || strings.Contains(text, "duplicate key value") ||
		strings.Contains(text, "row(s); 0 were matched") ||
		strings.Contains(text, "database is locked")
}

func (r *Registry) checkAlias(ctx context.Context, model, alias string) error {
	limits, err := r.limits(ctx)
	if err != nil {
		return err
	}
	return cmp.Or(core.CheckModelName(model, limits), core.CheckAlias(alias, limits))
}

// DeleteAlias removes an alias.
func (r *Registry) DeleteAlias(ctx context.Context, model, alias string) error {
	return r.write(ctx, "delete alias", model, func(ctx context.Context) error {
		if err := r.checkAlias(ctx, model, alias); err != nil {
			return err
		}
		err := r.call(ctx, restclient.Call{Endpoint: rest.ModelsDeleteAlias, In: rest.Alias{Name: model, Alias: alias}})
		if limits, _ := r.limits(ctx); refusedAs(err, core.ReasonInvalidParameterValue) && core.CheckNewAlias(alias, limits) != nil {
			_, err = r.getModel(ctx, model) // MLflow 2 refuses the names that nobody can have
		}
		return err
	})
}

// VersionByAlias finds the version of an alias. An unknown one is a bad request at MLflow (D-8).
func (r *Registry) VersionByAlias(ctx context.Context, model, alias string) (v core.Version, err error) {
	err = r.read(ctx, "get version by alias", model, func(ctx context.Context) error {
		if err := r.checkAlias(ctx, model, alias); err != nil {
			return err
		}
		v, err = r.versionByAlias(ctx, model, alias)
		return err
	})
	return v, err
}

func (r *Registry) versionByAlias(ctx context.Context, model, alias string) (core.Version, error) {
	p, err := r.profile(ctx)
	if err != nil {
		return core.Version{}, err
	}
	if !p.ours && strings.EqualFold(alias, "latest") { // MLflow 2 has no such alias, and before 3.17 it is any stage's latest
		return r.newest(ctx, model)
	}
	call := restclient.Call{Endpoint: rest.ModelsGetAlias, In: rest.Alias{Name: model, Alias: alias}}
	v, err := r.version(ctx, call, core.VersionRef{Model: model})
	if !refusedAs(err, core.ReasonInvalidParameterValue) {
		return v, err
	}
	if _, missing := r.getModel(ctx, model); errors.Is(missing, core.ErrNotFound) {
		return core.Version{}, missing
	}
	return core.Version{}, recoded(err, core.NotFound, alias)
}

// newest is the version of the highest number.
func (r *Registry) newest(ctx context.Context, model string) (core.Version, error) {
	latest, err := r.latest(ctx, rest.LatestVersions{Name: model})
	if err != nil {
		return core.Version{}, err
	}
	if len(latest) == 0 {
		return core.Version{}, core.Missing("latest version of model", model)
	}
	return r.getVersion(ctx, core.VersionRef{Model: model, Number: latest[len(latest)-1].Number})
}
