package report_test

import (
	"strings"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/report"
	"github.com/mlstore/mlstore/core"
)

// over is a run with the verdicts of TS-001 and those that follow.
func over(transport conformance.Transport, verdicts ...conformance.Verdict) conformance.Report {
	r := conformance.Report{Kind: "tracking", Store: core.Info{Name: "mem"}, Transport: transport}
	for i, v := range verdicts {
		r.Results = append(r.Results, result([]string{"TS-001", "TS-002", "TS-003"}[i], v))
	}
	return r
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	const p, f, na = conformance.Pass, conformance.Fail, conformance.NotApplicable
	linked, wire, process := over(conformance.Linked, p, na, f), over(conformance.Wire, p, na, f), over(conformance.Process, p, na, f)
	lacking := over(conformance.Linked, p, na, na)
	lacking.Results[2].Lacks = []conformance.Hook{conformance.FaultsHook}
	broken := over(conformance.Wire, p, na, f)
	broken.Problems = []string{"closing the store: no"}
	other := over(conformance.Wire, p, na, f)
	other.Store.Limits.Key = 7
	performance := over(conformance.Wire, p, na, f)
	performance.Level = conformance.Performance
	tests := map[string]struct {
		runs []conformance.Report
		want string // empty: they are equal
	}{
		"equal":        {[]conformance.Report{linked, wire, process}, ""},
		"hook lacking": {[]conformance.Report{lacking, wire, process}, ""},
		"one differs":  {[]conformance.Report{linked, over(conformance.Wire, f, na, f), process}, "TS-001 run/TS-001: pass over linked, fail over wire"},
		"last differs": {[]conformance.Report{lacking, wire, over(conformance.Process, p, na, p)}, "TS-003 run/TS-003: fail over wire, pass over process"},
		"n/a for want of a capability": {
			[]conformance.Report{linked, over(conformance.Wire, p, p, f)}, "TS-002 run/TS-002: n/a over linked, pass over wire",
		},
		"missing":        {[]conformance.Report{linked, over(conformance.Wire, p, na)}, "TS-003 is missing in the run over wire"},
		"missing first":  {[]conformance.Report{over(conformance.Linked, p, na), wire}, "TS-003 is missing in the run over linked"},
		"broken":         {[]conformance.Report{linked, broken}, "over wire: closing the store: no"},
		"described":      {[]conformance.Report{linked, other}, "Info.Limits.Key: got 7, want 0"},
		"levels":         {[]conformance.Report{linked, performance}, "at level core and of tracking at level performance"},
		"one run":        {[]conformance.Report{linked}, "two are the least"},
		"none":           {nil, "two are the least"},
		"same transport": {[]conformance.Report{linked, linked}, "two runs over the transport linked"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(report.Differences(tt.runs...), "\n")
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
