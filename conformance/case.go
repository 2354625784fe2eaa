package conformance

import (
	"fmt"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// Level says how much of a suite is meant. Each level includes the ones before it.
type Level int

// The levels.
const (
	Core        Level = iota // every store; needed for the word "conformant"
	Extended                 // what a capability promises, and what takes longer
	Performance              // ratios that a store should keep
)

func (l Level) String() string {
	switch l {
	case Core:
		return "core"
	case Extended:
		return "extended"
	case Performance:
		return "performance"
	}
	return fmt.Sprintf("Level(%d)", int(l))
}

// ParseLevel reads the name of a level; empty is Core.
func ParseLevel(name string) (Level, error) {
	for l := Core; l <= Performance; l++ {
		if l.String() == name {
			return l, nil
		}
	}
	if name == "" {
		return Core, nil
	}
	return 0, core.Invalid("level", "unknown level %q: it must be core, extended or performance", name)
}

// Case checks one promise.
type Case[S core.Store] struct {
	ID    string            // such as "TS-158"; permanent, and the mark of the promise in core's comments
	Name  string            // topic and subject, such as "search/stable-while-inserting"
	Level Level             // zero is Core
	Needs []core.Capability // all of them, or the case is n/a
	Hooks []Hook            // of the harness: all of them, or the case is n/a
	Since string            // version of the contract that brought it; empty is 1.0
	Rule  string            // the promise in one sentence, printed when it is broken
	Why   string            // why it matters, or the bug that breaks it; may be empty
	Alone bool              // it disturbs others or is disturbed by them: no other case runs at the same time

	Run func(T, *Env[S])

	// Around stands instead of Run for a promise about a whole run: it is called before the other cases, and what it returns
	// after them.
	Around func(T, *Env[S]) (after func())
}

// Title is the name of a case as a subtest.
func (c Case[S]) Title() string { return c.ID + "_" + strings.ReplaceAll(c.Name, "/", "_") }

// Entry describes the case apart from its kind of store.
func (c Case[S]) Entry(kind string) Entry {
	since := c.Since
	if since == "" {
		since = "1.0"
	}
	return Entry{
		Kind: kind, ID: c.ID, Name: c.Name, Level: c.Level, Needs: c.Needs, Hooks: c.Hooks, Since: since, Rule: c.Rule, Why: c.Why,
	}
}

// Suite is the table of one kind of store.
type Suite[S core.Store] struct {
	Kind  string // such as "tracking"
	Cases []Case[S]
	// Offers lists what the table itself brings of the hooks that only this suite knows.
	Offers []Hook

	// Refuses calls an ability that the store has but does not declare, on nothing that exists, and returns the error, which
	// must be ErrUnsupported. An ability that is not here must not be found at all unless it is declared.
	Refuses map[core.Capability]func(T, S) error
}

// Entries describes all cases, for listings.
func (s Suite[S]) Entries() []Entry {
	entries := make([]Entry, 0, len(s.Cases))
	for _, c := range s.Cases {
		entries = append(entries, c.Entry(s.Kind))
	}
	return entries
}

// Check returns what is wrong with the table itself: an id that is empty or there twice, a case without name, rule or
// function, or with two functions.
func (s Suite[S]) Check() []string {
	var faults []string
	seen := map[string]bool{}
	for _, c := range s.Cases {
		switch {
		case c.ID == "" || c.Name == "" || c.Rule == "":
			faults = append(faults, fmt.Sprintf("case %q (%q) lacks its id, name or rule", c.ID, c.Name))
		case seen[c.ID]:
			faults = append(faults, "two cases have the id "+c.ID)
		case (c.Run == nil) == (c.Around == nil):
			faults = append(faults, "case "+c.ID+" needs exactly one of Run and Around")
		}
		seen[c.ID] = true
	}
	return faults
}

// Entry is what a listing says of a case.
type Entry struct {
	Kind  string
	ID    string
	Name  string
	Level Level
	Needs []core.Capability
	Hooks []Hook
	Since string
	Rule  string
	Why   string
}
