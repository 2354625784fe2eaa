package boundary

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

type tracker = core.TrackingStore

// trackingKind adds runs, each in an experiment of its own, whose name is that of the run.
func trackingKind() kind[tracker] {
	return kind[tracker]{
		name: "tracking", serv: "tracking",
		of: func(b core.Backend) (tracker, bool) { return b.Tracking, b.Tracking != nil },
		knock: func(ctx context.Context, s tracker, name string) error {
			_, err := s.Run(ctx, core.RunID(name))
			return err
		},
		add: addRun, read: readRun, remove: removeRun, page: pageOfExperiments,
		hugeRequest: logMuch, hugeAnswer: readMuch,
		numbers: trackNumbers, presence: trackPresence, times: trackTimes,
		status: func(ctx context.Context, s tracker, name string) (core.RunStatus, error) {
			r, err := s.Run(ctx, core.RunID(name))
			return r.Status, err
		},
		limits: trackingLimits,
	}
}

const textKey = "text"

func addRun(ctx context.Context, _ conformance.T, s tracker, name, text string) (string, error) {
	x, err := s.CreateExperiment(ctx, core.ExperimentSpec{Name: name})
	if err != nil {
		return "", err
	}
	r, err := s.CreateRun(ctx, x.ID, core.RunSpec{StartTime: startTime, Tags: map[string]string{textKey: text}})
	if err != nil {
		return "", errors.Join(err, forget(ctx, s, x.ID))
	}
	return string(r.ID), nil
}

func readRun(ctx context.Context, s tracker, id string) (string, error) {
	r, err := s.Run(ctx, core.RunID(id))
	return r.Tags[textKey], err
}

func removeRun(ctx context.Context, s tracker, id string) error {
	r, err := s.Run(ctx, core.RunID(id))
	if err != nil {
		return err
	}
	return forget(ctx, s, r.ExperimentID)
}

// forget deletes an experiment and, where the store purges, removes it.
func forget(ctx context.Context, s tracker, id core.ExperimentID) error {
	err := s.UpdateExperiment(ctx, id, core.ExperimentChange{Lifecycle: core.Deleted})
	if purger, ok := core.As[core.Purger](s); ok && err == nil {
		if err = purger.PurgeExperiment(ctx, id); errors.Is(err, core.ErrUnsupported) {
			return nil
		}
	}
	return err
}

func pageOfExperiments(ctx context.Context, s tracker, prefix string, o core.PageOptions) ([]string, string, error) {
	q := core.ExperimentQuery{Filter: "name LIKE '" + prefix + "%'", OrderBy: []string{"name"}, PageOptions: o}
	page, err := s.SearchExperiments(ctx, q)
	var all []string
	for _, x := range page.Items {
		all = append(all, x.Name)
	}
	return all, page.Next, err
}

// much is a batch of at least size bytes in all, as far as the limits let one be: runes of four bytes.
func much(l core.Limits, size int) core.Batch {
	const alone = 1 << 20 // length of a text where the store has no limit
	var b core.Batch
	long := func(limit int) string {
		if limit == 0 {
			limit = alone
		}
		return strings.Repeat("𝄞", limit)
	}
	room := l.BatchTotal
	for i := 0; size > 0 && (l.BatchTags == 0 || i < l.BatchTags) && (l.BatchTotal == 0 || room > 0); i++ {
		b.Tags = append(b.Tags, core.Tag{Key: fmt.Sprintf("t%d", i), Value: long(l.RunTag)})
		size -= len(b.Tags[i].Value)
		room--
	}
	for i := 0; size > 0 && (l.BatchParams == 0 || i < l.BatchParams) && (l.BatchTotal == 0 || room > 0); i++ {
		b.Params = append(b.Params, core.Param{Key: fmt.Sprintf("p%d", i), Value: long(l.ParamValue)})
		size -= len(b.Params[i].Value)
		room--
	}
	return b
}

func logMuch(ctx context.Context, s tracker, id string, size int) error {
	info, err := s.Describe(ctx)
	if err != nil {
		return err
	}
	return s.LogBatch(ctx, core.RunID(id), much(info.Limits, size))
}

func readMuch(ctx context.Context, s tracker, id string, size int) error {
	info, err := s.Describe(ctx)
	if err != nil {
		return err
	}
	r, err := s.Run(ctx, core.RunID(id))
	if err != nil {
		return err
	}
	want := much(info.Limits, size)
	for _, tag := range want.Tags {
		if r.Tags[tag.Key] != tag.Value {
			return fmt.Errorf("the tag %s came back with %d bytes instead of %d, or others", tag.Key, len(r.Tags[tag.Key]), len(tag.Value))
		}
	}
	for _, p := range want.Params {
		if r.Params[p.Key] != p.Value {
			return fmt.Errorf("the param %s came back with %d bytes instead of %d, or others", p.Key, len(r.Params[p.Key]), len(p.Value))
		}
	}
	return nil
}

