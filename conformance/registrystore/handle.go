package registrystore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func contextCases() []entry {
	return []entry{{
		ID: "RG-097", Name: "ctx/method-table",
		Rule: "A call whose context has ended returns the context's error at once and has no effect.", Run: contextEnded,
	}}
}

func handleCases() []entry {
	return []entry{
		{
			ID: "RG-101", Name: "durability/reopen", Rule: "What was acknowledged is there, unchanged, after Close and a new open.",
			Run: durable,
		},
		{
			ID: "RG-107", Name: "close/then-refused", Rule: "After Close every method is ErrClosed, and a second Close succeeds.",
			Run: closedHandle,
		},
		{ID: "RG-114", Name: "leak/goroutines-and-files", Rule: "Calls leave no goroutine and no open file behind.", Run: leaks},
	}
}

func wholeRunCases() []entry {
	return []entry{{
		ID: "RG-113", Name: "sandbox/decoy", Rule: "What the run does not touch is the same after it.", Around: decoy,
	}}
}

// methods are all methods of a registry and its abilities, on the model and the version of the reference.
func methods(e *env, on store) map[string]func(context.Context, store, core.VersionRef) error {
	all := versionMethods(e)
	delete(all, "SetAlias") // they come with the handle's own ability below
	delete(all, "SetStage")
	change := core.ModelChange{Description: ptr("changed"), Tags: core.TagChange{Set: map[string]string{"k": "changed"}}}
	all["Describe"] = func(ctx context.Context, s store, _ core.VersionRef) error {
		_, err := s.Describe(ctx)
		return err
	}
	all["CreateModel"] = func(ctx context.Context, s store, ref core.VersionRef) error {
		_, err := s.CreateModel(ctx, core.ModelSpec{Name: ref.Model + "-new"})
		return err
	}
	all["Model"] = func(ctx context.Context, s store, ref core.VersionRef) error {
		_, err := s.Model(ctx, ref.Model)
		return err
	}
	all["UpdateModel"] = func(ctx context.Context, s store, ref core.VersionRef) error {
		_, err := s.UpdateModel(ctx, ref.Model, change)
		return err
	}
	all["DeleteModel"] = func(ctx context.Context, s store, ref core.VersionRef) error { return s.DeleteModel(ctx, ref.Model) }
	all["SearchModels"] = func(ctx context.Context, s store, _ core.VersionRef) error {
		_, err := s.SearchModels(ctx, core.ModelQuery{})
		return err
	}
	all["CreateVersion"] = func(ctx context.Context, s store, ref core.VersionRef) error {
		_, err := s.CreateVersion(ctx, ref.Model, core.VersionSpec{Source: "s3://b/k"})
		return err
	}
	all["SearchVersions"] = func(ctx context.Context, s store, _ core.VersionRef) error {
		_, err := s.SearchVersions(ctx, core.VersionQuery{})
		return err
	}
	abilityMethods(e, on, all)
	return all
}

func abilityMethods(e *env, on store, all map[string]func(context.Context, store, core.VersionRef) error) {
	if a, ok := core.As[core.Aliases](on); ok && e.Info.Has(aliases) {
		all["SetAlias"] = func(ctx context.Context, _ store, ref core.VersionRef) error { return a.SetAlias(ctx, ref, "changed") }
		all["DeleteAlias"] = func(ctx context.Context, _ store, ref core.VersionRef) error {
			return a.DeleteAlias(ctx, ref.Model, "champion")
		}
		all["VersionByAlias"] = func(ctx context.Context, _ store, ref core.VersionRef) error {
			_, err := a.VersionByAlias(ctx, ref.Model, "champion")
			return err
		}
	}
	if st, ok := core.As[core.Stages](on); ok && e.Info.Has(stages) {
		all["SetStage"] = func(ctx context.Context, _ store, ref core.VersionRef) error {
			_, err := st.SetStage(ctx, ref, core.StageChange{Stage: production})
			return err
		}
		all["LatestVersions"] = func(ctx context.Context, _ store, ref core.VersionRef) error {
			_, err := st.LatestVersions(ctx, ref.Model, nil)
			return err
		}
	}
	if i, ok := core.As[core.RegistryImporter](on); ok && e.Info.Has(importer) {
		all["ImportModel"] = func(ctx context.Context, _ store, ref core.VersionRef) error {
			return i.ImportModel(ctx, core.Model{Name: ref.Model, CreatedAt: 1, UpdatedAt: 1})
		}
		all["ImportVersion"] = func(ctx context.Context, _ store, ref core.VersionRef) error {
			return i.ImportVersion(ctx, core.Version{
				Model: ref.Model, Number: 9, Source: "s3://b/k", Status: core.VersionReady, CreatedAt: 1, UpdatedAt: 1,
			})
		}
	}
}

