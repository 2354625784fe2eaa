package main

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// rest gives the system memory back while nobody asks: what the collector keeps for more of the same, and the pages of the
// program's file that its start or a burst of requests went through.
type rest struct {
	asked atomic.Int64 // how many requests there were
	back  func()       // gives memory back; nil is giveBack
}

// watch counts the requests.
func (r *rest) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.asked.Add(1)
		next.ServeHTTP(w, request)
	})
}

// The first rest comes soon, for a start leaves most behind. The later ones are rare: who asks every few seconds, as probes do,
// shall not find everything put away each time.
const (
	firstRest = time.Second
	laterRest = time.Minute
)

// run gives memory back when the server has started and then whenever a time of requests is over, until ctx ends.
func (r *rest) run(ctx context.Context) {
	back := r.back
	if back == nil {
		back = giveBack
	}
	ticker := time.NewTicker(firstRest)
	defer ticker.Stop()
	seen, used := int64(0), true
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		asked := r.asked.Load()
		switch {
		case asked != seen:
			seen, used = asked, true
		case used:
			back()
			used = false
			ticker.Reset(laterRest)
		}
	}
}
