package access

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
)

func TestFailuresAreForgotten(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	l := limiter{burst: 3, refill: time.Second, now: func() time.Time { return now }}
	fail := func() {
		if err := l.check("a"); err != nil {
			t.Fatalf("refused too early: %v", err)
		}
		l.fail("a")
	}
	for range 3 {
		fail()
	}
	err := l.check("a")
	e, _ := errors.AsType[*core.Error](err)
	if !errors.Is(err, core.ErrExhausted) || e.RetryAfter != time.Second {
		t.Fatalf("the fourth attempt: %v, to be repeated after %v", err, e.RetryAfter)
	}
	if err := l.check("b"); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	now = now.Add(time.Second)
	fail()
	if l.check("a") == nil {
		t.Error("one second forgave more than one failure")
	}
	now = now.Add(time.Hour)
	for range 3 {
		fail()
	}
}

func TestFailuresTakeBoundedMemory(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	l := limiter{burst: 3, refill: time.Second, now: func() time.Time { return now }}
	for i := range 3 * mostDebts {
		l.fail(strconv.Itoa(i))
	}
	if n := len(l.debts); n > mostDebts {
		t.Errorf("%d are remembered", n)
	}
}
