package fault

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Verb is what a rigged store is asked to do.
type Verb string

// The verbs, with what their argument is.
const (
	Fails    Verb = "fails"    // code: return Sample(code)
	Panics   Verb = "panics"   // any: panic
	Waits    Verb = "waits"    // token: wait for the end of the context, and return its error
	Waited   Verb = "waited"   // token: tell in the field "state" if a call that Waits is "running", "ended" or "unknown"
	Deadline Verb = "deadline" // any: tell in the field "left" how many milliseconds the context has, or "none"
	Stdout   Verb = "stdout"   // KiB: print so much to standard output
	Stderr   Verb = "stderr"   // KiB: print so much to standard error
	Floods   Verb = "floods"   // token: open a file that never ends (artifact repositories)
	Flooded  Verb = "flooded"  // token: tell in "bytes" how much of the file was read, and in "open" how many readers are open
	Strange  Verb = "strange"  // status: return a run or job of this status, which need not exist
)

const wordPrefix = "rig-"

// Word is the name that makes a rigged store do something: of a run, a job, a registered model, a path.
func Word(do Verb, argument string) string { return wordPrefix + string(do) + "-" + argument }

// parse takes a Word apart.
func parse(name string) (do Verb, argument string, ok bool) {
	rest, ok := strings.CutPrefix(name, wordPrefix)
	if !ok {
		return "", "", false
	}
	verb, argument, ok := strings.Cut(rest, "-")
	return Verb(verb), argument, ok
}

// Sample is an error of the code in which everything is set that an error can carry.
func Sample(code core.Code) error {
	e := &core.Error{
		Code: code, Reason: code.Reason(), Op: "rig", Key: "the key, ключ",
		Fields:     []core.FieldError{{Field: "metrics[3].key", Rule: "must not be \"blank\""}, {Field: "Ω", Rule: "√"}},
		RetryAfter: 1500 * time.Millisecond, Err: fmt.Errorf("asked for the code %d: %w", int(code), errSample),
	}
	if code == core.Unavailable || code == core.Aborted {
		e.Outcome = core.OutcomeUnknown
	}
	if code == core.FailedPrecondition {
		e.Reason = core.ReasonClosed
	}
	return e
}

var errSample = errors.New("so it shall be: 100 % \u2028 ok")

// told is an answer in the fields of an error, which every transport must carry.
func told(fields ...string) error {
	e := &core.Error{Code: core.FailedPrecondition, Op: "rig", Err: errors.New("the rig answers in the fields")}
	for i := 0; i+1 < len(fields); i += 2 {
		e.Fields = append(e.Fields, core.FieldError{Field: fields[i], Rule: fields[i+1]})
	}
	return e
}

// Told reads a field of the answer of a rigged store; "" when there is none.
func Told(err error, field string) string {
	if e, ok := errors.AsType[*core.Error](err); ok {
		for _, f := range e.Fields {
			if f.Field == field {
				return f.Rule
			}
		}
	}
	return ""
}

// number reads an argument that is one.
func number(argument string) int {
	n, _ := strconv.Atoi(argument) // what is no number is 0
	return n
}
