package tracking

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func errorCases() []entry {
	return []entry{
		{
			ID: "TS-194", Name: "error/table", Run: errorTable,
			Rule: "Every refusal is a *core.Error, matches its sentinel alone, names what is at fault, and shows no secret or SQL.",
		},
		{
			ID: "TS-195", Name: "error/undeclared-capability", Run: undeclaredAbilities,
			Rule: "An ability that is not declared is not found, or refuses with ErrUnsupported and without effect.",
		},
		{
			ID: "TS-230", Name: "describe/stable", Run: describeTwice,
			Rule: "A store describes itself alike before and after use, with its abilities and limits that make sense.",
		},
	}
}

// sentinels are the errors of which a refusal must match exactly one.
func sentinels() []error {
	return []error{
		core.ErrInvalid, core.ErrNotFound, core.ErrExists, core.ErrPermission, core.ErrUnauthenticated, core.ErrState, core.ErrAborted,
		core.ErrRange, core.ErrUnsupported, core.ErrExhausted, core.ErrUnavailable, core.ErrDataLoss, core.ErrInternal,
	}
}

func errorTable(t check, e *env) {
	const secret = "hunter2SECRET"
	x := newExperiment(t, e, core.ExperimentSpec{})
	gone := newRun(t, e, x.ID, core.RunSpec{})
	changeRun(t, e, gone.ID, core.RunChange{Lifecycle: core.Deleted})
	for what, want := range map[string]error{
		"missing run": core.ErrNotFound, "missing experiment": core.ErrNotFound, "taken name": core.ErrExists,
		"deleted run": core.ErrState,
		"bad key":     core.ErrInvalid, "bad filter": core.ErrInvalid, "location with a password": core.ErrInvalid,
	} {
		err := provoke(t.Context(), e.Store, what, x, gone.ID)
		conformance.Refused(t, what, err, want)
		for _, other := range sentinels() {
			if !errors.Is(want, other) && errors.Is(err, other) {
				t.Errorf("%s: the error %v also matches %v", what, err, other)
			}
		}
		if err == nil {
			continue
		}
		for _, never := range []string{secret, "SELECT ", "INSERT ", "UPDATE ", "goroutine ", "sql:", "pq:", "SQLSTATE"} {
			if strings.Contains(err.Error(), never) {
				t.Errorf("%s: the error shows %q: %v", what, never, err)
			}
		}
	}
}

// provoke makes the call that must fail so.
func provoke(ctx context.Context, s store, what string, x core.Experiment, gone core.RunID) error {
	var err error
	switch what {
	case "missing run":
		_, err = s.Run(ctx, nobodysRun)
	case "missing experiment":
		_, err = s.Experiment(ctx, core.ExperimentRef{ID: "918273645546372819"})
	case "taken name":
		_, err = s.CreateExperiment(ctx, core.ExperimentSpec{Name: x.Name})
	case "deleted run":
		err = s.LogBatch(ctx, gone, sized(1, 1, 1))
	case "bad key":
		err = s.LogBatch(ctx, gone, params("../p", "v"))
	case "bad filter":
		_, err = s.SearchRuns(ctx, core.RunQuery{Experiments: []core.ExperimentID{x.ID}, Filter: "color = 'x'"})
	case "location with a password":
		_, err = s.CreateExperiment(ctx, core.ExperimentSpec{Name: x.Name + "-2", ArtifactLocation: "s3://user:hunter2SECRET@bucket/p"})
	}
	return err
}

func undeclaredAbilities(t check, e *env) {
	has := core.CapabilitiesOf(e.Store)
	checked := 0
	for name, refuse := range refusals() {
		if e.Info.Has(name) {
			continue
		}
		checked++
		for _, found := range has {
			if found == name {
				conformance.Refused(t, "a call of "+string(name), refuse(t, e.Store), core.ErrUnsupported)
			}
		}
	}
	t.Logf("%d abilities are not declared", checked)
}

func describeTwice(t check, e *env) {
	loggedRun(t, e)
	for _, s := range []store{e.Store, e.Second()} {
		info, err := s.Describe(t.Context())
		conformance.NoError(t, "Describe", err)
		conformance.Equal(t, "Describe", info, e.Info)
	}
	if e.Info.Name == "" || e.Info.Contract != core.ContractVersion {
		t.Errorf("got the name %q and the contract %q, want a name and %q", e.Info.Name, e.Info.Contract, core.ContractVersion)
	}
	for i := 1; i < len(e.Info.Capabilities); i++ {
		if e.Info.Capabilities[i-1] >= e.Info.Capabilities[i] {
			t.Errorf("capabilities %v: want them sorted, each once", e.Info.Capabilities)
		}
	}
	for name, b := range map[string]core.Bound{
		"experiments": e.Limits.ExperimentPage, "runs": e.Limits.RunPage,
		"histories": e.Limits.HistoryPage,
	} {
		if b.Default < 1 || b.Max < b.Default {
			t.Error(fmt.Sprintf("pages of %s: got default %d and maximum %d, want a default within the maximum", name, b.Default, b.Max))
		}
	}
}
