package mlflow

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// LogMetric logs one point of a metric at the present time. Steps may have any sign; NaN and infinities are values, though
// a store may clamp infinities.
func (r *Run) LogMetric(ctx context.Context, key string, value float64, step int64) error {
	return client.LogMetric(ctx, r.client.tracking, r.info.ID, core.Metric{
		Key: key, Value: value, Step: step, Timestamp: core.Now(),
	})
}

// LogMetrics logs a point of several metrics, all at the same step and time. None is no call.
func (r *Run) LogMetrics(ctx context.Context, metrics map[string]float64, step int64) error {
	now := core.Now()
	var b core.Batch
	for _, key := range slices.Sorted(maps.Keys(metrics)) {
		b.Metrics = append(b.Metrics, core.Metric{Key: key, Value: metrics[key], Step: step, Timestamp: now})
	}
	return client.LogBatch(ctx, r.client.tracking, r.info.ID, b, r.client.limits)
}

// LogParam logs a param, whose value is turned into text (Text). A param keeps its value: logging another one is ErrInvalid.
func (r *Run) LogParam(ctx context.Context, key string, value any) error {
	b, err := r.client.fit(core.Batch{Params: []core.Param{{Key: key, Value: Text(value)}}})
	if err != nil {
		return err
	}
	return explainParam(client.LogParam(ctx, r.client.tracking, r.info.ID, b.Params[0]))
}

// LogParams logs params as LogParam does, all or none as far as the store's limit on a batch allows. None is no call.
func (r *Run) LogParams(ctx context.Context, params map[string]any) error {
	var b core.Batch
	for _, key := range slices.Sorted(maps.Keys(params)) {
		b.Params = append(b.Params, core.Param{Key: key, Value: Text(params[key])})
	}
	return explainParam(r.LogBatch(ctx, b))
}

// explainParam says what most likely went wrong when a param was refused, as MLflow does (mlflow/tracking/fluent.py).
func explainParam(err error) error {
	if !errors.Is(err, core.ErrInvalid) {
		return err
	}
	e, ok := errors.AsType[*core.Error](err)
	if !ok {
		return err
	}
	explained := *e
	explained.Err = &hint{cause: e.Err, text: "A param is logged once a run and keeps its value: " +
		"log what changes during training as a metric, or use a nested run for each set of params."}
	return &explained
}

// hint adds advice to an error.
type hint struct {
	cause error
	text  string
}

func (h *hint) Error() string { return h.cause.Error() + "\n" + h.text }
func (h *hint) Unwrap() error { return h.cause }

// SetTag sets a tag, whose value is turned into text (Text), in place of what it was.
func (r *Run) SetTag(ctx context.Context, key string, value any) error {
	b, err := r.client.fit(core.Batch{Tags: []core.Tag{{Key: key, Value: Text(value)}}})
	if err != nil {
		return err
	}
	return client.SetTag(ctx, r.client.tracking, r.info.ID, b.Tags[0])
}

// SetTags sets tags as SetTag does, all or none as far as the store's limit on a batch allows. None is no call.
func (r *Run) SetTags(ctx context.Context, tags map[string]any) error {
	var b core.Batch
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		b.Tags = append(b.Tags, core.Tag{Key: key, Value: Text(tags[key])})
	}
	return r.LogBatch(ctx, b)
}

// DeleteTag deletes a tag for good; an absent one is ErrNotFound.
func (r *Run) DeleteTag(ctx context.Context, key string) error {
	return client.DeleteTag(ctx, r.client.tracking, r.info.ID, key)
}

// LogBatch logs metrics, params and tags in as few calls as the store's limits allow; nothing when the batch is empty.
func (r *Run) LogBatch(ctx context.Context, b core.Batch) error {
	b, err := r.client.fit(b)
	if err != nil {
		return err
	}
	return client.LogBatch(ctx, r.client.tracking, r.info.ID, b, r.client.limits)
}

// fit cuts values that are longer than the store takes and says so, unless MLFLOW_TRUNCATE_LONG_VALUES is false (D-22).
func (c *Client) fit(b core.Batch) (core.Batch, error) {
	short, cuts := client.Truncate(b, c.limits)
	if len(cuts) == 0 {
		return b, nil
	}
	if cut, err := enabled(c.env, truncateVariable); err != nil || !cut {
		return b, err
	}
	for _, cut := range cuts {
		c.logger().Warn("mlflow: a value is too long and was cut", "kind", cut.Kind, "key", cut.Key, "from", cut.From, "to", cut.To)
	}
	return short, nil
}

// joined is first and then second, each of which may be nil; one alone stays what it is.
func joined(first, second error) error {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return errors.Join(first, second)
}
