package supervise

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// The reasons of errors that the host makes, as the plugin itself said nothing.
const (
	ReasonNotFound    core.Reason = "PLUGIN_NOT_FOUND"  // the program is not there
	ReasonChecksum    core.Reason = "CHECKSUM_MISMATCH" // the program is not the one that was installed
	ReasonProtocol    core.Reason = "PROTOCOL_MISMATCH" // host and plugin have no version in common
	ReasonStart       core.Reason = "START_FAILED"      // it ended, or said nothing in time, before it could be spoken to
	ReasonCrashed     core.Reason = "CRASHED"           // it ended while it was in use
	ReasonFrozen      core.Reason = "FROZEN"            // it did not answer in time
	ReasonCircuitOpen core.Reason = "CIRCUIT_OPEN"      // it crashed too often and is left alone for a while
	ReasonTransport   core.Reason = "TRANSPORT"         // a message did not come through, while the process lives
	ReasonWrong       core.Reason = "WRONG_ANSWER"      // it answered what no plugin may answer
)

// fault is what went wrong with a process. It becomes a core.Error for each call that it hits.
type fault struct {
	plugin string
	reason core.Reason
	cause  string   // such as "signal: killed"
	lines  []string // the last ones on its standard error
	after  time.Duration
	lasts  bool // trying again will not help
}

func asFault(err error) (*fault, bool) { return errors.AsType[*fault](err) }

// code is the code of a reason. None of them is NotFound: a store that cannot be reached is not an entity that is absent.
func (f *fault) code() core.Code {
	switch {
	case f.reason == ReasonNotFound, f.reason == ReasonChecksum, f.reason == ReasonProtocol:
		return core.FailedPrecondition
	case f.lasts:
		return core.Internal
	}
	return core.Unavailable
}

// as is the fault as the error of a call with that outcome.
func (f *fault) as(outcome core.Outcome) error {
	return &core.Error{
		Code: f.code(), Reason: f.reason, Key: f.plugin, Outcome: outcome, RetryAfter: f.after, Err: f,
	}
}

func (f *fault) Error() string {
	text := fmt.Sprintf("plugin %s: %s", f.plugin, f.cause)
	if len(f.lines) > 0 {
		text += "; its last lines:\n  " + strings.Join(f.lines, "\n  ")
	}
	return text
}
