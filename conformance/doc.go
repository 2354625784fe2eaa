// Package conformance holds stores to the contract of package core.
//
// A suite is a table of cases, one suite for each kind of store (conformance/tracking and its neighbors). A case is a
// function of a T, which *testing.T satisfies, and an Env, so that one table serves `go test` (RunTests), the command
// line (Run) and the programs that prove the suite itself.
//
// Every case ends in one of five verdicts, never in silence: pass, fail (the store breaks the contract), error (the
// harness or the suite broke), n/a (the store does not declare what the case needs, and behaves accordingly), skipped
// (the user left it out, or the failure is known). A run in which no case ran is an error.
//
// A store's author writes a Harness: how to open the store, and where possible how to reach the same data through a
// second handle and after a restart. All cases of a run share one handle, as the goroutines of a program would. What a
// case creates carries a name of its own and is deleted at the end; a decoy that was planted before the run must be
// unchanged after it.
package conformance
