package copying

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// prompts finds what searches hide unless they ask for it.
const prompts = "tags.`" + core.PromptTag + "` = 'true'"

// registry leads through the registered models, and then their versions.
func (c *copier) registry(ctx context.Context) error {
	for _, filter := range []string{"", prompts} {
		for m, err := range client.Models(ctx, c.from.Registry, core.ModelQuery{Filter: filter}) {
			if err == nil {
				err = core.Do("copy registered model", m.Name, c.model(ctx, m))
			}
			if err != nil {
				return err
			}
		}
	}
	for _, filter := range []string{"", prompts} {
		for v, err := range client.Versions(ctx, c.from.Registry, core.VersionQuery{Filter: filter}) {
			if err == nil {
				err = core.Do("copy model version", versionKey(v), c.version(ctx, v))
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *copier) model(ctx context.Context, m core.Model) error {
	if c.pass == Survey {
		c.saw("model", m.Name, "")
		spec := core.ModelSpec{Name: m.Name, Description: m.Description, Tags: m.Tags}
		if err := core.CheckModelSpec(spec, c.models.Limits); err != nil {
			c.lose("model", m.Name, err.Error(), true)
		}
		return nil
	}
	if c.isLost("model", m.Name) {
		return nil
	}
	have, err := c.to.Registry.Model(ctx, m.Name)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return err
	}
	different := ""
	switch {
	case err != nil:
		different = "it is missing"
	case m.Description != have.Description:
		different = "its description"
	case m.CreatedAt != have.CreatedAt || m.UpdatedAt != have.UpdatedAt:
		different = "its times"
	case !maps.Equal(m.Tags, have.Tags):
		different = "its tags"
	}
	if different != "" && c.writes() {
		if err := c.registryImporter.ImportModel(ctx, m); err != nil {
			return err
		}
	}
	c.saw("model", m.Name, different)
	c.count(func(n *Counts) { n.Models++ }, different != "")
	return nil
}

func (c *copier) version(ctx context.Context, v core.Version) error {
	key := versionKey(v)
	want := v
	want.Source = c.options.Relocate.Move(v.Source)
	want.Location = c.options.Relocate.Move(v.Location)
	if !c.aliases {
		want.Aliases = nil
	}
	if !c.stages {
		want.Stage = ""
	}
	if !c.models.Has(core.VersionUser) {
		want.User = ""
	}
	if c.pass == Survey {
		c.saw("version", key, "")
		c.surveyVersion(v)
		return nil
	}
	if c.isLost("version", key) || c.isLost("model", v.Model) {
		return nil
	}
	have, err := c.to.Registry.Version(ctx, core.VersionRef{Model: v.Model, Number: v.Number})
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return err
	}
	different := differentVersion(want, have)
	if err != nil {
		different = "it is missing"
	}
	if different != "" && c.writes() {
		if err := c.registryImporter.ImportVersion(ctx, want); err != nil {
			return err
		}
	}
	c.saw("version", key, different)
	c.count(func(n *Counts) { n.Versions++ }, different != "")
	return nil
}

// surveyVersion lists what of a version the target cannot represent.
func (c *copier) surveyVersion(v core.Version) {
	key := versionKey(v)
	spec := core.VersionSpec{
		Source: v.Source, Location: v.Location, RunID: v.RunID, RunLink: v.RunLink, ModelID: v.ModelID, User: v.User,
		Description: v.Description, Tags: v.Tags,
	}
	if err := core.CheckVersionSpec(spec, c.models.Limits); err != nil {
		c.lose("version", key, err.Error(), true)
	}
	if !c.aliases && len(v.Aliases) > 0 {
		c.lose("version", key, "aliases: the target keeps none", false)
	}
	if !c.stages && v.Stage != "" && v.Stage != core.StageNone {
		c.lose("version", key, "its stage: the target keeps none", false)
	}
	if !c.models.Has(core.VersionUser) && v.User != "" {
		c.lose("version", key, "its user: the target keeps none", false)
	}
}

func differentVersion(want, have core.Version) string {
	stage := func(v core.Version) core.Stage {
		if v.Stage == "" {
			return core.StageNone
		}
		return v.Stage
	}
	switch {
	case want.Source != have.Source || want.DownloadURI() != have.DownloadURI():
		return "its source"
	case want.CreatedAt != have.CreatedAt || want.UpdatedAt != have.UpdatedAt:
		return "its times"
	case stage(want) != stage(have):
		return "its stage"
	case !maps.Equal(want.Tags, have.Tags):
		return "its tags"
	case !slices.Equal(slices.Sorted(slices.Values(want.Aliases)), slices.Sorted(slices.Values(have.Aliases))):
		return "its aliases"
	case want.User != have.User || want.Description != have.Description || want.RunID != have.RunID ||
		want.RunLink != have.RunLink || want.ModelID != have.ModelID || want.Status != have.Status ||
		want.StatusMessage != have.StatusMessage:
		return "its attributes"
	}
	return ""
}

func versionKey(v core.Version) string { return fmt.Sprintf("%s/%d", v.Model, v.Number) }
