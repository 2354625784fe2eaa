package s3_test

import (
	"sync"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/core"
)

// TestConformance holds repositories that are whole buckets to the suite.
func TestConformance(t *testing.T) {
	t.Parallel()
	shared := newFixture(t) // before the runner, which closes its stores when the test ends
	var buckets sync.Map    // from the store to how it is opened
	open := func(t conformance.T, f *fixture) core.ArtifactRepository {
		backend, err := f.opener.Open(t.Context(), f.request(""))
		conformance.NoError(t, "Open", err)
		buckets.Store(backend.Artifacts, f)
		return backend.Artifacts
	}
	of := func(s core.ArtifactRepository) *fixture {
		f, _ := buckets.Load(s)
		return f.(*fixture)
	}
	artifact.Test(t, artifact.Harness{
		Open: func(t conformance.T) core.ArtifactRepository { return open(t, shared.another()) },
		Second: func(t conformance.T, first core.ArtifactRepository) core.ArtifactRepository {
			return open(t, of(first))
		},
		Reopen: func(t conformance.T, old core.ArtifactRepository) core.ArtifactRepository {
			conformance.NoError(t, "Close", old.Close())
			return open(t, of(old))
		},
	}, func(o *conformance.Options) { o.Level = conformance.Extended })
}
