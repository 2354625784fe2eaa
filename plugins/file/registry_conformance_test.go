package file_test

import (
	"sync"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

func registryHarness() registrystore.Harness {
	var folders sync.Map // from the store to its folder
	at := func(t conformance.T, dir string) core.RegistryStore {
		r, err := file.NewRegistry(dir, file.RegistryOptions{Report: func(f file.Finding) { t.Errorf("finding: %+v", f) }})
		conformance.NoError(t, "NewRegistry", err)
		folders.Store(r, dir)
		return r
	}
	root := func(s core.RegistryStore) string {
		dir, _ := folders.Load(s)
		return dir.(string)
	}
	return registrystore.Harness{
		Open:   func(t conformance.T) core.RegistryStore { return at(t, t.TempDir()) },
		Second: func(t conformance.T, first core.RegistryStore) core.RegistryStore { return at(t, root(first)) },
		Reopen: func(t conformance.T, old core.RegistryStore) core.RegistryStore {
			conformance.NoError(t, "Close", old.Close())
			return at(t, root(old))
		},
	}
}

func TestRegistryConformance(t *testing.T) {
	t.Parallel()
	registrystore.Test(t, registryHarness(), func(o *conformance.Options) { o.Level = conformance.Extended })
}
