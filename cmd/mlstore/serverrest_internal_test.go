package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestRestComesSoonAfterTheStartAndOnceAfterEachTimeOfRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var rests atomic.Int64
		r := &rest{back: func() { rests.Add(1) }}
		served := 0
		handler := r.watch(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ }))
		ask := func() { handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/health", nil)) }
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r.run(ctx)
		}()
		after := func(d time.Duration, want int64, when string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if got := rests.Load(); got != want {
				t.Fatalf("%s: %d rests, want %d", when, got, want)
			}
		}
		ask()
		after(firstRest+time.Millisecond, 0, "there was a request in the first second")
		after(firstRest, 1, "there was none in the next")
		after(time.Hour, 1, "nobody has asked since")
		for range 100 {
			ask()
			after(laterRest/2, 1, "somebody asks every half minute")
		}
		after(3*laterRest, 2, "nobody asks any more")
		after(time.Hour, 2, "nobody has asked since")
		if served != 101 {
			t.Errorf("%d requests were served, want 101", served)
		}
		cancel()
		<-ended
	})
}
