package main

import (
	"context"
	"errors"
	"sync"

	"github.com/mlstore/mlstore/core"
)

const (
	// removalsAtOnce is how many entities are removed side by side. A database removes together what waits.
	removalsAtOnce = 256

	// deletionsAtOnce is how many of them delete artifacts, which waits for a disk or a network.
	deletionsAtOnce = 16
)

// removal is an entity to remove, and how.
type removal struct {
	entry collected
	purge func() error
}

func (c *collector) ofRun(ctx context.Context, r core.RunInfo) removal {
	return removal{
		collected{Kind: "run", ID: string(r.ID), Name: r.Name, DeletedAt: r.DeletedAt, Artifacts: r.ArtifactURI},
		func() error { return c.purger.PurgeRun(ctx, r.ID) },
	}
}

func (c *collector) ofModel(ctx context.Context, m core.LoggedModel) removal {
	return removal{
		collected{Kind: "logged model", ID: string(m.ID), Name: m.Name, DeletedAt: m.UpdatedAt, Artifacts: m.ArtifactURI},
		func() error { return c.purger.PurgeLoggedModel(ctx, m.ID) },
	}
}

// collect removes entities that do not depend on each other, each with its artifacts, which go first.
func (c *collector) collect(ctx context.Context, removals ...removal) error {
	errs := make([]error, len(removals))
	places, deletions := make(chan struct{}, removalsAtOnce), make(chan struct{}, deletionsAtOnce)
	var all sync.WaitGroup
	for i := range removals {
		places <- struct{}{}
		all.Go(func() {
			if errs[i] = c.remove(ctx, removals[i], deletions); errs[i] != nil {
				removals[i].entry.Error = errs[i].Error()
			}
			<-places
		})
	}
	all.Wait()
	for _, r := range removals {
		c.done = append(c.done, r.entry)
	}
	return errors.Join(errs...)
}

// remove removes one entity. Deletions has a place for each that deletes artifacts.
func (c *collector) remove(ctx context.Context, r removal, deletions chan struct{}) error {
	if c.dryRun {
		return nil
	}
	if r.entry.Artifacts != "" {
		deletions <- struct{}{}
		err := c.removeArtifacts(ctx, r.entry.Artifacts)
		<-deletions
		if err != nil {
			return err
		}
	}
	return r.purge()
}
