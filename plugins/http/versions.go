package http

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
	"github.com/mlstore/mlstore/rest"
)

// CreateVersion creates a version. MLflow's API cannot say another location than the source, nor a user.
func (r *Registry) CreateVersion(ctx context.Context, model string, spec core.VersionSpec) (v core.Version, err error) {
	err = r.write(ctx, "create version", model, func(ctx context.Context) error {
		limits, err := r.limits(ctx)
		if err != nil {
			return err
		}
		if err := cmp.Or(core.CheckModelName(model, limits), core.CheckVersionSpec(spec, limits)); err != nil {
			return err
		}
		if spec.Location != "" && spec.Location != spec.Source {
			return core.Errorf(core.Unimplemented, "MLflow's API cannot say that the files of a version are elsewhere than its source: "+
				"leave the location empty")
		}
		in := rest.CreateVersion{
			Name: model, Source: spec.Source, Tags: rest.TagsOf(spec.Tags), RunLink: spec.RunLink, Description: spec.Description,
			RunID: given(string(spec.RunID)), ModelID: given(string(spec.ModelID)),
		}
		v, err = r.version(ctx, restclient.Call{Endpoint: rest.VersionsCreate, In: in}, core.VersionRef{Model: model})
		if refusedAs(err, core.ReasonBadRequest) { // of MLflow's database, when the model was deleted meanwhile
			if _, gone := r.getModel(ctx, model); errors.Is(gone, core.ErrNotFound) {
				return gone
			}
		}
		return err
	})
	return v, err
}

// given is nil for an empty text.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// version makes a call that answers with a version; the number asked for may be 0, which is any.
func (r *Registry) version(ctx context.Context, call restclient.Call, asked core.VersionRef) (core.Version, error) {
	var found rest.VersionAnswer
	call.Out = &found
	if err := r.call(ctx, call); err != nil {
		return core.Version{}, err
	}
	v := versionOf(found.ModelVersion)
	if v.Model != asked.Model || v.Number < 1 || asked.Number > 0 && v.Number != asked.Number {
		return core.Version{}, notAsked("version")
	}
	return r.located(ctx, v)
}

func versionOf(version rest.ModelVersion) core.Version {
	v := version.Core()
	slices.Sort(v.Aliases)
	return v
}

// located asks for the place of a version whose source refers to another one.
func (r *Registry) located(ctx context.Context, v core.Version) (core.Version, error) {
	if !strings.HasPrefix(v.Source, "models:") {
		return v, nil
	}
	var found rest.DownloadURIAnswer
	in := refOf(core.VersionRef{Model: v.Model, Number: v.Number})
	if err := r.call(ctx, restclient.Call{Endpoint: rest.VersionsDownloadURI, In: in, Out: &found}); err != nil {
		return core.Version{}, err
	}
	if found.ArtifactURI != v.Source {
		v.Location = found.ArtifactURI
	}
	return v, nil
}

func refOf(ref core.VersionRef) rest.VersionRef {
	return rest.VersionRef{Name: ref.Model, Version: strconv.Itoa(ref.Number)}
}

func (r *Registry) checkVersion(ctx context.Context, ref core.VersionRef) error {
	limits, err := r.limits(ctx)
	if err != nil {
		return err
	}
	return core.CheckVersionRef(ref, limits)
}

// keyOf names a version in an error.
func keyOf(ref core.VersionRef) string { return ref.Model + "/" + strconv.Itoa(ref.Number) }

// Version reads a version.
func (r *Registry) Version(ctx context.Context, ref core.VersionRef) (v core.Version, err error) {
	err = r.read(ctx, "get version", keyOf(ref), func(ctx context.Context) error {
		if err := r.checkVersion(ctx, ref); err != nil {
			return err
		}
		v, err = r.getVersion(ctx, ref)
		return err
	})
	return v, err
}

func (r *Registry) getVersion(ctx context.Context, ref core.VersionRef) (core.Version, error) {
	return r.version(ctx, restclient.Call{Endpoint: rest.VersionsGet, In: refOf(ref)}, ref)
}

// UpdateVersion changes a version: tags and description, one after the other.
func (r *Registry) UpdateVersion(
	ctx context.Context, ref core.VersionRef, change core.VersionChange,
) (v core.Version, err error) {
	err = r.write(ctx, "update version", keyOf(ref), func(ctx context.Context) error {
		limits, err := r.limits(ctx)
		if err != nil {
			return err
		}
		if err := cmp.Or(core.CheckVersionRef(ref, limits), core.CheckVersionChange(change, limits)); err != nil {
			return err
		}
		for _, call := range versionCalls(ref, change) {
			if err := r.call(ctx, call); err != nil {
				return err
			}
		}
		v, err = r.getVersion(ctx, ref)
		return err
	})
	return v, err
}

