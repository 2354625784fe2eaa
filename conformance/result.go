package conformance

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Verdict is how a case ended.
type Verdict string

// The verdicts.
const (
	Pass          Verdict = "pass"
	Fail          Verdict = "fail"    // the store breaks the contract
	Broken        Verdict = "error"   // the harness or the suite broke
	NotApplicable Verdict = "n/a"     // the store does not declare what the case needs, and behaves so
	Skipped       Verdict = "skipped" // left out by the user or the harness, or a known failure
)

// Verdicts lists all of them, the worst ones first.
func Verdicts() []Verdict { return []Verdict{Broken, Fail, Skipped, NotApplicable, Pass} }

// Result is the outcome of one case.
type Result struct {
	Entry
	Verdict  Verdict
	Duration time.Duration
	Reason   string   // of n/a and skipped
	Lacks    []Hook   // of n/a: what the harness does not have; empty where the store lacks a capability
	Message  string   // of fail and error: what was expected and what came
	Log      []string // all that the case reported
	Repro    string   // command that repeats a case that failed
}

// Report is the outcome of a run.
type Report struct {
	Kind      string
	Store     core.Info
	Transport Transport
	Level     Level
	Seed      uint64
	Started   time.Time
	Duration  time.Duration
	OneHandle bool     // the harness had no second handle: changes were observed through the handle that made them
	Results   []Result // in the order of the table
	Problems  []string // what broke apart from any case; each makes the run an error
	Leftovers []string // what could not be cleaned up
}

// Count returns how many cases ended so.
func (r Report) Count(v Verdict) int {
	n := 0
	for _, result := range r.Results {
		if result.Verdict == v {
			n++
		}
	}
	return n
}

// Verdict sums a run up: error when something broke or no case ran, else fail when a case failed, else pass.
func (r Report) Verdict() Verdict {
	switch {
	case len(r.Problems) > 0 || r.Count(Broken) > 0:
		return Broken
	case r.Count(Fail) > 0:
		return Fail
	}
	return Pass
}

// Failures returns the results that are fail or error.
func (r Report) Failures() []Result {
	return slices.DeleteFunc(slices.Clone(r.Results), func(x Result) bool { return x.Verdict != Fail && x.Verdict != Broken })
}

// Summary is the outcome of the run in one line.
func (r Report) Summary() string {
	var counts []string
	for _, v := range []Verdict{Pass, Fail, Broken, NotApplicable, Skipped} {
		counts = append(counts, fmt.Sprintf("%d %s", r.Count(v), v))
	}
	handles := ""
	if r.OneHandle {
		handles = ", through one handle only"
	}
	return fmt.Sprintf("%s conformance of %q, level %s, seed %d%s: %s", r.Kind, r.Store.Name, r.Level, r.Seed, handles,
		strings.Join(counts, ", "))
}

// Explain is the text about one result that did not pass: the clause, its rule, what happened, how to repeat it.
func (r Result) Explain() string {
	var b strings.Builder
	b.WriteString(r.ID + " " + r.Name + ": " + string(r.Verdict))
	if r.Reason != "" {
		b.WriteString(" (" + r.Reason + ")")
	}
	b.WriteString("\n")
	if r.Verdict != Fail && r.Verdict != Broken {
		return b.String()
	}
	b.WriteString("  rule:   " + r.Rule + "\n")
	b.WriteString("  " + strings.ReplaceAll(r.Message, "\n", "\n  ") + "\n")
	if r.Repro != "" {
		b.WriteString("  repeat: " + r.Repro + "\n")
	}
	return b.String()
}
