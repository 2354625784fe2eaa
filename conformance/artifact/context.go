package artifact

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mlstore/mlstore/conformance"
)

func contextCases() []entry {
	return []entry{{
		ID: "AR-084", Name: "ctx/cancelled-before",
		Rule: "A call whose context has ended returns the context's error at once and has no effect.", Run: inYard(contextEnded),
	}}
}

func contextEnded(y *yard) {
	intact := y.canary()
	canceled, cancel := context.WithCancel(y.ctx)
	cancel()
	expired, cancel := context.WithDeadline(y.ctx, time.Now().Add(-time.Second))
	defer cancel()
	all := append(methods(), method{"Describe", func(ctx context.Context, s store, _ string) error {
		_, err := s.Describe(ctx)
		return err
	}})
	for _, m := range all {
		for ctx, want := range map[context.Context]error{canceled: context.Canceled, expired: context.DeadlineExceeded} {
			for _, name := range []string{"x", "a", "new"} {
				what := fmt.Sprintf("%s(%q) under a context that has ended", m.name, name)
				err := conformance.Ends(y, patience, what, func() error { return m.call(ctx, y.store, y.at(name)) })
				if !errors.Is(err, want) {
					y.Errorf("%s: got error %v, want %v", what, err, want)
				}
			}
		}
	}
	intact()
}