func trackNumbers(ctx context.Context, s tracker, id string, info core.Info) error {
	values := []float64{0, math.NaN(), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 0.1, -1.0 / 3}
	if info.Has(core.FloatInf) {
		values = append(values, math.Inf(1), math.Inf(-1))
	}
	if info.Has(core.FloatNegativeZero) {
		values = append(values, math.Copysign(0, -1))
	}
	var batch core.Batch
	for i, v := range values {
		batch.Metrics = append(batch.Metrics, core.Metric{
			Key: fmt.Sprintf("m%02d", i), Value: v, Step: math.MinInt64 + int64(i), Timestamp: startTime + core.Millis(i),
		})
	}
	if err := s.LogBatch(ctx, core.RunID(id), batch); err != nil {
		return err
	}
	r, err := s.Run(ctx, core.RunID(id))
	if err != nil {
		return err
	}
	for _, want := range batch.Metrics {
		if d := conformance.Difference(r.Metrics[want.Key], want); d != "" {
			return errors.New("the latest value of " + want.Key + d)
		}
		page, err := s.MetricHistory(ctx, core.RunID(id), want.Key, core.HistoryOptions{})
		if err != nil {
			return err
		}
		if d := conformance.Difference(page.Items, []core.Metric{want}); d != "" {
			return errors.New("the history of " + want.Key + d)
		}
	}
	return nil
}

func trackPresence(ctx context.Context, s tracker, id string) error {
	run := core.RunID(id)
	steps := []struct {
		what   string
		change core.RunChange
		end    core.Millis
	}{
		{"an end time", core.RunChange{Status: core.Finished, EndTime: new(core.Millis(startTime + 1))}, startTime + 1},
		{"no end time", core.RunChange{Name: "renamed"}, startTime + 1},
		{"the end time 0", core.RunChange{Status: core.Running, EndTime: new(core.Millis(0))}, 0},
	}
	for _, step := range steps {
		info, err := s.UpdateRun(ctx, run, step.change)
		if err != nil || info.EndTime != step.end {
			return fmt.Errorf("a change with %s: got the end time %d and error %w, want %d",
				step.what, info.EndTime, orNone(err), step.end)
		}
	}
	for _, none := range []core.TagChange{{}, {Set: map[string]string{}, Delete: []string{}}} {
		if err := s.ChangeRunTags(ctx, run, none); err != nil {
			return fmt.Errorf("a change of no tags, %#v: got error %w, want success", none, err)
		}
	}
	batch := core.Batch{Params: []core.Param{{Key: "empty"}}, Tags: []core.Tag{{Key: "empty"}}}
	if err := s.LogBatch(ctx, run, batch); err != nil {
		return fmt.Errorf("empty values: got error %w, want success", err)
	}
	r, err := s.Run(ctx, run)
	_, tag := r.Tags["empty"]
	_, param := r.Params["empty"]
	if err != nil || !tag || !param {
		return fmt.Errorf("a tag and a param without text: there %v and %v, error %w; want both", tag, param, orNone(err))
	}
	return nil
}

func trackTimes(ctx context.Context, s tracker, id string) error {
	r, err := s.Run(ctx, core.RunID(id))
	if err != nil || r.StartTime != startTime || r.EndTime != 0 {
		return fmt.Errorf("got the times %d and %d and error %w, want %d and 0", r.StartTime, r.EndTime, orNone(err), startTime)
	}
	x, err := s.Experiment(ctx, core.ExperimentRef{ID: r.ExperimentID})
	if err != nil || x.CreatedAt != x.UpdatedAt || x.CreatedAt < startTime {
		return fmt.Errorf("got the times %d and %d of an experiment and error %w, want one time", x.CreatedAt, x.UpdatedAt, orNone(err))
	}
	return nil
}

func trackingLimits(l core.Limits) []limit[tracker] {
	log := func(batch func(n int) core.Batch) func(context.Context, tracker, string, string, int) (string, error) {
		return func(ctx context.Context, s tracker, id, _ string, n int) (string, error) {
			return "", s.LogBatch(ctx, core.RunID(id), batch(n))
		}
	}
	return []limit[tracker]{
		{"ExperimentName", l.ExperimentName, func(ctx context.Context, s tracker, _, name string, n int) (string, error) {
			return addRun(ctx, nil, s, padded(name, n), "")
		}},
		{"RunName", l.RunName, func(ctx context.Context, s tracker, id, _ string, n int) (string, error) {
			_, err := s.UpdateRun(ctx, core.RunID(id), core.RunChange{Name: padded("r", n)})
			return "", err
		}},
		{"RunTag", l.RunTag, func(ctx context.Context, s tracker, id, _ string, n int) (string, error) {
			return "", s.ChangeRunTags(ctx, core.RunID(id), core.TagChange{Set: map[string]string{"long": padded("", n)}})
		}},
		{"Key", l.Key, log(func(n int) core.Batch { return core.Batch{Tags: []core.Tag{{Key: padded("k", n)}}} })},
		{"ParamValue", l.ParamValue, log(func(n int) core.Batch {
			return core.Batch{Params: []core.Param{{Key: fmt.Sprintf("long%d", n), Value: padded("", n)}}}
		})},
		{"BatchMetrics", l.BatchMetrics, log(func(n int) (b core.Batch) {
			for i := range n {
				b.Metrics = append(b.Metrics, core.Metric{Key: "m", Step: int64(i)})
			}
			return b
		})},
		{"BatchTags", l.BatchTags, log(func(n int) (b core.Batch) {
			for i := range n {
				b.Tags = append(b.Tags, core.Tag{Key: fmt.Sprintf("b%d", i)})
			}
			return b
		})},
		{"ExperimentPage", l.ExperimentPage.Max, func(ctx context.Context, s tracker, _, name string, n int) (string, error) {
			_, _, err := pageOfExperiments(ctx, s, name, core.PageOptions{Limit: n})
			return "", err
		}},
	}
}
