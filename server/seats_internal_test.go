package server

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlstore/mlstore/core"
)

func TestWhoFindsNoSeatWaitsAndNotForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSeats(2, time.Second)
		leave := make([]func(), 2)
		for i := range leave {
			var err error
			leave[i], err = s.take(t.Context(), "")
			check(t, err)
		}
		start := time.Now()
		_, err := s.take(t.Context(), "")
		e, _ := errors.AsType[*core.Error](err)
		if !errors.Is(err, core.ErrExhausted) || e.RetryAfter < time.Second || time.Since(start) != time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}

		var order []int // in which they came, they are served
		for i := range 2 * waitingPerSeat {
			go func() {
				leave, err := s.take(t.Context(), "")
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, i)
				leave()
			}()
			synctest.Wait()
		}
		start = time.Now()
		if _, err := s.take(t.Context(), ""); !errors.Is(err, core.ErrExhausted) || time.Since(start) != 0 {
			t.Errorf("one too many: after %v: %v", time.Since(start), err)
		}
		leave[0]()
		synctest.Wait()
		for i, n := range order {
			if i != n {
				t.Fatalf("served in the order %v", order)
			}
		}
		if len(order) != 2*waitingPerSeat {
			t.Errorf("%d were served", len(order))
		}

		_, err = s.take(t.Context(), "")
		check(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.take(ctx, ""); !errors.Is(err, context.Canceled) {
			t.Errorf("a client that has gone: %v", err)
		}
		if len(s.waiting) != 0 {
			t.Errorf("%d still wait", len(s.waiting))
		}
	})
}

func TestNobodyTakesAllSeats(t *testing.T) {
	t.Parallel()
	s := newSeats(4, time.Minute)
	var leave func()
	for range 2 {
		var err error
		leave, err = s.take(t.Context(), "ann")
		check(t, err)
	}
	_, err := s.take(t.Context(), "ann")
	if e, ok := errors.AsType[*core.Error](err); !ok || !errors.Is(err, core.ErrExhausted) || e.RetryAfter == 0 {
		t.Errorf("a third for the same: %v", err)
	}
	if _, err := s.take(t.Context(), "ben"); err != nil {
		t.Error(err)
	}
	leave()
	if _, err := s.take(t.Context(), "ann"); err != nil {
		t.Errorf("after one was given back: %v", err)
	}
	if one := newSeats(1, 0); one.count("ann") != nil {
		t.Error("the only seat is for nobody")
	}
}
