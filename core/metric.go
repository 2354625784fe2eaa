package core

import (
	"cmp"
	"context"
	"math"
)

// Metric is one point of a metric.
type Metric struct {
	Key       string
	Value     float64 // NaN and, where FloatInf is declared, ±Inf are values like others
	Timestamp Millis  // not negative
	Step      int64   // any

	ModelID       ModelID // the logged model that it measures, where LoggedModels is; else empty
	DatasetName   string  // the dataset that it was measured on, with DatasetDigest: both or none
	DatasetDigest string
}

// RunMetric is a point together with its run.
type RunMetric struct {
	RunID RunID
	Metric
}

// Latest reports whether a supersedes b as the latest value of their key: by step, then timestamp, then value, where NaN
// never beats a number (D-3).
func Latest(a, b Metric) bool {
	return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.Timestamp, b.Timestamp), CompareValues(a.Value, b.Value)) > 0
}

// CompareMetrics orders the points of one key as a history does: by timestamp, step, then value, then dataset and model.
func CompareMetrics(a, b Metric) int {
	return cmp.Or(
		cmp.Compare(a.Timestamp, b.Timestamp), cmp.Compare(a.Step, b.Step), CompareValues(a.Value, b.Value),
		cmp.Compare(a.DatasetName, b.DatasetName), cmp.Compare(a.DatasetDigest, b.DatasetDigest),
		cmp.Compare(a.ModelID, b.ModelID),
	)
}

// CompareValues orders metric values: NaN first, then numbers ascending, −0.0 before +0.0. Equal means the same point.
func CompareValues(a, b float64) int {
	if c := cmp.Compare(a, b); c != 0 {
		return c
	}
	if a == 0 { // cmp calls the two zeros equal
		return cmp.Compare(negative(b), negative(a))
	}
	return 0
}

func negative(zero float64) int {
	if math.Signbit(zero) {
		return 1
	}
	return 0
}

// Param is one parameter.
type Param struct {
	Key, Value string
}

// Batch is what a run logs at once. The order of its items means nothing, but for a tag that is given twice: the last one
// wins.
type Batch struct {
	Metrics []Metric
	Params  []Param
	Tags    []Tag
}

// Empty reports whether there is nothing in the batch.
func (b Batch) Empty() bool { return len(b.Metrics) == 0 && len(b.Params) == 0 && len(b.Tags) == 0 }

// HistoryOptions page through a history.
type HistoryOptions struct {
	PageOptions
}

// Metrics is the part of a TrackingStore that logs and reads measurements.
type Metrics interface {
	// LogBatch logs metrics, params and tags [TS-076 TS-102 TS-115 TS-116]. It MUST be idempotent: the same batch again
	// changes nothing [TS-084 TS-124] (D-1), and it may always be repeated [TS-186].
	//   - It is all or nothing: a refused item, whatever its place, MUST leave nothing of the batch behind [TS-118 TS-119
	//     TS-120], and under AtomicBatch no reader ever sees half of it [TS-131] (D-7).
	//   - However a batch is ordered or split, the state is the same [TS-129 TS-130]; of a tag given twice the last one
	//     wins [TS-122], of a metric every point counts [TS-123].
	//   - Limits are those announced [TS-117 TS-118 TS-091 TS-105], and what keeps them fits into one call [TS-128]; keys
	//     follow names.Key [TS-092 TS-093] and differ by their bytes [TS-094 TS-095 TS-108]; values are any text [TS-106
	//     TS-107].
	//   - A param keeps its first value: the same again is fine [TS-103], another is ErrInvalid [TS-104]; a key twice in
	//     a batch is ErrInvalid, even with equal values [TS-121] (D-13).
	//   - Values come back bit by bit [TS-086 TS-088 TS-090], steps and timestamps too [TS-082 TS-085]; the latest value
	//     is that of Latest, in whatever order points came [TS-081 TS-089]. ±Inf survives under FloatInf and else becomes
	//     the largest float [TS-087] (D-2).
	//   - An unknown run is ErrNotFound [TS-125], a deleted one ErrState [TS-126]; a finished one takes more [TS-127].
	//     Logging and deleting at once, under AtomicBatch either is entirely there or refused [TS-175]; so is a call that
	//     was cancelled [TS-183].
	//   - Of many writers nothing is lost [TS-164 TS-165], the latest value never goes back [TS-166 TS-167], one value of
	//     a param wins [TS-172], and what was acknowledged is seen by every handle [TS-168 TS-169].
	//   - Writers of the same keys in different orders MUST NOT block each other for ever [TS-174].
	//   - A point with a ModelID also becomes a metric of that logged model; an unknown model is ErrNotFound [TS-226].
	//     Under MetricDataset one that names a dataset comes back with it [TS-097 TS-098].
	LogBatch(ctx context.Context, id RunID, batch Batch) error

	// MetricHistory returns every distinct point of a key [TS-077 TS-083], by timestamp, step and value [TS-078], page by
	// page [TS-099 TS-101 TS-223], also while others log [TS-100]; foreign tokens are ErrInvalid [TS-224]. An unknown key
	// is an empty page [TS-079]; an unknown run is, under HistoryMissingRun, ErrNotFound [TS-080], and else an empty
	// page.
	MetricHistory(ctx context.Context, id RunID, key string, o HistoryOptions) (Page[Metric], error)
}
