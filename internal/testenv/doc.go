// Package testenv starts the real counterparts of tests: Python environments with real MLflow releases and the
// programs that tests drive. Only _test.go files import it.
//
// What a counterpart needs is installed on first use, below .cache in the project's root, and shared by every package
// and process that tests at the same time. A counterpart that cannot be had fails the test with the line to run;
// nothing is ever skipped. Preparing them all ahead of a test run, with progress on standard output, is
//
//	go test -count=1 -v -run '^TestPrepare' ./internal/testenv
package testenv
