package registrystore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func faultCases() []entry {
	faults := []conformance.Hook{conformance.FaultsHook}
	return []entry{
		{
			ID: "RG-099", Name: "repeat/rename", Level: conformance.Extended, Run: renameAgain,
			Rule: "A rename made again, as after a lost answer, is ErrNotFound of the old name and changes nothing: there is one model.",
		},
		{
			ID: "RG-100", Name: "fault/stall-and-reset", Level: conformance.Extended, Hooks: faults, Run: stalledAndBroken,
			Rule: "Calls of a store that does not answer end by their deadline; calls that break off are ErrUnavailable.",
		},
		{
			ID: "RG-115", Name: "fault/read-only", Level: conformance.Extended, Hooks: []conformance.Hook{conformance.ReadOnlyHook},
			Run:  readOnly,
			Rule: "A registry that was opened for reading refuses every change with ErrPermission, without effect.",
		},
		{
			ID: "RG-116", Name: "fault/backend-restart", Level: conformance.Extended, Hooks: []conformance.Hook{conformance.RestartHook},
			Run:  restarted,
			Rule: "A handle goes on when what keeps its data has been started anew, and numbers go on too.",
		},
	}
}

func lifeCases() []entry {
	return []entry{
		{
			ID: "RG-039", Name: "version/pending-to-ready", Level: conformance.Extended, Run: becomesReady,
			Rule: "A new version is pending or ready, and ends as ready or failed; it never becomes pending again.",
		},
		{
			ID: "RG-091", Name: "copy/by-source", Level: conformance.Extended, Run: copyBySource,
			Rule: "A version whose source is another version is the next of its own model; nothing comes along that was not given.",
		},
		{
			ID: "RG-104", Name: "perf/create-version-constant", Level: conformance.Performance, Alone: true, Run: versionCost,
			Rule: "Creating the 2000th version costs at most three times as much as the 20th.",
		},
	}
}

func renameAgain(t check, e *env) {
	name, versions := newLine(t, e, 2)
	to := e.Name("renamed")
	forget(t, e, e.Store, to)
	m := changeModel(t, e, name, core.ModelChange{Name: &to})
	_, err := e.Store.UpdateModel(t.Context(), name, core.ModelChange{Name: &to})
	conformance.Refused(t, "the rename made again", err, core.ErrNotFound, name)
	sawModel(t, e, m)
	sawNoModel(t, e, name)
	for i := range versions {
		versions[i].Model = to
	}
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := searchVersions(ctx, s, byNumber("name = '"+to+"'"))
		if err == nil && len(got) != len(versions) {
			err = fmt.Errorf("the model has %d versions, want %d", len(got), len(versions))
		}
		return err
	})
}

// breaks arms the fault, or leaves the case.
func breaks(t check, faults conformance.Faults, f conformance.Fault) {
	t.Helper()
	if !faults.Break(f) {
		t.Skipf("the harness cannot break the path by %s", f)
	}
}

func stalledAndBroken(t check, e *env) {
	const given, more = 200 * time.Millisecond, time.Second
	over, faults := e.Faulty(t)
	defer faults.Heal() // before the clean-up
	name, versions := newLine(t, e, 2)
	forget(t, e, e.Store, name+"-new")
	ref := refOf(versions[0])
	all := methods(e, over)
	breaks(t, faults, conformance.Stall)
	for _, method := range slices.Sorted(maps.Keys(all)) {
		ctx, cancel := context.WithTimeout(t.Context(), given)
		what := method + " of a store that does not answer"
		err := conformance.Ends(t, given+more, what, func() error { return all[method](ctx, over, ref) })
		cancel()
		if err == nil && method == "Describe" { // what a handle knows needs no answer
			continue
		}
		conformance.RefusedAs(t, what, err, context.DeadlineExceeded, core.ErrUnavailable)
	}
	faults.Heal()
	sawVersion(t, e, versions[0])
	sawNoModel(t, e, name+"-new")
	for _, method := range []string{"Model", "Version", "SearchModels", "SearchVersions"} {
		breaks(t, faults, conformance.Reset)
		if err := all[method](t.Context(), over, ref); err != nil { // whoever asks again by itself may succeed
			conformance.Refused(t, method+" that breaks off", err, core.ErrUnavailable)
		}
		faults.Heal()
		conformance.NoError(t, method+" asked again", all[method](t.Context(), over, ref))
	}
}

