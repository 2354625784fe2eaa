package report

import (
	"fmt"
	"slices"

	"github.com/mlstore/mlstore/conformance"
)

// Differences compares runs of one suite on one kind of store over several transports, and says where they differ: a case
// whose verdict is not the same everywhere, or that ran on one transport alone, a store that describes itself in two ways,
// a run that broke. A case that is n/a because the harness of a transport lacks a hook may have any verdict elsewhere. Fewer
// than two runs, or two over one transport, are a mistake of the caller and as such a difference.
func Differences(runs ...conformance.Report) []string {
	if len(runs) < 2 {
		return []string{fmt.Sprintf("there are %d runs to compare, and two are the least", len(runs))}
	}
	var found []string
	first, seen := runs[0], map[conformance.Transport]bool{}
	for _, run := range runs {
		if seen[run.Transport] {
			found = append(found, fmt.Sprintf("%s: two runs over the transport %s", run.Kind, run.Transport))
		}
		seen[run.Transport] = true
		for _, problem := range run.Problems {
			found = append(found, fmt.Sprintf("%s over %s: %s", run.Kind, run.Transport, problem))
		}
		if run.Kind != first.Kind || run.Level != first.Level {
			found = append(found, fmt.Sprintf("the runs are of %s at level %s and of %s at level %s",
				first.Kind, first.Level, run.Kind, run.Level))
		}
		if d := conformance.Difference(run.Store, first.Store); d != "" {
			found = append(found, fmt.Sprintf("%s: what Describe says over %s differs from %s: Info%s",
				run.Kind, run.Transport, first.Transport, d))
		}
	}
	for _, id := range ids(runs) {
		found = append(found, differencesOf(id, runs)...)
	}
	return found
}

// ids lists the cases that any of the runs has, in the order of the tables.
func ids(runs []conformance.Report) []string {
	var all []string
	for _, run := range runs {
		for _, result := range run.Results {
			if !slices.Contains(all, result.ID) {
				all = append(all, result.ID)
			}
		}
	}
	return all
}

func differencesOf(id string, runs []conformance.Report) []string {
	var found []string
	var judged *conformance.Result // the first one that the others must equal
	var over conformance.Transport
	for _, run := range runs {
		i := slices.IndexFunc(run.Results, func(r conformance.Result) bool { return r.ID == id })
		if i < 0 {
			found = append(found, fmt.Sprintf("%s is missing in the run over %s", id, run.Transport))
			continue
		}
		result := run.Results[i]
		switch {
		case result.Verdict == conformance.NotApplicable && len(result.Lacks) > 0:
		case judged == nil:
			judged, over = &result, run.Transport
		case result.Verdict != judged.Verdict:
			found = append(found, fmt.Sprintf("%s %s: %s over %s, %s over %s%s%s", id, result.Name, judged.Verdict, over,
				result.Verdict, run.Transport, because(*judged), because(result)))
		}
	}
	return found
}

// because is what a result says of itself, to follow a colon.
func because(r conformance.Result) string {
	if text := r.Message + r.Reason; text != "" {
		return "\n  " + text
	}
	return ""
}
