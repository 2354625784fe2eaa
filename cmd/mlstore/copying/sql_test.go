package copying_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/cmd/mlstore/copying"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/postgres"
	"github.com/mlstore/mlstore/plugins/sqlite"
)

// opened opens the stores of a URI until the test ends.
func opened(t *testing.T, opener core.Opener, text string) copying.End {
	t.Helper()
	uri, err := core.ParseURI(text)
	must(t, err)
	b, err := opener.Open(t.Context(), core.OpenRequest{URI: uri})
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	return copying.End{Tracking: b.Tracking, Registry: b.Registry}
}

func TestDatabasesThereAndBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opener core.Opener
		uri    func(t *testing.T) string
		mapped int // experiments whose id does not fit
	}{
		"sqlite": {sqlite.Opener{}, func(t *testing.T) string {
			t.Helper()
			return "sqlite:///" + filepath.ToSlash(filepath.Join(t.TempDir(), "mlflow.db"))
		}, 0},
		"postgres": {postgres.Opener{}, func(t *testing.T) string {
			t.Helper()
			return testenv.Postgres(t)
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, target, back := memory(), opened(t, c.opener, c.uri(t)), memory()
			fill(t, source, "s3://bucket/root")
			first := copyAll(t, source, target, copying.Options{})
			if diff := cmp.Diff(everything, first.Counts); diff != "" || len(first.Mapped) != c.mapped || !first.Verified {
				t.Errorf("mapped %v, verified %v, counts (-want +got):\n%s", first.Mapped, first.Verified, diff)
			}
			if second := copyAll(t, source, target, copying.Options{}); second.Written != (copying.Counts{}) || !second.Verified {
				t.Errorf("a second copy: %+v", second)
			}
			copyAll(t, target, back, copying.Options{})
			if third := copyAll(t, source, back, copying.Options{DryRun: true}); third.Written != (copying.Counts{}) {
				t.Errorf("there and back again differs: %+v", third.Written)
			}
			if diff := cmp.Diff(dump(t, source), dump(t, back)); diff != "" {
				t.Errorf("there and back again (-before +after):\n%s", diff)
			}
			run := core.RunID(fmt.Sprintf("%032x", 102))
			if r, err := target.Tracking.Run(t.Context(), run); err != nil || r.Lifecycle != core.Deleted {
				t.Errorf("run of a deleted experiment: %+v, error %v", r.RunInfo, err)
			}
		})
	}
}
