package copying

import (
	"cmp"
	"iter"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// instants gathers the points of a history that have the same timestamp and step, so that stores may order the rest as
// they like.
func instants(history iter.Seq2[core.Metric, error]) iter.Seq2[[]core.Metric, error] {
	return func(yield func([]core.Metric, error) bool) {
		var group []core.Metric
		for m, err := range history {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(group) > 0 && compareInstants(group[0], m) != 0 {
				if !yield(group, nil) {
					return
				}
				group = nil
			}
			group = append(group, m)
		}
		if len(group) > 0 {
			yield(group, nil)
		}
	}
}

func compareInstants(a, b core.Metric) int {
	return cmp.Or(cmp.Compare(a.Timestamp, b.Timestamp), cmp.Compare(a.Step, b.Step))
}

// A pair is what two histories have at one instant; either may be empty.
type pair struct{ source, target []core.Metric }

// merged leads through two histories at once.
func merged(source, target iter.Seq2[[]core.Metric, error]) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) {
		nextSource, stopSource := iter.Pull2(source)
		defer stopSource()
		nextTarget, stopTarget := iter.Pull2(target)
		defer stopTarget()
		a, err, hasA := nextSource()
		b, targetErr, hasB := nextTarget()
		for hasA || hasB {
			if err := cmp.Or(err, targetErr); err != nil {
				yield(pair{}, err)
				return
			}
			var p pair
			order := compareHeads(a, hasA, b, hasB)
			if order <= 0 {
				p.source = a
				a, err, hasA = nextSource()
			}
			if order >= 0 {
				p.target = b
				b, targetErr, hasB = nextTarget()
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// compareHeads says which of two histories comes next: below 0 the first one, above 0 the second one, 0 both.
func compareHeads(a []core.Metric, hasA bool, b []core.Metric, hasB bool) int {
	switch {
	case !hasA:
		return 1
	case !hasB:
		return -1
	}
	return compareInstants(a[0], b[0])
}

// unique sorts points and drops those that are the same.
func unique(points []core.Metric) []core.Metric {
	slices.SortFunc(points, core.CompareMetrics)
	return slices.CompactFunc(points, func(a, b core.Metric) bool { return core.CompareMetrics(a, b) == 0 })
}

// differences compares sorted points: those of want that have lacks, and how many of have are not in want.
func differences(want, have []core.Metric) (missing []core.Metric, extra int) {
	for _, m := range want {
		for len(have) > 0 && core.CompareMetrics(have[0], m) < 0 {
			have = have[1:]
			extra++
		}
		if len(have) > 0 && core.CompareMetrics(have[0], m) == 0 {
			have = have[1:]
			continue
		}
		missing = append(missing, m)
	}
	return missing, extra + len(have)
}
