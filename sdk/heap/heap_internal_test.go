package heap

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// inForce is by how much the heap grows from one collection to the next.
func inForce() int {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

func TestPercent(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	s := &setting{least: 16 * mib}
	for live, want := range map[int64]int{0: 400, mib: 400, 3 * mib: 400, 4 * mib: 300, 6 * mib: 150, 8 * mib: 100, 100 * mib: 100} {
		if got := s.after(live); got != want {
			t.Errorf("a heap of %d MiB grows by %d%%, want %d%%", live/mib, got, want)
		}
	}
}

func TestWhatTheEnvironmentSaysHolds(t *testing.T) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOGC", "")
			t.Setenv("GOMEMLIMIT", "")
			t.Setenv(name, "123")
			before := inForce()
			Patient(Served)
			if got := inForce(); got != before {
				t.Errorf("the heap grows by %d%%, want %d%%", got, before)
			}
		})
	}
}

// What is live decides, up and down again.
func TestPatient(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	Patient(Served)
	if got := inForce(); got != 200 {
		t.Errorf("at first the heap grows by %d%%, want 200%%", got)
	}
	held := make([]byte, 20<<20)
	reach(t, usual)
	runtime.KeepAlive(held)
	reach(t, 200)
}

// reach collects until the heap grows by so much.
func reach(t *testing.T, want int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); inForce() != want; {
		if runtime.GC(); time.Now().After(end) {
			t.Fatalf("the heap grows by %d%%, want %d%%", inForce(), want)
		}
	}
}
