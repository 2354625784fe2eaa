package conformance

import (
	"fmt"
	"slices"
)

// Hook is something that a case needs of the harness beyond open stores. Without it the case is n/a, and the report says so.
type Hook string

// The hooks that every kind of store may have. A suite may know more, which it names in Offers.
const (
	FaultsHook   Hook = "faults"    // Harness.Faults
	RestartHook  Hook = "restart"   // Harness.Restart
	ReadOnlyHook Hook = "read-only" // Harness.ReadOnly
	CallsHook    Hook = "calls"     // Harness.Calls

	FarSide    Hook = "a wire"               // Harness.Transport is Wire or Process
	OwnProcess Hook = "a process of its own" // Harness.Transport is Process
)

// Transport is the way between a caller and a store.
type Transport string

// The transports. The empty one is Linked.
const (
	Linked  Transport = "linked"  // the caller calls the store itself
	Wire    Transport = "wire"    // over the wire, within one process
	Process Transport = "process" // over the wire, in a process of its own
)

// Fault is one way in which the path between a handle and its store breaks.
type Fault string

// The faults.
const (
	LoseRequest Fault = "lose-request" // the call does not arrive, and its caller hears so
	LoseReply   Fault = "lose-reply"   // the store does what it was asked for, and its caller never hears of it
	Reset       Fault = "reset"        // the connection breaks in the middle of the call, of its stream if it has one
	Stall       Fault = "stall"        // nothing comes back until Heal
	Corrupt     Fault = "corrupt"      // one byte of a file changes on its way
)

// AllFaults lists every Fault.
func AllFaults() []Fault { return []Fault{LoseRequest, LoseReply, Reset, Stall, Corrupt} }

// Faults break what lies between a handle and its store.
type Faults interface {
	// Break lets the fault hit the next call that it can hit, and no other; Stall hits all calls from now on. It reports
	// whether this path can break so: what it cannot do is not asked of the store.
	Break(Fault) bool
	// Heal ends what Break began.
	Heal()
}

// offers reports whether the harness has the hook.
func (h Harness[S]) offers(hook Hook) bool {
	switch hook {
	case FaultsHook:
		return h.Faults != nil
	case RestartHook:
		return h.Restart != nil
	case ReadOnlyHook:
		return h.ReadOnly != nil
	case CallsHook:
		return h.Calls != nil
	case FarSide:
		return h.transport() != Linked
	case OwnProcess:
		return h.transport() == Process
	}
	return false
}

// transport is the declared one, or Linked.
func (h Harness[S]) transport() Transport {
	if h.Transport == "" {
		return Linked
	}
	return h.Transport
}

// Faulty opens one more handle on the data of Store, over a path that the Faults break. The case needs FaultsHook.
func (e *Env[S]) Faulty(t T) (S, Faults) {
	t.Helper()
	store, faults := e.session.harness.Faults(t, e.Store)
	e.closeWith(t, store)
	t.Cleanup(faults.Heal) // before the handle is closed
	return store, faults
}

// Restart ends whatever keeps the data of the handle, a server say, and starts it again; the handle stays as it is. The
// case needs RestartHook.
func (e *Env[S]) Restart(t T, of S) {
	t.Helper()
	e.session.harness.Restart(t, of)
}

// ReadOnly opens one more handle on the data of Store that may change nothing. The case needs ReadOnlyHook.
func (e *Env[S]) ReadOnly(t T) S {
	t.Helper()
	store := e.session.harness.ReadOnly(t, e.Store)
	e.closeWith(t, store)
	return store
}

// Calls is how many requests the handle has made to what keeps its data. The case needs CallsHook.
func (e *Env[S]) Calls(of S) int64 { return e.session.harness.Calls(of) }

// Transport is the way to the store.
func (e *Env[S]) Transport() Transport { return e.session.harness.transport() }

// lacking lists what the case needs and the harness does not have.
func (s *session[S]) lacking(c Case[S]) []Hook {
	return slices.DeleteFunc(slices.Clone(c.Hooks), func(hook Hook) bool {
		return s.harness.offers(hook) || slices.Contains(s.suite.Offers, hook)
	})
}

func (s *session[S]) lacks(r *Result) {
	r.Verdict = NotApplicable
	r.Reason = fmt.Sprintf("the harness does not offer %q; the transport is %s", r.Lacks, s.harness.transport())
}
