package core_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

func TestLatest(t *testing.T) {
	t.Parallel()
	rising := []core.Metric{ // each supersedes those before it
		{Step: math.MinInt64, Value: 9},
		{Step: -1, Timestamp: 5},
		{Timestamp: 1, Value: 5},
		{Timestamp: 2, Value: math.NaN()},
		{Timestamp: 2, Value: math.Inf(-1)},
		{Timestamp: 2, Value: math.Copysign(0, -1)},
		{Timestamp: 2, Value: 0},
		{Timestamp: 2, Value: 1},
		{Timestamp: 2, Value: math.Inf(1)},
		{Step: 1},
	}
	for i, a := range rising {
		for j, b := range rising {
			if got := core.Latest(a, b); got != (i > j) {
				t.Errorf("Latest(%+v, %+v) = %v", a, b, got)
			}
		}
	}
}

func TestCompareValuesTellsPointsApart(t *testing.T) {
	t.Parallel()
	if core.CompareValues(math.NaN(), math.Float64frombits(0x7ff8000000000002)) != 0 {
		t.Error("two NaN are two points")
	}
	if core.CompareValues(math.Copysign(0, -1), 0) >= 0 || core.CompareValues(0, 0) != 0 {
		t.Error("the zeros are not in order")
	}
}

// SampleHistory's rule, checked against the groups written out: sizes differ by one, the larger first.
func TestSample(t *testing.T) {
	t.Parallel()
	tests := []struct {
		n, limit int
		want     []int
	}{
		{0, 3, nil},
		{3, 3, []int{0, 1, 2}},
		{4, 3, []int{0, 2, 3}},
		{10, 5, []int{0, 2, 4, 6, 9}},
		{10, 4, []int{0, 3, 6, 9}},
		{11, 4, []int{0, 3, 6, 10}},
		{5, 1, []int{4}},
		{5, 0, []int{4}},
		{7, 2, []int{0, 6}},
	}
	for _, test := range tests {
		var points []int
		for i := range test.n {
			points = append(points, i)
		}
		before := slices.Clone(points)
		if diff := cmp.Diff(test.want, core.Sample(points, test.limit)); diff != "" {
			t.Errorf("%d points, %d wanted (-want +got):\n%s", test.n, test.limit, diff)
		}
		if !slices.Equal(before, points) {
			t.Error("Sample changed its argument")
		}
	}
}
