package mutants_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/conformance/mutants"
	"github.com/mlstore/mlstore/conformance/project"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// reopenable is what package mutants needs of a reference store.
type reopenable[M any] interface {
	core.Store
	Reopen() M
}

// kill runs a suite on every mutant. Each must die, by a case that was named.
func kill[M reopenable[M], S core.Store](
	t *testing.T, suite conformance.Suite[S], all []mutants.Mutant[M, S], fresh func() M,
) {
	t.Helper()
	if len(all) < 3 {
		t.Errorf("there are %d mutants of this kind, want at least three", len(all))
	}
	for _, m := range all {
		t.Run(m.ID, func(t *testing.T) {
			t.Parallel()
			o := conformance.Options{Level: conformance.Extended, Skip: costly(m.KilledBy)}
			r := conformance.Run(t.Context(), suite, mutants.Harness(m, fresh), o)
			var ids []string
			for _, f := range r.Failures() {
				ids = append(ids, f.ID)
			}
			t.Logf("%s (%s): killed by %s", m.ID, m.Breaks, strings.Join(ids, " "))
			if fault := mutants.Judge(r, m.ID, m.KilledBy); fault != "" {
				t.Error(fault)
			}
		})
	}
}

// costly lists the cases that are left out unless a mutant names them: thousands of entries, and random sequences, which
// take turns and need a while to make a failure short.
func costly(named []string) []string {
	all := []string{"TS-198", "TS-199", "AR-040", "AR-060", "AR-102", "RG-041", "RG-102"}
	return slices.DeleteFunc(all, func(id string) bool { return slices.Contains(named, id) })
}

// spare runs a suite on a decorator that changes nothing: it is the mutation that kills, not the decorator.
func spare[M reopenable[M], S core.Store](t *testing.T, suite conformance.Suite[S], wrap func(M) S, fresh func() M) {
	t.Helper()
	h := mutants.Harness(mutants.Mutant[M, S]{ID: "M00", Breaks: "nothing", Wrap: wrap}, fresh)
	r := conformance.Run(t.Context(), suite, h, conformance.Options{Level: conformance.Extended, Skip: costly(nil)})
	if r.Verdict() != conformance.Pass {
		t.Errorf("the decorator without a mutation: %s %v %v", r.Summary(), r.Problems, r.Failures())
	}
	if fault := mutants.Judge(r, "M00", nil); !strings.Contains(fault, "survives") {
		t.Errorf("the judge lets a suite pass that killed nothing: %q", fault)
	}
}

func TestTrackingMutantsDie(t *testing.T) {
	t.Parallel()
	spare(t, tracking.Suite(), func(m *mem.Tracking) core.TrackingStore { return struct{ *mem.Tracking }{m} }, mem.NewTracking)
	kill(t, tracking.Suite(), mutants.Trackings(), mem.NewTracking)
}

func TestArtifactMutantsDie(t *testing.T) {
	t.Parallel()
	spare(t, artifact.Suite(), func(m *mem.Artifacts) core.ArtifactRepository { return struct{ *mem.Artifacts }{m} }, mem.NewArtifacts)
	kill(t, artifact.Suite(), mutants.Artifacts(), mem.NewArtifacts)
}

func TestRegistryMutantsDie(t *testing.T) {
	t.Parallel()
	spare(t, registrystore.Suite(), func(m *mem.Registry) core.RegistryStore { return struct{ *mem.Registry }{m} }, mem.NewRegistry)
	kill(t, registrystore.Suite(), mutants.Registries(), mem.NewRegistry)
}

func TestProjectMutantsDie(t *testing.T) {
	t.Parallel()
	suite := project.DrivenSuite(func(b core.ProjectBackend) project.Driver { return b.(project.Driver) })
	spare(t, suite, func(m *mem.Projects) core.ProjectBackend { return struct{ *mem.Projects }{m} }, mem.NewProjects)
	kill(t, suite, mutants.Projects(), mem.NewProjects)
}

func TestMutantsAreNamed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	check := func(id, breaks string, killers []string) {
		if !regexp.MustCompile(`^M\d\d$`).MatchString(id) || seen[id] || breaks == "" || len(killers) == 0 {
			t.Errorf("mutant %q (%q), killed by %v: its id is bad or taken, or it lacks something", id, breaks, killers)
		}
		seen[id] = true
	}
	for _, m := range mutants.Trackings() {
		check(m.ID, m.Breaks, m.KilledBy)
	}
	for _, m := range mutants.Artifacts() {
		check(m.ID, m.Breaks, m.KilledBy)
	}
	for _, m := range mutants.Registries() {
		check(m.ID, m.Breaks, m.KilledBy)
	}
	for _, m := range mutants.Projects() {
		check(m.ID, m.Breaks, m.KilledBy)
	}
	if len(seen) < 12 {
		t.Errorf("there are %d mutants, want at least twelve", len(seen))
	}
}

// The judge itself: what must be said of a run that has not killed a mutant as it should.
func TestJudge(t *testing.T) {
	t.Parallel()
	result := func(id string, v conformance.Verdict, message string) conformance.Result {
		return conformance.Result{Entry: conformance.Entry{ID: id}, Verdict: v, Message: message}
	}
	tests := map[string]struct {
		report conformance.Report
		want   string
	}{
		"killed":    {conformance.Report{Results: []conformance.Result{result("A", conformance.Fail, "got 1")}}, ""},
		"survives":  {conformance.Report{Results: []conformance.Result{result("A", conformance.Pass, "")}}, "survives"},
		"panic":     {conformance.Report{Results: []conformance.Result{result("A", conformance.Broken, "panic")}}, "panics and time-outs"},
		"time-out":  {conformance.Report{Results: []conformance.Result{result("A", conformance.Fail, "the case did not end within 1m")}}, "time-outs"},
		"elsewhere": {conformance.Report{Results: []conformance.Result{result("A", conformance.Pass, ""), result("B", conformance.Fail, "got 1")}}, "by none of"},
		"not run":   {conformance.Report{Results: []conformance.Result{result("B", conformance.Fail, "got 1")}}, "has not run"},
		"broken":    {conformance.Report{Problems: []string{"no case ran"}}, "the run broke"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := mutants.Judge(tt.report, "M", []string{"A"})
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