func versionCalls(ref core.VersionRef, change core.VersionChange) []restclient.Call {
	at := refOf(ref)
	var calls []restclient.Call
	for _, key := range slices.Sorted(maps.Keys(change.Tags.Set)) {
		in := rest.SetVersionTag{Name: at.Name, Version: at.Version, Key: key, Value: change.Tags.Set[key]}
		calls = append(calls, restclient.Call{Endpoint: rest.VersionsSetTag, In: in})
	}
	for _, key := range change.Tags.Delete {
		in := rest.DeleteVersionTag{Name: at.Name, Version: at.Version, Key: key}
		calls = append(calls, restclient.Call{Endpoint: rest.VersionsDeleteTag, In: in})
	}
	if change.Description != nil {
		in := rest.UpdateVersion{Name: at.Name, Version: at.Version, Description: *change.Description}
		calls = append(calls, restclient.Call{Endpoint: rest.VersionsUpdate, In: in})
	}
	return calls
}

// DeleteVersion removes a version.
func (r *Registry) DeleteVersion(ctx context.Context, ref core.VersionRef) error {
	return r.write(ctx, "delete version", keyOf(ref), func(ctx context.Context) error {
		if err := r.checkVersion(ctx, ref); err != nil {
			return err
		}
		if err := r.call(ctx, restclient.Call{Endpoint: rest.VersionsDelete, In: refOf(ref)}); err != nil {
			return err
		}
		return r.dropAliases(ctx, ref)
	})
}

// dropAliases removes the aliases that MLflow leaves behind when their version goes.
func (r *Registry) dropAliases(ctx context.Context, ref core.VersionRef) error {
	p, err := r.profile(ctx)
	if err != nil || p.ours || !p.has(p.registry, aliases) {
		return err
	}
	m, err := r.getModel(ctx, ref.Model)
	if errors.Is(err, core.ErrNotFound) {
		return nil // the model went too
	}
	if err != nil {
		return created(err)
	}
	for alias, number := range m.Aliases {
		if number != ref.Number {
			continue
		}
		in := rest.Alias{Name: ref.Model, Alias: alias}
		if err := r.call(ctx, restclient.Call{Endpoint: rest.ModelsDeleteAlias, In: in}); err != nil {
			return created(err)
		}
	}
	return nil
}

// SearchVersions searches. The location of a version whose source refers to another one is left to Version.
func (r *Registry) SearchVersions(ctx context.Context, q core.VersionQuery) (page core.Page[core.Version], err error) {
	err = r.read(ctx, "search versions", "", func(ctx context.Context) error {
		page, err = r.searchVersions(ctx, q)
		return err
	})
	return page, err
}

func (r *Registry) searchVersions(ctx context.Context, q core.VersionQuery) (page core.Page[core.Version], err error) {
	p, err := r.profile(ctx)
	if err != nil {
		return page, err
	}
	s, err := newSearch(q, &q.PageOptions, p.models.VersionPage)
	if err != nil {
		return page, err
	}
	ask := func(ctx context.Context, o core.PageOptions) (core.Page[core.Version], error) {
		return r.versionsPage(ctx, q, o)
	}
	if p.ours {
		return pass(ctx, s, ask)
	}
	return question[core.Version]{
		read: func(o core.PageOptions) (*filter.Query[core.Version], error) {
			return filter.Versions(core.VersionQuery{Filter: q.Filter, OrderBy: q.OrderBy, PageOptions: o}, p.models)
		},
		ask: ask,
		all: func(ctx context.Context) iter.Seq2[core.Version, error] {
			return registered(ctx, p, q.Filter, func(text string) pages[core.Version] {
				return func(ctx context.Context, o core.PageOptions) (core.Page[core.Version], error) {
					return r.versionsPage(ctx, core.VersionQuery{Filter: text}, o)
				}
			})
		},
		here: !ordersAlike(q.OrderBy, "name", "version_number", "creation_timestamp", "last_updated_timestamp"),
	}.answer(ctx, s)
}

// versionsPage asks for one page.
func (r *Registry) versionsPage(
	ctx context.Context, q core.VersionQuery, o core.PageOptions,
) (page core.Page[core.Version], err error) {
	in := rest.SearchVersions{Filter: q.Filter, MaxResults: limitOf(o), OrderBy: q.OrderBy, PageToken: o.Token}
	var found rest.VersionsPage
	if err := r.call(ctx, restclient.Call{Endpoint: rest.VersionsSearch, In: in, Out: &found}); err != nil {
		return page, err
	}
	for _, v := range found.ModelVersions {
		page.Items = append(page.Items, versionOf(v))
	}
	page.Next = found.NextPageToken
	return page, nil
}
