package mutants

import (
	"context"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// Registry is a mutant of a registry.
type Registry = Mutant[*mem.Registry, core.RegistryStore]

// Registries lists the mutants of registries.
func Registries() []Registry {
	return []Registry{
		{
			"M12", "the next number is the highest plus one, found without a lock",
			[]string{"RG-092"},
			func(m *mem.Registry) core.RegistryStore { return &counting{Registry: m} },
		},
		{
			"M13", "the number of the highest version is given again after its deletion",
			[]string{"RG-023"},
			func(m *mem.Registry) core.RegistryStore { return &counting{Registry: m, lock: &sync.Mutex{}} },
		},
		{
			"M14", "an alias that moves stays with the version that had it",
			[]string{"RG-053"},
			func(m *mem.Registry) core.RegistryStore { return &sticky{Registry: m} },
		},
		{
			"M15", "renaming a model loses its aliases",
			[]string{"RG-064", "RG-102"},
			func(m *mem.Registry) core.RegistryStore { return losing{m} },
		},
		{
			"M17", "names that differ in case alone are one model",
			[]string{"RG-008"},
			func(m *mem.Registry) core.RegistryStore { return folding{m} },
		},
		{
			"M35", "returned tags are those of the store",
			[]string{"RG-108"},
			func(m *mem.Registry) core.RegistryStore { return &sharing{Registry: m} },
		},
		{
			"M46", "the source of a version is cleaned",
			[]string{"RG-033"},
			func(m *mem.Registry) core.RegistryStore { return tidying{m} },
		},
		{
			"M47", "archiving the others of a stage archives the others of all stages",
			[]string{"RG-070"},
			func(m *mem.Registry) core.RegistryStore { return sweeping{m} },
		},
	}
}

type counting struct {
	*mem.Registry
	lock *sync.Mutex // nil in the mutant that lacks it
}

func (c *counting) CreateVersion(ctx context.Context, model string, spec core.VersionSpec) (core.Version, error) {
	if spec.IdempotencyKey != "" {
		return c.Registry.CreateVersion(ctx, model, spec)
	}
	if c.lock != nil {
		c.lock.Lock()
		defer c.lock.Unlock()
	}
	highest := 0
	if v, err := c.VersionByAlias(ctx, model, "latest"); err == nil {
		highest = v.Number
	}
	runtime.Gosched() // others come in between sooner or later anyway
	made, err := c.Registry.CreateVersion(ctx, model, spec)
	if err != nil || made.Number == highest+1 {
		return made, err
	}
	if err := c.DeleteVersion(ctx, core.VersionRef{Model: model, Number: made.Number}); err != nil {
		return core.Version{}, err
	}
	made.Number = highest + 1
	return made, c.ImportVersion(ctx, made)
}

type sticky struct {
	*mem.Registry
	had sync.Map // from a reference and an alias to whether it had it once
}

type hold struct {
	ref   core.VersionRef
	alias string
}

func (s *sticky) SetAlias(ctx context.Context, ref core.VersionRef, alias string) error {
	err := s.Registry.SetAlias(ctx, ref, alias)
	if err == nil {
		s.had.Store(hold{ref, alias}, true)
	}
	return err
}

func (s *sticky) VersionByAlias(ctx context.Context, model, alias string) (core.Version, error) {
	v, err := s.Registry.VersionByAlias(ctx, model, alias)
	return s.held(v), err
}

func (s *sticky) UpdateVersion(ctx context.Context, ref core.VersionRef, c core.VersionChange) (core.Version, error) {
	v, err := s.Registry.UpdateVersion(ctx, ref, c)
	return s.held(v), err
}

func (s *sticky) Version(ctx context.Context, ref core.VersionRef) (core.Version, error) {
	v, err := s.Registry.Version(ctx, ref)
	return s.held(v), err
}

func (s *sticky) held(v core.Version) core.Version {
	s.had.Range(func(key, _ any) bool {
		h, _ := key.(hold)
		if h.ref.Model == v.Model && h.ref.Number == v.Number && !slices.Contains(v.Aliases, h.alias) {
			v.Aliases = append(v.Aliases, h.alias)
			slices.Sort(v.Aliases)
		}
		return true
	})
	return v
}

type losing struct{ *mem.Registry }

func (l losing) UpdateModel(ctx context.Context, name string, change core.ModelChange) (core.Model, error) {
	m, err := l.Registry.UpdateModel(ctx, name, change)
	if err != nil || m.Name == name {
		return m, err
	}
	for alias := range m.Aliases {
		if err := l.DeleteAlias(ctx, m.Name, alias); err != nil {
			return m, err
		}
	}
	return l.Model(ctx, m.Name)
}

type folding struct{ *mem.Registry }

func (f folding) CreateModel(ctx context.Context, spec core.ModelSpec) (core.Model, error) {
	for m, err := range core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Model], error) {
		return f.SearchModels(ctx, core.ModelQuery{PageOptions: o})
	}, core.PageOptions{}) {
		if err == nil && strings.EqualFold(m.Name, spec.Name) {
			return core.Model{}, core.Exists("registered model", spec.Name)
		}
	}
	return f.Registry.CreateModel(ctx, spec)
}

type sharing struct {
	*mem.Registry
	cache sync.Map // from a name to the tags that were returned
}

func (s *sharing) Model(ctx context.Context, name string) (core.Model, error) {
	m, err := s.Registry.Model(ctx, name)
	if err != nil {
		return m, err
	}
	shared, seen := s.cache.LoadOrStore(name, m.Tags)
	if seen {
		m.Tags = shared.(map[string]string) //nolint:forcetypeassert // stored above
	}
	return m, nil
}

func (s *sharing) UpdateModel(ctx context.Context, name string, change core.ModelChange) (core.Model, error) {
	s.cache.Clear()
	return s.Registry.UpdateModel(ctx, name, change)
}

func (s *sharing) DeleteModel(ctx context.Context, name string) error {
	s.cache.Clear()
	return s.Registry.DeleteModel(ctx, name)
}

func (s *sharing) ImportModel(ctx context.Context, m core.Model) error {
	s.cache.Clear()
	return s.Registry.ImportModel(ctx, m)
}

type tidying struct{ *mem.Registry }

func (t tidying) CreateVersion(ctx context.Context, model string, spec core.VersionSpec) (core.Version, error) {
	if scheme, rest, ok := strings.Cut(spec.Source, "://"); ok && !strings.Contains(rest, "..") {
		spec.Source = scheme + "://" + path.Clean(rest)
	}
	return t.Registry.CreateVersion(ctx, model, spec)
}

type sweeping struct{ *mem.Registry }

func (s sweeping) SetStage(ctx context.Context, ref core.VersionRef, change core.StageChange) (core.Version, error) {
	v, err := s.Registry.SetStage(ctx, ref, change)
	if err != nil || !change.ArchiveExisting {
		return v, err
	}
	others, err := s.LatestVersions(ctx, ref.Model, []core.Stage{core.StageStaging, core.StageProduction})
	for _, other := range others {
		if err == nil && other.Number != ref.Number {
			_, err = s.Registry.SetStage(ctx, core.VersionRef{Model: ref.Model, Number: other.Number},
				core.StageChange{Stage: core.StageArchived})
		}
	}
	return v, err
}
