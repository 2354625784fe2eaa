package file_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

// artifactHarness opens repositories in folders of their own and remembers where.
func artifactHarness() (artifact.Harness, artifact.Root) {
	var folders sync.Map // from the store to its folder
	open := func(t conformance.T, dir string, readOnly bool) core.ArtifactRepository {
		a, err := file.NewArtifacts(dir, file.ArtifactsOptions{ReadOnly: readOnly})
		conformance.NoError(t, "NewArtifacts", err)
		folders.Store(a, dir)
		return a
	}
	at := func(t conformance.T, dir string) core.ArtifactRepository { return open(t, dir, false) }
	root := func(s core.ArtifactRepository) string {
		dir, _ := folders.Load(s)
		return dir.(string)
	}
	return artifact.Harness{
		Open: func(t conformance.T) core.ArtifactRepository { return at(t, filepath.Join(t.TempDir(), "artifacts")) },
		Second: func(t conformance.T, first core.ArtifactRepository) core.ArtifactRepository {
			return at(t, root(first))
		},
		Reopen: func(t conformance.T, old core.ArtifactRepository) core.ArtifactRepository {
			conformance.NoError(t, "Close", old.Close())
			return at(t, root(old))
		},
		ReadOnly: func(t conformance.T, first core.ArtifactRepository) core.ArtifactRepository {
			return open(t, root(first), true)
		},
		Faults: func(t conformance.T, first core.ArtifactRepository) (core.ArtifactRepository, conformance.Faults) {
			path := &fault.Path{}
			return path.Artifacts(at(t, root(first))), path
		},
	}, root
}

func TestArtifactsConformance(t *testing.T) {
	t.Parallel()
	harness, root := artifactHarness()
	artifact.TestLocal(t, harness, root, func(o *conformance.Options) { o.Level = conformance.Extended })
}
