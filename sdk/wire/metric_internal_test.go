package wire

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

// bits tells values apart by their bits: NaN from numbers, and the two zeros.
func bits() cmp.Option {
	return cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
}

func point() *rapid.Generator[core.RunMetric] {
	text := rapid.SampledFrom([]string{"", "a", "b", "c/d", "é"})
	return rapid.Custom(func(t *rapid.T) core.RunMetric {
		special := rapid.SampledFrom([]float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64})
		return core.RunMetric{RunID: core.RunID(text.Draw(t, "run")), Metric: core.Metric{
			Key: text.Draw(t, "key"), Value: rapid.OneOf(special, rapid.Float64()).Draw(t, "value"),
			Timestamp: core.Millis(rapid.Int64().Draw(t, "time")), Step: rapid.Int64().Draw(t, "step"),
			ModelID: core.ModelID(text.Draw(t, "model")), DatasetName: text.Draw(t, "dataset"), DatasetDigest: text.Draw(t, "digest"),
		}}
	})
}

func TestColumnsKeepEveryPoint(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(point()).Draw(t, "points")
		encoded, err := proto.Marshal(pbRunMetrics(want))
		if err != nil {
			t.Fatal(err)
		}
		pb := &typesv1.RunMetricColumns{}
		if err := proto.Unmarshal(encoded, pb); err != nil {
			t.Fatal(err)
		}
		got, err := coreRunMetrics(pb)
		if err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 {
			want = nil
		}
		if diff := cmp.Diff(want, got, bits()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestMalformedColumnsAreRefused(t *testing.T) {
	t.Parallel()
	one := []int64{1}
	for name, pb := range map[string]*typesv1.MetricColumns{
		"no timestamp":      {Keys: []string{"k"}, Values: []float64{1}, Steps: one},
		"no step":           {Keys: []string{"k"}, Values: []float64{1}, Timestamps: one},
		"no key":            {Values: []float64{1}, Timestamps: one, Steps: one},
		"key out of range":  {Keys: []string{"k"}, Key: []uint32{1}, Values: []float64{1}, Timestamps: one, Steps: one},
		"two keys":          {Keys: []string{"k"}, Key: []uint32{0, 0}, Values: []float64{1}, Timestamps: one, Steps: one},
		"origin":            {Keys: []string{"k"}, Origin: []uint32{1}, Values: []float64{1}, Timestamps: one, Steps: one},
		"two origins":       {Keys: []string{"k"}, Origin: []uint32{0, 0}, Values: []float64{1}, Timestamps: one, Steps: one},
		"steps alone":       {Steps: one},
		"huge index of key": {Keys: []string{"k"}, Key: []uint32{math.MaxUint32}, Values: []float64{1}, Timestamps: one, Steps: one},
	} {
		if got, err := coreMetrics(pb); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	good := pbMetrics([]core.Metric{{Key: "k"}})
	for name, pb := range map[string]*typesv1.RunMetricColumns{
		"no run":           {Points: good, Runs: []string{"r"}},
		"run out of range": {Points: good, Runs: []string{"r"}, Run: []uint32{1}},
	} {
		if got, err := coreRunMetrics(pb); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got, err := coreLatest(pbMetrics([]core.Metric{{Key: "k"}, {Key: "k"}})); err == nil {
		t.Errorf("two latest points of one key: %v", got)
	}
}

func FuzzColumns(f *testing.F) {
	seed, err := proto.Marshal(pbRunMetrics([]core.RunMetric{{RunID: "r", Metric: core.Metric{Key: "a", DatasetName: "d"}}, {RunID: "s", Metric: core.Metric{Key: "b"}}}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, message []byte) {
		pb := &typesv1.RunMetricColumns{}
		if proto.Unmarshal(message, pb) != nil {
			return
		}
		points, err := coreRunMetrics(pb)
		if err != nil {
			return
		}
		again, err := coreRunMetrics(pbRunMetrics(points))
		if diff := cmp.Diff(points, again, bits()); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}
