package file

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// SearchRuns returns a page of the runs that match in the experiments.
//
// It looks twice. First at the part of every run that filter and order speak of, and no further once that tells that the run
// is not on the page, then at the whole of those that make the page. What has been read before and is as it was is not read
// again: see the package comment.
func (t *Tracking) SearchRuns(ctx context.Context, query core.RunQuery) (_ core.Page[core.Run], err error) {
	defer named(&err, "search runs", query.Filter)
	none := core.Page[core.Run]{}
	ctx, done, err := t.begin(ctx)
	if err != nil {
		return none, err
	}
	defer done()
	q, err := filter.Runs(query, t.limits)
	if err != nil {
		return none, err
	}
	in := slices.Clone(query.Experiments)
	slices.Sort(in)
	first := finds{need: needOf(q), page: q.Collect()}
	looks := map[core.ExperimentID]*look{}
	for _, id := range slices.Compact(in) {
		looks[id] = &look{hopeless: first.hopeless}
		err := t.eachRun(ctx, id, first.need, looks[id], func(r *run) error { return first.add(ctx, r) })
		if err != nil {
			return none, err
		}
	}
	page := first.page.Page()
	if query.Fields != core.RunInfoOnly {
		page, err = t.complete(ctx, q, page, looks)
	}
	if err != nil {
		return none, err
	}
	for id, l := range looks {
		if count := int(l.read.Load()); count >= indexLeast && count >= len(l.runs)/indexPart {
			t.saveIndex(id, l.runs)
		}
	}
	if query.Fields == core.RunInfoOnly {
		for i := range page.Items {
			page.Items[i] = core.Run{RunInfo: page.Items[i].RunInfo}
		}
	}
	return page, nil
}

// look is what a search has seen of an experiment.
type look struct {
	dir  *os.File // the folder of the experiment while it is open; else nil
	runs []*run
	read atomic.Int64 // how many of them were not as they had been known

	hopeless func(*run) bool // by its shelves alone there is no need to look at the rest of a run; nil is never
}

// needOf is the part of a run that a query speaks of.
func needOf(q *filter.Query[core.Run]) need {
	var n need
	add := func(entity filter.Entity, key string) {
		switch entity {
		case filter.Metric:
			n.metrics.these = append(n.metrics.these, key)
		case filter.Param:
			n.params.these = append(n.params.these, key)
		case filter.TagEntity:
			n.tags.these = append(n.tags.these, key)
		case filter.DatasetEntity:
			n.lineage = true
		case filter.Attribute: // of meta.yaml
		}
	}
	for _, c := range q.Filter() {
		add(c.Entity, c.Key)
	}
	for _, k := range q.Order() {
		add(k.Entity, k.Key)
	}
	return n
}

// finds are the runs that may be on a page, as far as a query looks at them.
type finds struct {
	need need
	mu   sync.Mutex
	page *filter.Collector[core.Run]
}

func (f *finds) add(ctx context.Context, r *run) error {
	shown, err := r.entity(f.need)
	if err == nil && f.need.lineage {
		shown.Inputs, shown.Outputs, err = r.t.lineage(ctx, r)
	}
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.page.Add(&shown)
	return nil
}

func (f *finds) hopeless(r *run) bool {
	shown, err := r.entity(f.need)
	if err != nil {
		return false // which is to be told
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.page.Hopeless(&shown)
}

// eachRun lets do look at every run of an experiment, several at once. Malformed runs are reported and left out, unknown
// experiments have none.
func (t *Tracking) eachRun(ctx context.Context, id core.ExperimentID, n need, l *look, do func(*run) error) error {
	if core.CheckExperimentID(id) != nil {
		return nil //nolint:nilerr // what can be no experiment is an unknown one
	}
	err := t.holdExperiment(ctx, id, func(e *experiment, f *folder) (err error) {
		l.runs, err = t.listRuns(e, f)
		return err
	}, func(f *folder) error {
		l.dir = f.dir
		defer func() { l.dir, l.hopeless = nil, nil }()
		return parallel(ctx, l.runs, func(r *run) error { return t.lookAtRun(ctx, r, n, l, do) })
	})
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	return err
}

// lookAtRun is readRun for a run of a listing: one that has gone is left out, a malformed one is reported and left out.
func (t *Tracking) lookAtRun(ctx context.Context, r *run, n need, l *look, do func(*run) error) error {
	again, err := t.readRun(ctx, r, n, l, do)
	switch {
	case again, errors.Is(err, core.ErrNotFound):
		return nil
	case errors.Is(err, core.ErrDataLoss):
		t.report(err)
		return nil
	}
	return err
}

// parallel calls do for all items on every processor, and ends early with the first error.
func parallel[T any](ctx context.Context, all []T, do func(T) error) error {
	workers := min(runtime.GOMAXPROCS(0), (len(all)+31)/32)
	if workers <= 1 {
		for _, item := range all {
			if ctx.Err() != nil {
				return interrupted(ctx)
			}
			if err := do(item); err != nil {
				return err
			}
		}
		return nil
	}
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			const step = 16
			for failed.Load() == nil {
				from := int(next.Add(step)) - step
				if from >= len(all) {
					return
				}
				err := parallel(ctx, all[from:min(from+step, len(all))], do)
				if err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// complete reads the whole of the runs of a page. One that has changed so that it matches no more, or has gone, is left out:
// the page is shorter then.
func (t *Tracking) complete(
	ctx context.Context, q *filter.Query[core.Run], page core.Page[core.Run], looks map[core.ExperimentID]*look,
) (core.Page[core.Run], error) {
	kept := make([]*core.Run, len(page.Items))
	places := make([]int, len(page.Items))
	for i := range places {
		places[i] = i
	}
	err := parallel(ctx, places, func(i int) error {
		l := looks[page.Items[i].ExperimentID]
		err := t.lookUp(ctx, page.Items[i].ID, wholeRun(), l, func(r *run) error {
			shown, err := t.whole(ctx, r)
			if err == nil && q.Match(&shown) {
				kept[i] = &shown
			}
			return err
		})
		switch {
		case errors.Is(err, core.ErrNotFound):
			return nil
		case errors.Is(err, core.ErrDataLoss):
			t.report(err)
			return nil
		}
		return err
	})
	if err != nil {
		return core.Page[core.Run]{}, err
	}
	page.Items = page.Items[:0:0]
	for _, r := range kept {
		if r != nil {
			page.Items = append(page.Items, *r)
		}
	}
	return page, nil
}
