package conformance_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/mlstore/mlstore/conformance"
)

func TestNoLeak(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	tests := map[string]struct {
		use  func(context.Context, int) error
		want conformance.Verdict
		text string
	}{
		"clean": {
			func(context.Context, int) error {
				done := make(chan struct{})
				go close(done)
				<-done
				return nil
			}, conformance.Pass, "",
		},
		"goroutine": {
			func(context.Context, int) error {
				go func() { <-end }()
				return nil
			}, conformance.Fail, "60 goroutines",
		},
		"file": {
			func(context.Context, int) error {
				f, err := os.Open(os.DevNull)
				t.Cleanup(func() { f.Close() })
				return err
			}, conformance.Fail, "open files are left",
		},
		"error": {func(context.Context, int) error { return errors.New("broken") }, conformance.Fail, "broken"},
	}
	for name, tt := range tests { //nolint:paralleltest // they count the open files of the process
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat("/proc/self/fd"); err != nil && name == "file" {
				return // this system does not show them
			}
			r := run(t, one(func(t conformance.T, _ *env) { conformance.NoLeak(t, tt.use) }), opening(&box{}), conformance.Options{})
			wantVerdict(t, r, tt.want, tt.text)
		})
	}
}
