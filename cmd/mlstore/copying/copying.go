// Package copying copies what one store holds to another one, of any kind: experiments, runs with their histories, logged
// models, registered models with their versions, and artifacts, with the ids and times that they have.
//
// One walk does everything. For each entity it works out what the target should hold, reads what it does hold, and when the
// two differ it lists that (a dry run), writes it (a copy) or reports it (the pass that verifies). So a copy that was cut
// off goes on where it was, a second copy writes only what is new, and what has been verified was read back.
package copying

import (
	"cmp"
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// End is one of the two stores.
type End struct {
	Tracking core.TrackingStore
	Registry core.RegistryStore // nil: registered models are left out

	// Artifacts opens an artifact root. Nil: no file is copied.
	Artifacts func(ctx context.Context, location string) (core.ArtifactRepository, error)
}

// Options are those of Copy. The zero value copies everything that the target can represent entirely, and verifies it.
type Options struct {
	DryRun   bool        // list, and write nothing
	Lossy    bool        // copy although not everything can be copied
	Unread   []Loss      // what the source is known to hold and does not show
	NoVerify bool        // leave the second pass out
	Relocate Relocation  // which artifacts are copied, and where to
	Progress func(Event) // told of every entity; may be nil
}

// Event says how far a copy is.
type Event struct {
	Pass    Pass
	Kind    string // such as "run"
	Key     string // its id or name
	Changed bool   // it was, or in a dry run would be, written; while verifying: it differs
}

// Pass is one of the walks.
type Pass string

// The passes, in order. In a dry run only the first two are done, and the second one writes nothing.
const (
	Survey Pass = "survey" // of what the target cannot represent
	Write  Pass = "copy"
	Verify Pass = "verify"
)

// Report is what Copy did. It is complete as far as the copy came, also beside an error.
type Report struct {
	DryRun      bool         `json:"dry_run"`
	Losses      []Loss       `json:"losses"`      // what is not copied
	Mapped      []Mapping    `json:"mapped"`      // experiments that have another id in the target
	Counts      Counts       `json:"counts"`      // of what there is
	Written     Counts       `json:"written"`     // of what was new or different, and so was, or would be, written
	Differences []Difference `json:"differences"` // that the second pass found
	Verified    bool         `json:"verified"`    // the second pass was done and found no difference
}

// Counts count entities.
type Counts struct {
	Experiments  int   `json:"experiments"`
	Runs         int   `json:"runs"`
	Points       int64 `json:"points"` // of metrics
	LoggedModels int   `json:"logged_models"`
	Models       int   `json:"models"` // registered ones
	Versions     int   `json:"versions"`
	Files        int   `json:"files"`
	Bytes        int64 `json:"bytes"` // of the files
}

// Loss is something that is not copied: the target cannot represent it, or the source does not show it.
type Loss struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	Why  string `json:"why"`
}

// Mapping is an experiment whose id does not fit the target.
type Mapping struct {
	From core.ExperimentID `json:"from"`
	To   core.ExperimentID `json:"to"`
	Name string            `json:"name"`
}

// Difference is something that the second pass found to differ from the source.
type Difference struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	What string `json:"what"`
}

// Copy copies what is in one store to another one. When something cannot be copied, it writes nothing and returns ErrState,
// with the list in the report, unless the options allow for losses. Differences that remain are ErrDataLoss. It can be
// repeated at any time.
func Copy(ctx context.Context, from, to End, o Options) (Report, error) {
	c := &copier{from: from, to: to, options: o, report: Report{ // lists also where they are empty
		DryRun: o.DryRun, Losses: append([]Loss{}, o.Unread...), Mapped: []Mapping{}, Differences: []Difference{},
	}}
	err := c.prepare(ctx)
	if err == nil {
		err = c.all(ctx)
	}
	return c.report, err
}

func (c *copier) all(ctx context.Context) error {
	if err := c.walk(ctx, Survey); err != nil {
		return err
	}
	slices.SortFunc(c.report.Losses, func(a, b Loss) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Why, b.Why))
	})
	if n := len(c.report.Losses); n > 0 && !c.options.Lossy && !c.options.DryRun {
		first := c.report.Losses[0]
		return core.State(first.Key, "not everything can be copied: %d losses, the first is %s %s: %s; nothing was written, "+
			"since losses are not allowed (--lossy)", n, first.Kind, first.Key, first.Why)
	}
	if err := c.walk(ctx, Write); err != nil || c.options.DryRun || c.options.NoVerify {
		return err
	}
	if err := c.walk(ctx, Verify); err != nil {
		return err
	}
	slices.SortFunc(c.report.Differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key), cmp.Compare(a.What, b.What))
	})
	if n := len(c.report.Differences); n > 0 {
		first := c.report.Differences[0]
		return core.Errorf(core.DataLoss, "%d things differ in the target, the first is %s %s: %s",
			n, first.Kind, first.Key, first.What)
	}
	c.report.Verified = true
	return nil
}

// walk leads through everything that the source holds. Logged models come before the runs that measure them.
func (c *copier) walk(ctx context.Context, pass Pass) error {
	c.pass = pass
	if err := c.experiments(ctx); err != nil {
		return err
	}
	if c.from.Registry == nil || c.to.Registry == nil {
		return nil
	}
	return c.registry(ctx)
}
