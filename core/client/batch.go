package client

import (
	"context"
	"math"
	"unicode/utf8"

	"github.com/mlstore/mlstore/core"
)

// LogBatch logs a batch of any size in as many calls as the limits of the store ask for (Split). An empty batch costs no
// call.
//
// The whole batch is checked before the first call, so that a bad item leaves nothing behind. Beyond that several calls
// are not one: when a later one fails, what the earlier ones logged stays. Repeating the whole batch is always right,
// since LogBatch of a store is idempotent.
func LogBatch(ctx context.Context, s core.Metrics, id core.RunID, b core.Batch, l core.Limits) error {
	if err := core.CheckBatch(b, uncounted(l)); err != nil {
		return core.Do("log batch", string(id), err)
	}
	for _, part := range Split(b, l) {
		if err := s.LogBatch(ctx, id, part); err != nil {
			return core.Do("log batch", string(id), err)
		}
	}
	return nil
}

// uncounted are the limits without those on the number of items, which Split keeps.
func uncounted(l core.Limits) core.Limits {
	l.BatchMetrics, l.BatchParams, l.BatchTags, l.BatchTotal = 0, 0, 0, 0
	return l
}

// Split cuts a batch into parts that each keep the limits on the number of items. Each part takes the next params and
// tags, and is filled up with metrics; the order of every list is kept. The parts share the memory of the batch. An empty
// batch has no parts.
//
// Source: MLflow 3, mlflow/tracking/_tracking_service/client.py, log_batch.
func Split(b core.Batch, l core.Limits) []core.Batch {
	var parts []core.Batch
	for !b.Empty() {
		var part core.Batch
		room := orAny(l.BatchTotal)
		part.Params, b.Params = cut(b.Params, min(orAny(l.BatchParams), room))
		room -= len(part.Params)
		part.Tags, b.Tags = cut(b.Tags, min(orAny(l.BatchTags), room))
		room -= len(part.Tags)
		part.Metrics, b.Metrics = cut(b.Metrics, min(orAny(l.BatchMetrics), room))
		parts = append(parts, part)
	}
	return parts
}

// orAny reads a limit: 0 is none.
func orAny(limit int) int {
	if limit <= 0 {
		return math.MaxInt
	}
	return limit
}

// cut takes up to n items from the front. Appending to what it takes does not touch the rest.
func cut[T any](items []T, n int) (head, rest []T) {
	n = min(n, len(items))
	if n == 0 {
		return nil, items
	}
	return items[:n:n], items[n:]
}

// Cut says that Truncate shortened a value.
type Cut struct {
	Kind string // "param" or "tag"
	Key  string
	From int // code points before
	To   int // code points after
}

// Truncate shortens the values of params and tags that are longer than the store takes, as MLflow does unless
// MLFLOW_TRUNCATE_LONG_VALUES says otherwise (D-22), and reports each cut. Keys are never cut. The batch that was given
// stays as it is.
func Truncate(b core.Batch, l core.Limits) (core.Batch, []Cut) {
	var cuts []Cut
	params := b.Params
	for i, p := range b.Params {
		if value, length, long := shorten(p.Value, l.ParamValue); long {
			params = own(params, b.Params)
			params[i].Value = value
			cuts = append(cuts, Cut{Kind: "param", Key: p.Key, From: length, To: l.ParamValue})
		}
	}
	tags := b.Tags
	for i, t := range b.Tags {
		if value, length, long := shorten(t.Value, l.RunTag); long {
			tags = own(tags, b.Tags)
			tags[i].Value = value
			cuts = append(cuts, Cut{Kind: "tag", Key: t.Key, From: length, To: l.RunTag})
		}
	}
	b.Params, b.Tags = params, tags
	return b, cuts
}

// own returns a copy of original unless items is one already.
func own[T any](items, original []T) []T {
	if &items[0] != &original[0] {
		return items
	}
	return append([]T(nil), original...)
}

// shorten cuts text to limit code points and tells how long it was, and whether it was too long.
func shorten(text string, limit int) (short string, length int, long bool) {
	if limit <= 0 || len(text) <= limit {
		return text, 0, false
	}
	length = utf8.RuneCountInString(text)
	if length <= limit {
		return text, length, false
	}
	end := 0
	for range limit {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
	}
	return text[:end], length, true
}
