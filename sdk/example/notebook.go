package example

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// notebook is the database of the example: two tables in memory. A row is never changed in place, so that a change that is
// refused leaves nothing behind.
type notebook struct {
	mu          sync.Mutex
	experiments map[core.ExperimentID]experiment
	runs        map[core.RunID]run
}

type experiment struct{ core.Experiment }

// run is a run with every point that it logged, in the order in which they came.
type run struct {
	core.Run
	points []core.Metric
}

// copied returns a copy that shares no map with the row.
func (e experiment) copied() experiment {
	e.Tags = cloned(e.Tags)
	return e
}

func (r run) copied() run {
	r.Tags, r.Params, r.Metrics = cloned(r.Tags), cloned(r.Params), cloned(r.Metrics)
	r.points = slices.Clip(r.points) // what is appended to the copy goes elsewhere
	return r
}

func cloned[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return maps.Clone(m)
}

// handle is what a caller holds until it is closed.
type handle struct {
	*notebook
	readOnly, closed bool
}

// Close closes the handle; the notebook stays.
func (h *handle) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	return nil
}

// read calls f under the lock, if the handle is open and nothing is wrong with what the caller gave.
func read[T any](ctx context.Context, h *handle, invalid error, f func() (T, error)) (none T, _ error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return none, core.Closed("example")
	}
	if err := cmp.Or(core.Interrupted(ctx), invalid); err != nil {
		return none, err
	}
	return f()
}

// write is read for what changes the notebook.
func write[T any](ctx context.Context, h *handle, invalid error, f func() (T, error)) (T, error) {
	if h.readOnly {
		invalid = core.Errorf(core.PermissionDenied, "the store was opened for reading only")
	}
	return read(ctx, h, invalid, f)
}

// row is what a table holds.
type row[V any] interface{ copied() V }

func insert[K ~string, V row[V]](rows map[K]V, id K, v V) V {
	rows[id] = v.copied()
	return rows[id].copied()
}

// find returns a copy of a row; name is how the caller called it, when not by the id.
func find[K ~string, V row[V]](rows map[K]V, id K, name string) (V, error) {
	v, found := rows[id]
	if !found {
		return v, core.Missing("entity", cmp.Or(string(id), name))
	}
	return v.copied(), nil
}

// edit lets f change a copy of a row, which takes the row's place unless f refuses.
func edit[K ~string, V row[V]](
	ctx context.Context, h *handle, rows map[K]V, id K, invalid error, f func(*V) error,
) error {
	_, err := write(ctx, h, invalid, func() (V, error) {
		v, err := find(rows, id, "")
		if err == nil {
			err = f(&v)
		}
		if err == nil {
			rows[id] = v
		}
		return v, err
	})
	return err
}

// each walks through copies of all rows.
func each[K ~string, V row[V], T any](rows map[K]V, of func(V) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range rows {
			if !yield(of(v.copied()), nil) {
				return
			}
		}
	}
}

// named is the id of the experiment of that name, or empty.
func (n *notebook) named(name string) core.ExperimentID {
	for id, e := range n.experiments {
		if e.Name == name && name != "" {
			return id
		}
	}
	return ""
}

// move takes the runs of an experiment to a stage of life.
func (n *notebook) move(id core.ExperimentID, to core.Lifecycle) {
	for _, r := range n.runs {
		if r.ExperimentID == id {
			r.Lifecycle = to
			n.runs[r.ID] = r
		}
	}
}

// alive refuses what has been deleted.
func alive[K ~string](id K, stage core.Lifecycle) error {
	if stage == core.Deleted {
		return core.State(id, "%s is deleted", id)
	}
	return nil
}

// retag changes the tags of a copy.
func retag(tags map[string]string, c core.TagChange) error {
	for _, key := range c.Delete {
		if _, found := tags[key]; !found {
			return core.Missing("tag", key)
		}
		delete(tags, key)
	}
	maps.Copy(tags, c.Set)
	return nil
}

// rename gives the run a name, if there is one.
func rename(r *run, name string) error {
	r.Name = cmp.Or(name, r.Name)
	return core.CheckRunChange(core.RunChange{Name: r.Name}, core.DefaultLimits())
}

// shown cuts the runs of a page to what was asked for.
func shown(p core.Page[core.Run], fields core.RunFields) core.Page[core.Run] {
	for i := range p.Items {
		if fields == core.RunInfoOnly {
			p.Items[i] = core.Run{RunInfo: p.Items[i].RunInfo}
		}
	}
	return p
}

// logged adds what a batch holds.
func logged(r *run, b core.Batch) error {
	for _, p := range b.Params {
		if old, found := r.Params[p.Key]; found && old != p.Value {
			return core.ParamConflict(r.ID, p.Key, old, p.Value)
		}
		r.Params[p.Key] = p.Value
	}
	for _, m := range b.Metrics {
		r.points = append(r.points, m)
		if latest, found := r.Metrics[m.Key]; !found || core.Latest(m, latest) {
			r.Metrics[m.Key] = m
		}
	}
	for _, t := range b.Tags {
		r.Tags[t.Key] = t.Value
	}
	return rename(r, r.Tags[core.RunNameTag])
}

// history is every point of a key once, in order.
func (r run) history(key string) []core.Metric {
	points := slices.DeleteFunc(slices.Clone(r.points), func(m core.Metric) bool { return m.Key != key })
	slices.SortFunc(points, core.CompareMetrics)
	return slices.CompactFunc(points, func(a, b core.Metric) bool { return core.CompareMetrics(a, b) == 0 })
}

// position is what a token holds: the last point of a page. JSON has no NaN, so that its value travels as bits.
type position struct {
	Of    string
	Last  core.Metric
	Value uint64
}

func tokenOf(of string, m core.Metric) string {
	p := position{Of: of, Last: m, Value: math.Float64bits(m.Value)}
	p.Last.Value = 0
	text, _ := json.Marshal(p) // texts and whole numbers always have a JSON form
	return string(text)
}

// page cuts the page after a token that was made for the same points.
func page(points []core.Metric, of, token string, limit int) (core.Page[core.Metric], error) {
	if token != "" {
		i := slices.IndexFunc(points, func(m core.Metric) bool { return tokenOf(of, m) == token })
		if i < 0 {
			return core.Page[core.Metric]{}, core.Invalid("page_token", "the token %q is none of this history", token)
		}
		points = points[i+1:]
	}
	if len(points) <= limit {
		return core.Page[core.Metric]{Items: points}, nil
	}
	return core.Page[core.Metric]{Items: points[:limit], Next: tokenOf(of, points[limit-1])}, nil
}
