package boundary

import (
	"context"
	"fmt"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

type register = core.RegistryStore

// registryKind adds models, whose ids are their names.
func registryKind() kind[register] {
	return kind[register]{
		name: "registry", serv: "registry",
		of: func(b core.Backend) (register, bool) { return b.Registry, b.Registry != nil },
		knock: func(ctx context.Context, s register, name string) error {
			_, err := s.Model(ctx, name)
			return err
		},
		add: func(ctx context.Context, _ conformance.T, s register, name, text string) (string, error) {
			m, err := s.CreateModel(ctx, core.ModelSpec{Name: name, Tags: map[string]string{textKey: text}})
			return m.Name, err
		},
		read: func(ctx context.Context, s register, id string) (string, error) {
			m, err := s.Model(ctx, id)
			return m.Tags[textKey], err
		},
		remove: func(ctx context.Context, s register, id string) error { return s.DeleteModel(ctx, id) },
		page:   pageOfModels,
		hugeRequest: func(ctx context.Context, s register, id string, size int) error {
			tags, err := muchOn(ctx, s, size)
			if err == nil {
				_, err = s.UpdateModel(ctx, id, core.ModelChange{Tags: core.TagChange{Set: tags}})
			}
			return err
		},
		hugeAnswer: func(ctx context.Context, s register, id string, size int) error {
			tags, err := muchOn(ctx, s, size)
			if err != nil {
				return err
			}
			m, err := s.Model(ctx, id)
			for key, want := range tags {
				if err == nil && m.Tags[key] != want {
					err = fmt.Errorf("the tag %s came back with %d bytes instead of %d, or others", key, len(m.Tags[key]), len(want))
				}
			}
			return err
		},
		presence: modelPresence, times: modelTimes, limits: registryLimits,
	}
}

func pageOfModels(ctx context.Context, s register, prefix string, o core.PageOptions) ([]string, string, error) {
	q := core.ModelQuery{Filter: "name LIKE '" + prefix + "%'", OrderBy: []string{"name"}, PageOptions: o}
	page, err := s.SearchModels(ctx, q)
	var all []string
	for _, m := range page.Items {
		all = append(all, m.Name)
	}
	return all, page.Next, err
}

// muchOn is a set of tags of at least size bytes in all, runes of four bytes, each as long as the store takes.
func muchOn(ctx context.Context, s register, size int) (map[string]string, error) {
	info, err := s.Describe(ctx)
	limit := info.Limits.ModelTag
	if limit == 0 {
		limit = size
	}
	tags := map[string]string{}
	for i := 0; size > 0; i++ {
		key := fmt.Sprintf("t%d", i)
		tags[key] = strings.Repeat("𝄞", limit)
		size -= len(tags[key])
	}
	return tags, err
}

func modelPresence(ctx context.Context, s register, id string) error {
	for _, step := range []struct {
		text *string
		want string
	}{{new("one"), "one"}, {nil, "one"}, {new(""), ""}} {
		m, err := s.UpdateModel(ctx, id, core.ModelChange{Description: step.text})
		if err != nil || m.Description != step.want {
			return fmt.Errorf("a change of the description: got %q and error %w, want %q", m.Description, orNone(err), step.want)
		}
	}
	for _, none := range []core.TagChange{{}, {Set: map[string]string{}, Delete: []string{}}} {
		if _, err := s.UpdateModel(ctx, id, core.ModelChange{Tags: none}); err != nil {
			return fmt.Errorf("a change of no tags, %#v: got error %w, want success", none, err)
		}
	}
	m, err := s.UpdateModel(ctx, id, core.ModelChange{Tags: core.TagChange{Set: map[string]string{"empty": ""}}})
	if _, there := m.Tags["empty"]; err != nil || !there {
		return fmt.Errorf("a tag without text: there %v, error %w; want it there", there, orNone(err))
	}
	return nil
}

func modelTimes(ctx context.Context, s register, id string) error {
	m, err := s.Model(ctx, id)
	if err != nil || m.CreatedAt < startTime || m.UpdatedAt < m.CreatedAt {
		return fmt.Errorf("got the times %d and %d and error %w, want the present twice", m.CreatedAt, m.UpdatedAt, orNone(err))
	}
	names, _, err := pageOfModels(ctx, s, id, core.PageOptions{})
	if err != nil || len(names) != 1 {
		return fmt.Errorf("a search for the model: got %q and error %w", names, orNone(err))
	}
	page, err := s.SearchModels(ctx, core.ModelQuery{Filter: "name = '" + id + "'"})
	if err != nil || len(page.Items) != 1 || page.Items[0].CreatedAt != m.CreatedAt || page.Items[0].UpdatedAt != m.UpdatedAt {
		return fmt.Errorf("the model is %+v, the search gives %+v and error %w", m, page.Items, orNone(err))
	}
	return nil
}

func registryLimits(l core.Limits) []limit[register] {
	change := func(of func(n int) core.ModelChange) func(context.Context, register, string, string, int) (string, error) {
		return func(ctx context.Context, s register, id, _ string, n int) (string, error) {
			_, err := s.UpdateModel(ctx, id, of(n))
			return "", err
		}
	}
	return []limit[register]{
		{"ModelName", l.ModelName, func(ctx context.Context, s register, _, name string, n int) (string, error) {
			m, err := s.CreateModel(ctx, core.ModelSpec{Name: padded(name, n)})
			return m.Name, err
		}},
		{"ModelDesc", l.ModelDesc, change(func(n int) core.ModelChange { return core.ModelChange{Description: new(padded("", n))} })},
		{"ModelTag", l.ModelTag, change(func(n int) core.ModelChange {
			return core.ModelChange{Tags: core.TagChange{Set: map[string]string{"long": padded("", n)}}}
		})},
		{"RegistryTagKey", l.RegistryTagKey, change(func(n int) core.ModelChange {
			return core.ModelChange{Tags: core.TagChange{Set: map[string]string{padded("k", n): "v"}}}
		})},
		{"VersionSource", l.VersionSource, func(ctx context.Context, s register, id, _ string, n int) (string, error) {
			_, err := s.CreateVersion(ctx, id, core.VersionSpec{Source: padded("s3://b/", n)})
			return "", err
		}},
		{"ModelPage", l.ModelPage.Max, func(ctx context.Context, s register, _, name string, n int) (string, error) {
			_, _, err := pageOfModels(ctx, s, name, core.PageOptions{Limit: n})
			return "", err
		}},
	}
}