func readOnly(t check, e *env) {
	name, versions := newLine(t, e, 1)
	forget(t, e, e.Store, name+"-new")
	before := readModel(t, e, name)
	reader := e.ReadOnly(t)
	reads := []string{"Describe", "Model", "SearchModels", "Version", "SearchVersions", "VersionByAlias", "LatestVersions"}
	for method, call := range methods(e, reader) {
		err := call(t.Context(), reader, refOf(versions[0]))
		switch {
		case !slices.Contains(reads, method):
			conformance.Refused(t, method+" of what may only be read", err, core.ErrPermission)
		case method == "VersionByAlias": // there is none
			conformance.Refused(t, method+" of what may only be read", err, core.ErrNotFound)
		default:
			conformance.NoError(t, method+" of what may only be read", err)
		}
	}
	sawModel(t, e, before)
	sawVersion(t, e, versions[0])
	sawNoModel(t, e, name+"-new")
}

func restarted(t check, e *env) {
	s := e.Fresh(t)
	name := newModelIn(t, e, s, core.ModelSpec{}).Name
	for number := range 3 {
		e.Restart(t, s)
		_, err := s.Model(t.Context(), name) // a creation that meets the end itself may say that it does not know (D-17)
		conformance.NoError(t, "the first call after a restart", err)
		v, err := s.CreateVersion(t.Context(), name, core.VersionSpec{Source: "s3://b/k"})
		conformance.NoError(t, "CreateVersion", err)
		conformance.Equal(t, "number", v.Number, number+1)
	}
}

func becomesReady(t check, e *env) {
	name := newModel(t, e, core.ModelSpec{}).Name
	v := newVersion(t, e, name, core.VersionSpec{})
	if v.Status != core.VersionPending && v.Status != core.VersionReady {
		t.Errorf("a new version has the status %d, want pending or ready", v.Status)
	}
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for deadline := time.Now().Add(patience); v.Status == core.VersionPending; <-ticks.C {
		if time.Now().After(deadline) {
			t.Fatalf("after %v the version is still pending", patience)
		}
		v = readVersion(t, e, refOf(v))
	}
	if v.Status != core.VersionReady && v.Status != core.VersionFailed {
		t.Errorf("the version has the status %d, want ready or failed", v.Status)
	}
	changed := changeVersion(t, e, v, core.VersionChange{Description: ptr("changed")})
	conformance.Equal(t, "status after a change", changed.Status, v.Status)
}

func copyBySource(t check, e *env) {
	from, versions := newLine(t, e, 2)
	original := changeVersion(t, e, versions[1], core.VersionChange{
		Description: ptr("the original"), Tags: core.TagChange{Set: map[string]string{"k": "v"}},
	})
	if a, ok := core.As[core.Aliases](e.Store); ok && e.Info.Has(aliases) {
		conformance.NoError(t, "SetAlias", a.SetAlias(t.Context(), refOf(original), "champion"))
		original = readVersion(t, e, refOf(original))
	}
	to, own := newLine(t, e, 3)
	source := fmt.Sprintf("models:/%s/%d", from, original.Number)
	dup := newVersion(t, e, to, core.VersionSpec{Source: source, Tags: original.Tags})
	conformance.Equal(t, "number of the copy", dup.Number, len(own)+1)
	conformance.Equal(t, "source of the copy", dup.Source, source)
	conformance.Equal(t, "description of the copy", dup.Description, "")
	conformance.Equal(t, "aliases of the copy", len(dup.Aliases), 0)
	conformance.Equal(t, "tags of the copy", dup.Tags, original.Tags)
	sawVersion(t, e, original)
	sawVersion(t, e, own[0])
}

func versionCost(t check, e *env) {
	const early, late, times = 20, 2000, 15
	name := newModel(t, e, core.ModelSpec{}).Name
	fill := func(until int) {
		for newVersion(t, e, name, core.VersionSpec{}).Number < until {
			continue
		}
	}
	cost := func() time.Duration {
		took := make([]time.Duration, times)
		for i := range took {
			began := time.Now()
			_, err := e.Store.CreateVersion(t.Context(), name, core.VersionSpec{Source: "s3://b/k"})
			took[i] = time.Since(began)
			conformance.NoError(t, "CreateVersion", err)
		}
		slices.Sort(took)
		return took[times/2]
	}
	fill(early)
	first := cost()
	fill(late)
	last := cost()
	t.Logf("version %d took %v, version %d %v", early, first, late, last)
	if last > 3*first {
		t.Errorf("version %d took %v, version %d %v: want at most three times as much", early, first, late, last)
	}
}
