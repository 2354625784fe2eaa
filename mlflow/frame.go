package mlflow

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Kind is the type of a column.
type Kind int

// The kinds.
const (
	TextColumn Kind = iota
	NumberColumn
	TimeColumn
)

// Column is one column of a Frame. The slice of its kind has a value for each row, and Present says which of them are
// there: a metric that was logged as NaN is present, one that was not logged is absent and NaN as well.
type Column struct {
	Name    string
	Kind    Kind
	Texts   []string
	Numbers []float64
	Times   []time.Time // in UTC
	Present []bool
}

// Frame is a table of runs, one row each in their order, as Python's search_runs returns it: the columns run_id,
// experiment_id, status, artifact_uri, start_time and end_time, then metrics.<key>, params.<key> and tags.<key>, each of
// these groups sorted by key.
type Frame struct {
	Columns []Column
	rows    int
}

// NewFrame makes a table of runs.
func NewFrame(runs []core.Run) *Frame {
	f := &Frame{rows: len(runs)}
	texts := []struct {
		name string
		of   func(core.Run) string
	}{
		{"run_id", func(r core.Run) string { return string(r.ID) }},
		{"experiment_id", func(r core.Run) string { return string(r.ExperimentID) }},
		{"status", func(r core.Run) string { return r.Status.String() }},
		{"artifact_uri", func(r core.Run) string { return r.ArtifactURI }},
	}
	for _, text := range texts {
		c := f.add(text.name, TextColumn)
		for i, run := range runs {
			c.Texts[i], c.Present[i] = text.of(run), true
		}
	}
	times := []struct {
		name string
		of   func(core.Run) core.Millis
	}{
		{"start_time", func(r core.Run) core.Millis { return r.StartTime }},
		{"end_time", func(r core.Run) core.Millis { return r.EndTime }},
	}
	for _, moment := range times {
		c := f.add(moment.name, TimeColumn)
		for i, run := range runs {
			if at := moment.of(run); at != 0 {
				c.Times[i], c.Present[i] = at.Time(), true
			}
		}
	}
	for _, key := range keys(runs, func(r core.Run) map[string]core.Metric { return r.Metrics }) {
		c := f.add("metrics."+key, NumberColumn)
		for i, run := range runs {
			c.Numbers[i] = math.NaN()
			if point, found := run.Metrics[key]; found {
				c.Numbers[i], c.Present[i] = point.Value, true
			}
		}
	}
	f.addTexts("params.", runs, func(r core.Run) map[string]string { return r.Params })
	f.addTexts("tags.", runs, func(r core.Run) map[string]string { return r.Tags })
	return f
}

// add appends an empty column.
func (f *Frame) add(name string, kind Kind) *Column {
	c := Column{Name: name, Kind: kind, Present: make([]bool, f.rows)}
	switch kind {
	case TextColumn:
		c.Texts = make([]string, f.rows)
	case NumberColumn:
		c.Numbers = make([]float64, f.rows)
	case TimeColumn:
		c.Times = make([]time.Time, f.rows)
	}
	f.Columns = append(f.Columns, c)
	return &f.Columns[len(f.Columns)-1]
}

// addTexts appends a column for each key of the maps.
func (f *Frame) addTexts(prefix string, runs []core.Run, of func(core.Run) map[string]string) {
	for _, key := range keys(runs, of) {
		c := f.add(prefix+key, TextColumn)
		for i, run := range runs {
			c.Texts[i], c.Present[i] = lookup(of(run), key)
		}
	}
}

func lookup(texts map[string]string, key string) (string, bool) {
	text, found := texts[key]
	return text, found
}

// keys are all keys of the maps, sorted.
func keys[V any](runs []core.Run, of func(core.Run) map[string]V) []string {
	seen := map[string]bool{}
	var all []string
	for _, run := range runs {
		for key := range of(run) {
			if !seen[key] {
				seen[key] = true
				all = append(all, key)
			}
		}
	}
	slices.SortFunc(all, strings.Compare)
	return all
}

// Len is the number of rows.
func (f *Frame) Len() int { return f.rows }

// Column finds a column by its name.
func (f *Frame) Column(name string) (Column, bool) {
	i := slices.IndexFunc(f.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return f.Columns[i], true
}
