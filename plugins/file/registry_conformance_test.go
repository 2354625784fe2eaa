package file_test

import (
	"sync"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

func registryHarness() registrystore.Harness {
	var folders sync.Map // from the store to its folder
	open := func(t conformance.T, dir string, readOnly bool) core.RegistryStore {
		report := func(f file.Finding) { t.Errorf("finding: %+v", f) }
		r, err := file.NewRegistry(dir, file.RegistryOptions{Report: report, ReadOnly: readOnly})
		conformance.NoError(t, "NewRegistry", err)
		folders.Store(r, dir)
		return r
	}
	at := func(t conformance.T, dir string) core.RegistryStore { return open(t, dir, false) }
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
		ReadOnly: func(t conformance.T, first core.RegistryStore) core.RegistryStore { return open(t, root(first), true) },
		Faults: func(t conformance.T, first core.RegistryStore) (core.RegistryStore, conformance.Faults) {
			path := &fault.Path{}
			return path.Registry(at(t, root(first))), path
		},
	}
}

func TestRegistryConformance(t *testing.T) {
	t.Parallel()
	registrystore.Test(t, registryHarness(), func(o *conformance.Options) { o.Level = conformance.Extended })
}