func contextEnded(t check, e *env) {
	name, versions := newLine(t, e, 1)
	forget(t, e, e.Store, name+"-new")
	before := readModel(t, e, name)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for method, call := range methods(e, e.Store) {
		for ctx, want := range map[context.Context]error{canceled: context.Canceled, expired: context.DeadlineExceeded} {
			err := conformance.Ends(t, patience, method, func() error { return call(ctx, e.Store, refOf(versions[0])) })
			if !errors.Is(err, want) {
				t.Errorf("%s under a context that has ended: got error %v, want %v", method, err, want)
			}
		}
	}
	sawModel(t, e, before)
	sawVersion(t, e, versions[0])
	sawNoModel(t, e, name+"-new")
	sawVersions(t, e, byNumber("name = '"+name+"'"), versions[0])
}

func closedHandle(t check, e *env) {
	s := e.Fresh(t)
	name := newModelIn(t, e, s, core.ModelSpec{}).Name
	v, err := s.CreateVersion(t.Context(), name, core.VersionSpec{Source: "s3://b/k"})
	conformance.NoError(t, "CreateVersion", err)
	all := methods(e, s)
	conformance.NoError(t, "Close", s.Close())
	conformance.NoError(t, "a second Close", s.Close())
	for method, call := range all {
		conformance.Refused(t, method+" after Close", call(t.Context(), s, refOf(v)), core.ErrClosed)
	}
}

func durable(t check, e *env) {
	first := e.Fresh(t)
	spec := core.ModelSpec{Name: e.Name("m"), Description: "d", Tags: map[string]string{"k": "v"}}
	name := newModelIn(t, e, first, spec).Name
	gone := newModelIn(t, e, first, core.ModelSpec{}).Name
	conformance.NoError(t, "DeleteModel", first.DeleteModel(t.Context(), gone))
	var versions []core.Version
	for i := range 3 {
		v, err := first.CreateVersion(t.Context(), name, core.VersionSpec{
			Source: fmt.Sprintf("s3://b/%d", i), RunID: core.NewRunID(), Tags: map[string]string{"k": strconv.Itoa(i)},
		})
		conformance.NoError(t, "CreateVersion", err)
		versions = append(versions, v)
	}
	conformance.NoError(t, "DeleteVersion", first.DeleteVersion(t.Context(), refOf(versions[2])))
	if a, ok := core.As[core.Aliases](first); ok && e.Info.Has(aliases) {
		conformance.NoError(t, "SetAlias", a.SetAlias(t.Context(), refOf(versions[0]), "champion"))
	}
	if st, ok := core.As[core.Stages](first); ok && e.Info.Has(stages) {
		_, err := st.SetStage(t.Context(), refOf(versions[1]), core.StageChange{Stage: production})
		conformance.NoError(t, "SetStage", err)
	}
	before, err := first.Model(t.Context(), name)
	conformance.NoError(t, "Model", err)
	beforeVersions, err := searchVersions(t.Context(), first, byNumber("name = '"+name+"'"))
	conformance.NoError(t, "SearchVersions", err)
	second := e.Reopen(t, first)
	got, err := second.Model(t.Context(), name)
	conformance.NoError(t, "Model after reopening", err)
	conformance.Equal(t, "the model after reopening", got, before)
	gotVersions, err := searchVersions(t.Context(), second, byNumber("name = '"+name+"'"))
	conformance.NoError(t, "SearchVersions after reopening", err)
	conformance.Equal(t, "the versions after reopening", gotVersions, beforeVersions)
	v, err := second.CreateVersion(t.Context(), name, core.VersionSpec{Source: "s3://b/k"})
	conformance.NoError(t, "CreateVersion after reopening", err)
	conformance.Equal(t, "the next number after reopening", v.Number, 4)
	_, err = second.Model(t.Context(), gone)
	conformance.Refused(t, "a deleted model after reopening", err, core.ErrNotFound, gone)
	conformance.NoError(t, "DeleteModel", second.DeleteModel(t.Context(), name))
}

func leaks(t check, e *env) {
	name, versions := newLine(t, e, 3)
	conformance.NoLeak(t, func(ctx context.Context, round int) error {
		text := strconv.Itoa(round)
		_, modelErr := e.Store.Model(ctx, name)
		_, versionErr := e.Store.Version(ctx, refOf(versions[0]))
		_, changeErr := e.Store.UpdateVersion(ctx, refOf(versions[1]), core.VersionChange{Description: &text})
		q := core.VersionQuery{Filter: "name = '" + name + "'", PageOptions: core.PageOptions{Limit: 1}}
		_, searchErr := e.Store.SearchVersions(ctx, q)
		return errors.Join(modelErr, versionErr, changeErr, searchErr)
	})
}

// decoy plants models beside those of the run and compares them afterwards.
func decoy(t check, e *env) func() {
	name, versions := newLine(t, e, 3)
	changeModel(t, e, name, core.ModelChange{Description: ptr("decoy"), Tags: core.TagChange{Set: map[string]string{"k": "v"}}})
	deleteVersion(t, e, versions[1])
	empty := newModel(t, e, core.ModelSpec{})
	before := readModel(t, e, name)
	return func() {
		sawModel(t, e, before)
		sawModel(t, e, empty)
		sawVersions(t, e, byNumber("name = '"+name+"'"), versions[0], versions[2])
	}
}
