package file_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/mlstore/mlstore/core"
)

// childVariable names what a copy of this test program does instead of testing. Its arguments follow those of the tests.
const childVariable = "MLSTORE_FILE_CHILD"

// exitUnknown is how a child ends whose change may have happened.
const exitUnknown = 4

// children are what a copy of this test program can do: to be killed, or to be one of several processes. Each gets the
// folder of a store. It says what has been acknowledged on standard output.
func children() map[string]func(dir string) error {
	all := map[string]func(string) error{}
	for name, act := range killedActs() {
		all[name] = act
	}
	for name, act := range shelfActs() {
		all[name] = act
	}
	for name, act := range crowdActs() {
		all[name] = act
	}
	return all
}

func TestMain(m *testing.M) {
	name := os.Getenv(childVariable)
	if name == "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread() // strace counts calls by thread
	act, known := children()[name]
	if !known {
		fmt.Fprintln(os.Stderr, "unknown child", name)
		os.Exit(2)
	}
	if err := act(os.Args[len(os.Args)-1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if e, ok := errors.AsType[*core.Error](err); ok && e.Outcome == core.OutcomeUnknown {
			os.Exit(exitUnknown)
		}
		os.Exit(1)
	}
	os.Exit(0)
}
