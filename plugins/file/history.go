package file

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// row is a point of a history: 32 bytes.
type row struct {
	timestamp, step int64
	value           float64
	dataset         int32 // index in the history's datasets; 0 is none
}

// rows is a history in memory: every distinct point, by timestamp, step, value and dataset.
type rows struct {
	all      []row
	datasets []core.DatasetRef // the first is none
}

func (h *rows) metric(r row, key string) core.Metric {
	d := h.datasets[r.dataset]
	return core.Metric{
		Key: key, Value: r.value, Timestamp: core.Millis(r.timestamp), Step: r.step,
		DatasetName: d.Name, DatasetDigest: d.Digest,
	}
}

func (h *rows) compare(a, b row) int {
	if c := cmp.Or(
		cmp.Compare(a.timestamp, b.timestamp), cmp.Compare(a.step, b.step), core.CompareValues(a.value, b.value),
	); c != 0 || a.dataset == b.dataset {
		return c
	}
	x, y := h.datasets[a.dataset], h.datasets[b.dataset]
	return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Digest, y.Digest))
}

// settle sorts the points, if they were not logged in order, and drops the duplicates.
func (h *rows) settle() {
	inOrder := true
	for i := 1; i < len(h.all) && inOrder; i++ {
		inOrder = h.compare(h.all[i-1], h.all[i]) < 0
	}
	if inOrder {
		return
	}
	slices.SortFunc(h.all, h.compare)
	h.all = slices.CompactFunc(h.all, func(a, b row) bool { return h.compare(a, b) == 0 })
}

// after returns the points that follow a place, all of them for nil.
func (h *rows) after(place *core.Metric) []row {
	if place == nil {
		return h.all
	}
	return h.all[sort.Search(len(h.all), func(i int) bool {
		return core.CompareMetrics(h.metric(h.all[i], ""), *place) > 0
	}):]
}

// reader fills rows with the points of a file.
type reader struct {
	rows
	known map[core.DatasetRef]int32
}

func newReader(size int64) *reader {
	const usual = 32 // bytes of a line
	return &reader{rows: rows{all: make([]row, 0, size/usual+1), datasets: make([]core.DatasetRef, 1)}}
}

func (r *reader) add(p point) error {
	next := row{timestamp: p.timestamp, step: p.step, value: p.value}
	if p.name != "" {
		next.dataset = r.dataset(core.DatasetRef{Name: p.name, Digest: p.digest})
	}
	if last := len(r.all) - 1; last >= 0 && r.compare(r.all[last], next) == 0 {
		return nil
	}
	r.all = append(r.all, next)
	return nil
}

func (r *reader) dataset(d core.DatasetRef) int32 {
	if r.known == nil {
		r.known = map[core.DatasetRef]int32{}
	}
	i, known := r.known[d]
	if !known {
		d = core.DatasetRef{Name: strings.Clone(d.Name), Digest: strings.Clone(d.Digest)}
		i = int32(len(r.datasets))
		r.datasets = append(r.datasets, d)
		r.known[d] = i
	}
	return i
}

// maxRows is how many points are held in memory at most, in all histories together, beyond a page: 64 MiB. A longer history
// is read once for each page, and only the page is held.
const maxRows = 2 << 20

// MetricHistory returns a page of the points of a key.
func (t *Tracking) MetricHistory(
	ctx context.Context, id core.RunID, key string, o core.HistoryOptions,
) (_ core.Page[core.Metric], err error) {
	defer named(&err, "get metric history", string(id))
	none := core.Page[core.Metric]{}
	ctx, done, err := t.begin(ctx)
	if err != nil {
		return none, err
	}
	defer done()
	if err := core.CheckRunID(id); err != nil {
		return none, err
	}
	limit, err := core.CheckPage(o.PageOptions, t.limits.HistoryPage)
	if err != nil {
		return none, err
	}
	query := "history\x00" + string(id) + "\x00" + key
	var place *core.Metric
	if o.Token != "" {
		if place, err = unseal(query, o.Token); err != nil {
			return none, err
		}
	}
	h, err := t.history(ctx, id, key, place, limit+1)
	if err != nil {
		return none, err
	}
	return h.page(query, key, place, limit), nil
}

func (h *rows) page(query, key string, place *core.Metric, limit int) core.Page[core.Metric] {
	points := h.after(place)
	p := core.Page[core.Metric]{Items: make([]core.Metric, 0, min(limit, len(points)))}
	for _, r := range points[:min(limit, len(points))] {
		p.Items = append(p.Items, h.metric(r, key))
	}
	if len(points) > limit {
		p.Next = seal(query, p.Items[limit-1])
	}
	return p
}

// history returns the points of a key: all of them, or at least the first count behind a place. A negative count is all,
// however many they are.
func (t *Tracking) history(ctx context.Context, id core.RunID, key string, place *core.Metric, count int) (*rows, error) {
	file, at, name, err := t.openHistory(ctx, id, key)
	if file == nil || err != nil {
		return &rows{}, err
	}
	defer func() { _ = file.Close() }()
	if h := t.histories.get(historyName{id, key}, at); h != nil {
		return h, nil
	}
	r := newReader(min(at.Size, maxRows))
	take, whole := r.add, true
	if at.Size/16 > maxRows && count >= 0 {
		take, whole = r.first(place, count), false
	}
	lines := 0
	err = scanPoints(file, at.Size, false, func(p point) error {
		if lines++; lines%4096 == 0 && ctx.Err() != nil {
			return interrupted(ctx)
		}
		return take(p)
	})
	if e, ok := errors.AsType[*core.Error](err); ok {
		return nil, e
	}
	if err != nil {
		return nil, unreadable(name, err)
	}
	r.settle()
	if whole {
		t.histories.put(historyName{id, key}, at, &r.rows)
	}
	return &r.rows, nil
}

// first takes points in such that the first count behind a place remain. It holds at most twice as many.
func (r *reader) first(place *core.Metric, count int) func(point) error {
	var last *row // what comes behind it is of no interest any more
	return func(p point) error {
		before := len(r.all)
		if err := r.add(p); err != nil || len(r.all) == before {
			return err
		}
		next := r.all[before]
		if place != nil && core.CompareMetrics(r.metric(next, ""), *place) <= 0 || last != nil && r.compare(next, *last) >= 0 {
			r.all = r.all[:before]
			return nil
		}
		if len(r.all) >= 2*count+1024 {
			r.settle()
			if len(r.all) > count {
				r.all = r.all[:count]
				end := r.all[count-1]
				last = &end
			}
		}
		return nil
	}
}

// openHistory opens the file of a metric as it is at one moment; nil when there is none. What is appended later lies behind
// the size in its stamp.
func (t *Tracking) openHistory(
	ctx context.Context, id core.RunID, key string,
) (file *os.File, at stamp, name string, err error) {
	err = t.withRun(ctx, id, shared, func(r *run, f *folder) error {
		if err := r.refresh(ctx, f, need{metrics: keys{these: []string{""}}}); err != nil {
			return err
		}
		if r.meta.err != nil {
			return r.meta.err
		}
		i := r.metrics.items[key]
		if i == nil {
			return nil
		}
		opened, info, err := f.open(i.path, os.O_RDONLY)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return unreadable(path.Join(f.path, i.path), err)
		}
		file, at, name = opened, stampOf(info), path.Join(f.path, i.path)
		return nil
	})
	return file, at, name, err
}
