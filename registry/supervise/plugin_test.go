package supervise_test

import (
	"errors"
	"testing"

	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
)

func TestAPluginServesAndStops(t *testing.T) {
	t.Parallel()
	h := newHost(t, "serve")
	s := h.open(t, "a")
	works(t, s)
	e, err := s.CreateExperiment(t.Context(), core.ExperimentSpec{Name: "first"})
	check(t, err)
	got, err := h.open(t, "a").Experiment(t.Context(), core.ExperimentRef{Name: "first"})
	check(t, err)
	if got.ID != e.ID {
		t.Errorf("the second handle finds %q, want %q", got.ID, e.ID)
	}
	if st := h.status(); st.Starts != 1 || st.Crashes != 0 || st.Open != 2 {
		t.Errorf("status %+v: want one start, no crash, two instances", st)
	}
	check(t, h.Supervisor.Close())
	_, err = s.Experiment(t.Context(), core.ExperimentRef{Name: "first"})
	if !errors.Is(err, core.ErrClosed) {
		t.Errorf("after the host was closed: %v, want ErrClosed", err)
	}
}

func TestAPanicEndsOneCall(t *testing.T) {
	t.Parallel()
	h := newHost(t, "serve")
	a, b := h.open(t, "a"), h.open(t, "b")
	err := knock(t.Context(), a, fault.Panics, "now")
	if !errors.Is(err, core.ErrInternal) {
		t.Errorf("a call that panics: %v, want ErrInternal", err)
	}
	works(t, a)
	works(t, b)
	if st := h.status(); st.Starts != 1 {
		t.Errorf("%d starts, want 1", st.Starts)
	}
}
