package conformance

import (
	"errors"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Equal reports where what a store gave differs from what it should have given, in the sense of Same.
func Equal[V any](t T, what string, got, want V) {
	t.Helper()
	if d := Difference(got, want); d != "" {
		t.Errorf("%s%s", what, d)
	}
}

// NoError stops the case when what should have succeeded has not.
func NoError(t T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: got error %v, want success", what, err)
	}
}

// Refused reports an error that is not the one that the contract names, or that names none of the keys at fault. It also
// holds the error to the form that every error of a store has.
func Refused(t T, what string, err, want error, keys ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
		return
	}
	detail, ok := errors.AsType[*core.Error](err)
	if !ok {
		t.Errorf("%s: got %T (%v), want a *core.Error", what, err, err)
		return
	}
	for _, key := range keys {
		if !strings.Contains(err.Error(), key) && !strings.Contains(detail.Key, key) {
			t.Errorf("%s: the error %q (key %q) does not name %q", what, err, detail.Key, key)
		}
	}
}

// RefusedAs is Refused for a promise that leaves the choice between several errors.
func RefusedAs(t T, what string, err error, oneOf ...error) {
	t.Helper()
	for _, want := range oneOf {
		if errors.Is(err, want) {
			Refused(t, what, err, want)
			return
		}
	}
	t.Errorf("%s: got error %v, want one of %v", what, err, oneOf)
}

// Within runs f in a goroutine of its own and reports whether it ended in time; when not, that is an error of the case.
// f must not call FailNow or its like.
func Within(t T, limit time.Duration, what string, f func()) bool {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		t.Errorf("%s: no end after %v", what, limit)
		return false
	}
}

// Ends is Within for a call that returns an error, which it returns: also one of its own for a call that has not ended.
func Ends(t T, limit time.Duration, what string, call func() error) error {
	t.Helper()
	result := make(chan error, 1)
	if !Within(t, limit, what, func() { result <- call() }) {
		return errors.New(what + " has not ended")
	}
	return <-result
}
