package main

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// percent is how much the heap grows from one collection to the next.
func percent() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

//nolint:paralleltest // of the whole process
func TestPatientUntilTheFirstCollection(t *testing.T) {
	usual := percent()
	beginPatiently(func(string) string { return "100" })
	if got := percent(); got != usual {
		t.Errorf("with GOGC set the heap grows by %d%%, want %d%%", got, usual)
	}
	beginPatiently(func(string) string { return "" })
	if got := percent(); got != 400 {
		t.Errorf("at first the heap grows by %d%%, want 400%%", got)
	}
	for end := time.Now().Add(10 * time.Second); percent() != usual && time.Now().Before(end); {
		runtime.GC()
	}
	if got := percent(); got != usual {
		t.Errorf("after a collection the heap grows by %d%%, want %d%%", got, usual)
	}
}
