package file_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

// Who opens a folder looks for runs that the dead have left half made. Those that somebody is making are none of them, also when
// they move to their place meanwhile.
func TestOpeningBesideNewRuns(t *testing.T) {
	t.Parallel()
	const runs, openers = 300, 4
	dir := t.TempDir()
	open := func() (core.TrackingStore, error) {
		return file.NewTracking(dir, file.TrackingOptions{Durability: file.Relaxed})
	}
	maker, err := open()
	if err != nil {
		t.Fatal(err)
	}
	var made atomic.Bool
	var all sync.WaitGroup
	all.Go(func() {
		defer made.Store(true)
		for range runs {
			if _, err := maker.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{Tags: map[string]string{"a": "b"}}); err != nil {
				t.Error(err)
			}
		}
	})
	for range openers {
		all.Go(func() {
			for !made.Load() && !t.Failed() {
				s, err := open()
				if err == nil {
					_, err = s.SearchRuns(t.Context(), core.RunQuery{Experiments: []core.ExperimentID{core.DefaultExperimentID}})
				}
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := maker.Close(); err != nil {
		t.Error(err)
	}
}
