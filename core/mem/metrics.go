package mem

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// LogBatch logs metrics, params and tags, all or nothing.
func (t *Tracking) LogBatch(ctx context.Context, id core.RunID, batch core.Batch) (err error) {
	defer named(&err, "log batch", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckRunID(id); err != nil {
		return err
	}
	if err := core.CheckBatch(batch, t.limits); err != nil {
		return err
	}
	for _, tag := range batch.Tags {
		if tag.Key != core.RunNameTag {
			continue
		}
		if err := t.checkRunName(tag.Value); err != nil {
			return err
		}
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	r, err := d.activeRun(id)
	if err != nil {
		return err
	}
	if err := d.refusal(r, batch); err != nil {
		return err
	}
	d.log(r, batch)
	return nil
}

// refusal looks for what the run's state forbids in a batch, before anything is written.
func (d *trackingData) refusal(r *run, batch core.Batch) error {
	for _, p := range batch.Params {
		if old, found := r.Params[p.Key]; found && old != p.Value {
			return core.ParamConflict(r.ID, p.Key, old, p.Value)
		}
	}
	for _, m := range batch.Metrics {
		if m.ModelID == "" {
			continue
		}
		if _, err := d.activeLoggedModel(m.ModelID); err != nil {
			return err
		}
	}
	return nil
}

func (d *trackingData) log(r *run, batch core.Batch) {
	for _, m := range batch.Metrics {
		r.logMetric(m)
		if m.ModelID != "" {
			measure(d.loggedModels[m.ModelID], core.RunMetric{RunID: r.ID, Metric: m})
		}
	}
	for _, p := range batch.Params {
		r.Params[p.Key] = p.Value
	}
	for _, tag := range batch.Tags {
		r.Tags[tag.Key] = tag.Value
		if tag.Key == core.RunNameTag {
			r.Name = tag.Value
		}
	}
}

func (r *run) logMetric(m core.Metric) {
	h := r.histories[m.Key]
	if h == nil {
		h = &history{}
		r.histories[m.Key] = h
	}
	h.add(m)
	if latest, found := r.Metrics[m.Key]; !found || supersedes(m, latest) {
		r.Metrics[m.Key] = m
	}
}

// supersedes is core.Latest, and where that finds two points equal, the order of the history decides, so that the order in
// which they came does not.
func supersedes(a, b core.Metric) bool {
	return core.Latest(a, b) || !core.Latest(b, a) && core.CompareMetrics(a, b) > 0
}
