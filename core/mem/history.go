package mem

import (
	"slices"
	"sort"

	"github.com/mlstore/mlstore/core"
)

// history is every distinct point of one key (D-1). Points mostly come in order; from the first that does not, or that is
// there already, they wait unsorted at the end until somebody reads.
type history struct {
	points []core.Metric
	sorted int // points[:sorted] are sorted by core.CompareMetrics and distinct
}

// add takes a point in.
func (h *history) add(m core.Metric) {
	last := len(h.points) - 1
	inOrder := h.sorted == len(h.points) && (last < 0 || core.CompareMetrics(h.points[last], m) < 0)
	h.points = append(h.points, m)
	if inOrder {
		h.sorted++
		return
	}
	const most = 1024 // unsorted points, so that logging the same ones for ever fills no memory
	if len(h.points)-h.sorted > max(most, h.sorted) {
		h.settle()
	}
}

// settle sorts the points in that wait.
func (h *history) settle() {
	if h.sorted == len(h.points) {
		return
	}
	slices.SortFunc(h.points, core.CompareMetrics)
	h.points = slices.CompactFunc(h.points, func(a, b core.Metric) bool { return core.CompareMetrics(a, b) == 0 })
	h.sorted = len(h.points)
}

// after returns the points that follow position, all of them for nil. The history must be settled.
func (h *history) after(position *core.Metric) []core.Metric {
	if position == nil {
		return h.points
	}
	start := sort.Search(len(h.points), func(i int) bool { return core.CompareMetrics(h.points[i], *position) > 0 })
	return h.points[start:]
}
