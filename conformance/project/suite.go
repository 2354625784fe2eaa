package project

import (
	"slices"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// Short names of what every case deals in.
type (
	store = core.ProjectBackend
	env   = conformance.Env[core.ProjectBackend]
	entry = conformance.Case[core.ProjectBackend]
	check = conformance.T
)

// Harness tells the suite how to reach a project backend.
type Harness = conformance.Harness[core.ProjectBackend]

// Driver plays the part of the jobs of a backend: it does what a program would do that runs as one. Its methods may return
// before the backend shows what they did, and are safe for concurrent use.
type Driver interface {
	// Start lets a scheduled job run.
	Start(id core.JobID) error
	// Write lets a running job write a line.
	Write(id core.JobID, line core.LogLine) error
	// Finish lets a running job end.
	Finish(id core.JobID, exitCode int) error
}

// Drive returns the driver of a backend's jobs.
type Drive func(core.ProjectBackend) Driver

// byHand is what the cases need that play the part of a job. No backend declares it: DrivenSuite grants it.
const byHand core.Capability = "jobs that the test drives"

// Suite is the table of cases. Those that play the part of a job are not applicable.
func Suite() conformance.Suite[core.ProjectBackend] {
	return conformance.Suite[core.ProjectBackend]{Kind: "project", Cases: Cases()}
}

// DrivenSuite is Suite for backends whose jobs can be driven.
func DrivenSuite(drive Drive) conformance.Suite[core.ProjectBackend] {
	return conformance.Suite[core.ProjectBackend]{Kind: "project", Cases: casesWith(drive)}
}

// Cases lists all cases, by topic.
func Cases() []conformance.Case[core.ProjectBackend] { return casesWith(nil) }

func casesWith(drive Drive) []entry {
	driven := slices.Concat(statusCases(drive), cancelCases(drive), logCases(drive), longLogCases(drive), waitCases(drive))
	if drive == nil {
		for i := range driven {
			driven[i].Needs = append(driven[i].Needs, byHand)
		}
	}
	return slices.Concat(submitCases(), unknownCases(), driven, handleCases(), faultCases())
}

// Test holds a backend to the suite, as parallel subtests of t.
func Test(t *testing.T, h Harness, options ...func(*conformance.Options)) {
	t.Helper()
	run(t, Suite(), h, options)
}

// TestDriven is Test for backends whose jobs can be driven.
func TestDriven(t *testing.T, h Harness, drive Drive, options ...func(*conformance.Options)) {
	t.Helper()
	run(t, DrivenSuite(drive), h, options)
}

func run(t *testing.T, s conformance.Suite[core.ProjectBackend], h Harness, options []func(*conformance.Options)) {
	t.Helper()
	var o conformance.Options
	for _, option := range options {
		option(&o)
	}
	conformance.RunTests(t, s, h, o)
}
