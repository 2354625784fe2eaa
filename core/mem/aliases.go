package mem

import (
	"context"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// SetAlias lets an alias point to a version.
func (r *Registry) SetAlias(ctx context.Context, ref core.VersionRef, alias string) (err error) {
	defer named(&err, "set alias", alias)
	if err := r.change(ctx); err != nil {
		return err
	}
	if err := core.CheckVersionRef(ref, r.limits); err != nil {
		return err
	}
	if err := core.CheckNewAlias(alias, r.limits); err != nil {
		return err
	}
	d := r.data
	d.mu.Lock()
	defer d.mu.Unlock()
	m, v, err := d.version(ref)
	if err != nil {
		return err
	}
	m.dropAlias(alias)
	m.addAlias(v, alias)
	return nil
}

// The model's map and the versions' lists say the same.

func (m *model) addAlias(v *core.Version, alias string) {
	m.Aliases[alias] = v.Number
	at, _ := slices.BinarySearch(v.Aliases, alias)
	v.Aliases = slices.Insert(v.Aliases, at, alias)
}

func (m *model) dropAlias(alias string) {
	v := m.versions[m.Aliases[alias]]
	if v == nil {
		return
	}
	delete(m.Aliases, alias)
	v.Aliases = slices.DeleteFunc(v.Aliases, func(a string) bool { return a == alias })
}

// DeleteAlias removes an alias.
func (r *Registry) DeleteAlias(ctx context.Context, name, alias string) (err error) {
	defer named(&err, "delete alias", alias)
	if err := r.change(ctx); err != nil {
		return err
	}
	if err := core.CheckModelName(name, r.limits); err != nil {
		return err
	}
	if err := core.CheckAlias(alias, r.limits); err != nil {
		return err
	}
	d := r.data
	d.mu.Lock()
	defer d.mu.Unlock()
	m, err := d.model(name)
	if err != nil {
		return err
	}
	m.dropAlias(alias)
	return nil
}

// VersionByAlias finds the version of an alias, or for `latest` the highest one.
func (r *Registry) VersionByAlias(ctx context.Context, name, alias string) (_ core.Version, err error) {
	defer named(&err, "get version by alias", alias)
	if err := r.read(ctx); err != nil {
		return core.Version{}, err
	}
	if err := core.CheckModelName(name, r.limits); err != nil {
		return core.Version{}, err
	}
	if err := core.CheckAlias(alias, r.limits); err != nil {
		return core.Version{}, err
	}
	d := r.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	m, err := d.model(name)
	if err != nil {
		return core.Version{}, err
	}
	v := m.versions[m.Aliases[alias]]
	if strings.EqualFold(alias, "latest") {
		v = m.highest()
	}
	if v == nil {
		return core.Version{}, core.Missing("alias", alias)
	}
	return cloneVersion(*v), nil
}

// highest returns the version of the highest number; nil when there is none.
func (m *model) highest() *core.Version {
	number := 0
	for n := range m.versions {
		number = max(number, n)
	}
	return m.versions[number]
}
