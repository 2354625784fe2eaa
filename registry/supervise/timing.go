package supervise

import (
	"cmp"
	"time"
)

// Timing are the limits of waits. A zero is the default.
type Timing struct {
	Start time.Duration // until a program can be spoken to; 10 s
	Probe time.Duration // until a process must show that it lives; 2 s
	Watch time.Duration // between looks at a process whose calls make no progress; 2 s
	Drain time.Duration // until running calls have ended before a stop; 5 s
	Close time.Duration // until a process is gone, by force if need be; 8 s
	Read  time.Duration // until a call that reads must be answered; 30 s. Transfers of artifacts have no limit while they move
	Write time.Duration // until a call that changes must be answered; 60 s
	Stall time.Duration // until a frame of a stream must be taken or come; 2 min

	Backoff    time.Duration // pause after the first crash, doubled by each further one; 100 ms
	MaxBackoff time.Duration // longest pause; 10 s
	Healthy    time.Duration // how long a process must have lived to be counted as healthy again; 60 s
	Idle       time.Duration // until a process in which no store is open is stopped; 60 s. Below 0 is never

	// Crashes is how many crashes within Healthy open the circuit; 5. Below 0 is none.
	Crashes int
}

func (t Timing) filled() Timing {
	return Timing{
		Start: cmp.Or(t.Start, 10*time.Second), Probe: cmp.Or(t.Probe, 2*time.Second), Watch: cmp.Or(t.Watch, 2*time.Second),
		Drain: cmp.Or(t.Drain, 5*time.Second), Close: cmp.Or(t.Close, 8*time.Second),
		Read: cmp.Or(t.Read, 30*time.Second), Write: cmp.Or(t.Write, time.Minute), Stall: cmp.Or(t.Stall, 2*time.Minute),
		Backoff: cmp.Or(t.Backoff, 100*time.Millisecond), MaxBackoff: cmp.Or(t.MaxBackoff, 10*time.Second),
		Healthy: cmp.Or(t.Healthy, time.Minute), Idle: cmp.Or(t.Idle, time.Minute), Crashes: cmp.Or(t.Crashes, 5),
	}
}
