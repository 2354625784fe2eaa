package registrystore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// patience is how long a call may take that has nothing to wait for.
const patience = 20 * time.Second

// newModel creates a model, with a name of its own unless the specification has one, and registers its deletion.
func newModel(t check, e *env, spec core.ModelSpec) core.Model {
	t.Helper()
	return newModelIn(t, e, e.Store, spec)
}

func newModelIn(t check, e *env, s store, spec core.ModelSpec) core.Model {
	t.Helper()
	if spec.Name == "" {
		spec.Name = e.Name("model")
	}
	forget(t, e, s, spec.Name)
	m, err := s.CreateModel(t.Context(), spec)
	conformance.NoError(t, "CreateModel", err)
	return m
}

// forget registers the deletion of a model, whether there will be one or not.
func forget(t check, e *env, s store, name string) {
	t.Helper()
	e.Undo(t, "deleting model "+name, func(ctx context.Context) error {
		err := s.DeleteModel(ctx, name)
		switch {
		case errors.Is(err, core.ErrClosed): // the case closed its handle; the shared one may reach the data
			return e.Store.DeleteModel(ctx, name)
		case errors.Is(err, core.ErrInvalid): // no store has a model of that name
			return nil
		}
		return err
	})
}

// newVersion creates the next version of a model. It goes with its model.
func newVersion(t check, e *env, model string, spec core.VersionSpec) core.Version {
	t.Helper()
	if spec.Source == "" {
		spec.Source = "s3://bucket/models/" + model
	}
	v, err := e.Store.CreateVersion(t.Context(), model, spec)
	conformance.NoError(t, "CreateVersion", err)
	return v
}

// newLine creates a model with n versions.
func newLine(t check, e *env, n int) (model string, versions []core.Version) {
	t.Helper()
	model = newModel(t, e, core.ModelSpec{}).Name
	for range n {
		versions = append(versions, newVersion(t, e, model, core.VersionSpec{}))
	}
	return model, versions
}

func refOf(v core.Version) core.VersionRef { return core.VersionRef{Model: v.Model, Number: v.Number} }

func changeModel(t check, e *env, name string, change core.ModelChange) core.Model {
	t.Helper()
	m, err := e.Store.UpdateModel(t.Context(), name, change)
	conformance.NoError(t, "UpdateModel", err)
	return m
}

func changeVersion(t check, e *env, v core.Version, change core.VersionChange) core.Version {
	t.Helper()
	got, err := e.Store.UpdateVersion(t.Context(), refOf(v), change)
	conformance.NoError(t, "UpdateVersion", err)
	return got
}

func deleteVersion(t check, e *env, v core.Version) {
	t.Helper()
	conformance.NoError(t, "DeleteVersion", e.Store.DeleteVersion(t.Context(), refOf(v)))
}

// readModel reads a model through the second handle.
func readModel(t check, e *env, name string) core.Model {
	t.Helper()
	var got core.Model
	e.Observe(t, func(ctx context.Context, s store) (err error) {
		got, err = s.Model(ctx, name)
		return err
	})
	return got
}

// readVersion reads a version through the second handle.
func readVersion(t check, e *env, ref core.VersionRef) core.Version {
	t.Helper()
	var got core.Version
	e.Observe(t, func(ctx context.Context, s store) (err error) {
		got, err = s.Version(ctx, ref)
		return err
	})
	return got
}

// sawModel observes that a model is as wanted, whole.
func sawModel(t check, e *env, want core.Model) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := s.Model(ctx, want.Name)
		return differs("model", got, want, err)
	})
}

// sawVersion observes that a version is as wanted, whole.
func sawVersion(t check, e *env, want core.Version) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := s.Version(ctx, refOf(want))
		return differs("version", got, want, err)
	})
}

// sawNoModel observes that there is no model of the name.
func sawNoModel(t check, e *env, name string) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		if m, err := s.Model(ctx, name); !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("model %q: got %+v and error %w, want %w", name, m, orNone(err), core.ErrNotFound)
		}
		return nil
	})
}

// sawNoVersion observes that there is no such version.
func sawNoVersion(t check, e *env, ref core.VersionRef) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		if v, err := s.Version(ctx, ref); !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("version %+v: got %+v and error %w, want %w", ref, v, orNone(err), core.ErrNotFound)
		}
		return nil
	})
}

var errNone = errors.New("no error")

func orNone(err error) error {
	if err == nil {
		return errNone
	}
	return err
}

// differs is the error of an observation: the call's, or where the answer differs from what is wanted.
func differs[V any](what string, got, want V, err error) error {
	if err != nil {
		return fmt.Errorf("%s: got error %w, want success", what, err)
	}
	if d := conformance.Difference(got, want); d != "" {
		return errors.New(what + d)
	}
	return nil
}

// tick waits until the clock shows another millisecond, so that a time that advances can be told from one that does not.
func tick(t check) {
	t.Helper()
	ticks := time.NewTicker(time.Millisecond)
	defer ticks.Stop()
	for from := core.Now(); core.Now() < from+2; {
		<-ticks.C
	}
}

// advanced fails the case unless a time has moved on.
func advanced(t check, what string, now, before core.Millis) {
	t.Helper()
	if now <= before {
		t.Errorf("%s: got %d, want a time after %d", what, now, before)
	}
}

// collect takes all items, but not for ever.
func collect[V any](items func(func(V, error) bool)) ([]V, error) {
	const most = 20_000
	var all []V
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		if all = append(all, item); len(all) > most {
			return nil, fmt.Errorf("the pages have more than %d items and do not end", most)
		}
	}
	return all, nil
}

// padded fills text up to n code points, of which most take two bytes.
func padded(text string, n int) string {
	return text + strings.Repeat("ü", max(0, n-utf8.RuneCountInString(text)))
}

func ptr[V any](v V) *V { return &v }
