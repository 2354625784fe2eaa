package conformance

import "context"

// T is what a case reports to. It is the part of *testing.T that makes sense outside of `go test` too.
type T interface { //nolint:interfacebloat // it repeats *testing.T
	Helper()
	Name() string
	Log(args ...any)
	Logf(format string, args ...any)
	Skip(args ...any)
	Skipf(format string, args ...any)
	SkipNow()
	Skipped() bool
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Fail()
	FailNow()
	Failed() bool
	Cleanup(func())
	Context() context.Context
	TempDir() string
}
