// Package mutants proves the conformance suites. A mutant is the reference store with exactly one promise broken; a suite
// that lets it pass is too weak. Each names the cases that must fail on it. The ids M02, M04 … are permanent.
package mutants
