package supervise

import (
	"strings"
	"testing"
	"time"
)

func TestPausesGrow(t *testing.T) {
	t.Parallel()
	b := breaker{timing: Timing{Crashes: -1}.filled()}
	now := time.Unix(1_700_000_000, 0)
	if wait, open := b.pause(now); wait != 0 || open != nil {
		t.Errorf("before any crash: %v, %v", wait, open)
	}
	for n, milliseconds := range []int{100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000} {
		most := time.Duration(milliseconds) * time.Millisecond
		b.crashed(now, time.Second, fault{})
		wait, open := b.pause(now)
		if wait < most/2 || wait > most || open != nil {
			t.Errorf("after crash %d: pause %v, circuit %v; want between %v and %v", n+1, wait, open, most/2, most)
		}
		if rest, _ := b.pause(now.Add(wait / 4)); rest > most*3/4+most/8 {
			t.Errorf("after a part of pause %v there are still %v", wait, rest)
		}
	}
	b.crashed(now.Add(time.Hour), time.Minute, fault{}) // it had lived long enough
	if wait, _ := b.pause(now.Add(time.Hour)); wait > 100*time.Millisecond {
		t.Errorf("after a healthy life: pause %v, want at most 100ms", wait)
	}
	if wait, _ := b.pause(now.Add(2 * time.Hour)); wait != 0 {
		t.Errorf("long after the last crash: pause %v", wait)
	}
}

func TestTheCircuitOpensAndCloses(t *testing.T) {
	t.Parallel()
	b := breaker{timing: Timing{}.filled()}
	now := time.Unix(1_700_000_000, 0)
	for n := range 5 {
		if _, open := b.pause(now); open != nil {
			t.Fatalf("after %d crashes the circuit is open", n)
		}
		b.crashed(now, 0, fault{plugin: "p", cause: "it fell", lines: []string{"ouch"}})
		now = now.Add(time.Second)
	}
	_, open := b.pause(now)
	if open == nil || open.after != 55*time.Second || !strings.Contains(open.Error(), "it fell") || !strings.Contains(open.Error(), "ouch") {
		t.Fatalf("after five crashes: %+v, want an open circuit for 55s that names the cause", open)
	}
	if _, open := b.pause(now.Add(55 * time.Second)); open != nil {
		t.Errorf("a minute after the first crash the circuit is still open: %v", open)
	}
	b.crashed(now.Add(55*time.Second), 0, fault{})
	if _, open := b.pause(now.Add(55 * time.Second)); open == nil {
		t.Error("another crash does not open it again")
	}
}
