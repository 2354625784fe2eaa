package copying

import (
	"context"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// A copier is one copy at work.
type copier struct {
	from, to End
	options  Options
	pass     Pass
	report   Report

	info   core.Info // of the target's tracking store
	source core.Info // of the source's
	models core.Info // of its registry

	importer         core.Importer
	registryImporter core.RegistryImporter
	sourceModels     core.LoggedModels // nil where the source has none
	targetModels     core.LoggedModels
	lineage          bool // the target keeps inputs and outputs
	stages           bool
	aliases          bool

	there map[core.ExperimentID]core.Experiment // what the target held when the copy began
	ids   map[core.ExperimentID]core.ExperimentID

	mu   sync.Mutex      // guards what follows, and the report, while runs are copied side by side
	lost map[string]bool // entities that are left out, by kind and key
}

// prepare finds out what the target can do.
func (c *copier) prepare(ctx context.Context) error {
	var err error
	if c.info, err = c.to.Tracking.Describe(ctx); err != nil {
		return err
	}
	if c.source, err = c.from.Tracking.Describe(ctx); err != nil {
		return err
	}
	var can bool
	if c.importer, can = core.As[core.Importer](c.to.Tracking); !can {
		return core.Errorf(core.Unimplemented, "the target, a store of %s, does not take entities with ids of their own", c.info.Name)
	}
	c.sourceModels, _ = core.As[core.LoggedModels](c.from.Tracking)
	c.targetModels, _ = core.As[core.LoggedModels](c.to.Tracking)
	_, c.lineage = core.As[core.Lineage](c.to.Tracking)
	c.lost, c.ids = map[string]bool{}, map[core.ExperimentID]core.ExperimentID{}
	if c.from.Registry == nil || c.to.Registry == nil {
		return nil
	}
	if c.models, err = c.to.Registry.Describe(ctx); err != nil {
		return err
	}
	if c.registryImporter, can = core.As[core.RegistryImporter](c.to.Registry); !can {
		return core.Errorf(core.Unimplemented, "the target, a registry of %s, does not take models with times of their own",
			c.models.Name)
	}
	_, c.stages = core.As[core.Stages](c.to.Registry)
	_, c.aliases = core.As[core.Aliases](c.to.Registry)
	return nil
}

// writes reports whether the pass changes the target.
func (c *copier) writes() bool { return c.pass == Write && !c.options.DryRun }

// lose notes what the target cannot represent. An entity that cannot be written at all is left out.
func (c *copier) lose(kind, key, why string, entirely bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pass == Survey {
		c.report.Losses = append(c.report.Losses, Loss{kind, key, why})
	}
	if entirely {
		c.lost[kind+" "+key] = true
	}
}

func (c *copier) isLost(kind, key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost[kind+" "+key]
}

// saw tells of an entity, and what of it differs from the target's; empty is nothing.
func (c *copier) saw(kind, key, different string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pass == Verify && different != "" {
		c.report.Differences = append(c.report.Differences, Difference{kind, key, different})
	}
	if c.options.Progress != nil {
		c.options.Progress(Event{Pass: c.pass, Kind: kind, Key: key, Changed: different != "" && c.pass != Survey})
	}
}

// count counts, in the pass that copies, what there is, and what of it is written.
func (c *copier) count(add func(*Counts), written bool) {
	if c.pass != Write {
		return
	}
	c.mu.Lock()
	add(&c.report.Counts)
	c.mu.Unlock()
	if written {
		c.countWritten(add)
	}
}

func (c *copier) countWritten(add func(*Counts)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pass == Write {
		add(&c.report.Written)
	}
}
