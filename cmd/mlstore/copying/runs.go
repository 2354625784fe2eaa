package copying

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// run copies one run with its metrics and artifacts. From and to are the histories at both ends.
func (c *copier) run(ctx context.Context, r core.Run, from, to histories) error {
	key := string(r.ID)
	want := c.wantedRun(r)
	if c.pass == Survey {
		c.saw("run", key, "")
		return c.surveyRun(ctx, r, want, from)
	}
	if c.isLost("run", key) {
		return nil
	}
	have, err := c.to.Tracking.Run(ctx, r.ID)
	there := err == nil
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return err
	}
	different := differentRun(want, have)
	if !there {
		different = "it is missing"
	}
	w := runWriter{copier: c, want: want, current: have, from: from, to: to, found: there, there: there}
	points, err := c.histories(ctx, &w, r, have)
	if err != nil {
		return err
	}
	if c.writes() && (different != "" && !w.imported || w.disturbed) {
		if err := c.importer.ImportRun(ctx, want); err != nil {
			return err
		}
	}
	changed := different
	switch {
	case points.missing > 0:
		changed = cmp.Or(different, "points of its metrics are missing")
	case points.extra != "":
		changed = cmp.Or(different, "points that the source does not have, of metric "+points.extra)
	}
	c.saw("run", key, changed)
	c.count(func(n *Counts) { n.Runs++ }, different != "")
	c.countWritten(func(n *Counts) { n.Points += points.missing })
	return c.files(ctx, "run", key, r.ArtifactURI, want.ArtifactURI)
}

// wantedRun is the run as the target should have it.
func (c *copier) wantedRun(r core.Run) core.Run {
	r.ArtifactURI = c.options.Relocate.Move(r.ArtifactURI, string(r.ExperimentID), string(r.ID), "artifacts")
	r.ExperimentID = c.idOf(r.ExperimentID)
	r.Metrics = nil
	if !c.lineage {
		r.Inputs, r.Outputs = core.Inputs{}, nil
	}
	return r
}

// surveyRun lists what of a run the target cannot represent.
func (c *copier) surveyRun(ctx context.Context, r, want core.Run, from histories) error {
	key := string(r.ID)
	if err := core.CheckImportedRun(want, c.info.Limits); err != nil {
		c.lose("run", key, err.Error(), true)
	}
	if !c.lineage && (len(r.Inputs.Datasets) > 0 || len(r.Inputs.Models) > 0 || len(r.Outputs) > 0) {
		c.lose("run", key, "inputs and outputs: the target keeps none", false)
	}
	return c.surveyHistories(ctx, r, from)
}

// A runWriter gives a run the points that it lacks, in as few batches as can be.
type runWriter struct {
	*copier

	want, current core.Run
	from, to      histories
	found         bool // the run was in the target when its turn came
	there         bool // it is there now
	imported      bool // it is as it should be
	disturbed     bool // it is active for now, so that it takes points, and must be imported again
	pending       []core.Metric
}

// log logs points, sooner or later: flush does what is left.
func (w *runWriter) log(ctx context.Context, points []core.Metric) error {
	most := cmp.Or(w.info.Limits.BatchMetrics, 1000)
	w.pending = append(w.pending, points...)
	for len(w.pending) >= most {
		rest := w.pending[most:]
		w.pending = w.pending[:most]
		if err := w.flush(ctx); err != nil {
			return err
		}
		w.pending = rest
	}
	return nil
}

// flush logs the points that wait. A run that is deleted takes none, so it is imported as an active one first.
func (w *runWriter) flush(ctx context.Context) error {
	points := w.pending
	w.pending = nil
	if len(points) == 0 || !w.writes() {
		return nil
	}
	if !w.there || w.current.Lifecycle == core.Deleted {
		run := w.want
		run.Lifecycle, run.DeletedAt = core.Active, 0
		if err := w.importer.ImportRun(ctx, run); err != nil {
			return err
		}
		w.there, w.current = true, run
		w.disturbed = w.want.Lifecycle == core.Deleted
		w.imported = !w.disturbed
	}
	return w.copier.to.Tracking.LogBatch(ctx, w.want.ID, core.Batch{Metrics: points})
}

func differentRun(want, have core.Run) string {
	a, b := want.RunInfo, have.RunInfo
	if a.DeletedAt == 0 || b.DeletedAt == 0 { // a store that does not know it
		a.DeletedAt, b.DeletedAt = 0, 0
	}
	switch {
	case a.ExperimentID != b.ExperimentID:
		return "its experiment"
	case a.ArtifactURI != b.ArtifactURI:
		return "its artifact location"
	case a != b:
		return "its attributes"
	case !maps.Equal(want.Params, have.Params):
		return "its params"
	case !maps.Equal(want.Tags, have.Tags):
		return "its tags"
	case !sameInputs(want.Inputs, have.Inputs):
		return "its inputs"
	case !sameOutputs(want.Outputs, have.Outputs):
		return "its outputs"
	}
	return ""
}

func sameInputs(a, b core.Inputs) bool {
	byDataset := func(x, y core.DatasetInput) int {
		return cmp.Or(cmp.Compare(x.Dataset.Name, y.Dataset.Name), cmp.Compare(x.Dataset.Digest, y.Dataset.Digest))
	}
	same := func(x, y core.DatasetInput) bool { return x.Dataset == y.Dataset && maps.Equal(x.Tags, y.Tags) }
	return slices.EqualFunc(sorted(a.Datasets, byDataset), sorted(b.Datasets, byDataset), same) &&
		slices.Equal(sorted(a.Models, cmp.Compare[core.ModelID]), sorted(b.Models, cmp.Compare[core.ModelID]))
}

func sameOutputs(a, b []core.ModelOutput) bool {
	byModel := func(x, y core.ModelOutput) int { return cmp.Compare(x.ModelID, y.ModelID) }
	return slices.Equal(sorted(a, byModel), sorted(b, byModel))
}

func sorted[T any](items []T, by func(T, T) int) []T {
	items = slices.Clone(items)
	slices.SortFunc(items, by)
	return items
}
