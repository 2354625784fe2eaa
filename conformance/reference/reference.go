// Package reference has the harnesses of the reference store (core/mem) with every hook that a store in memory can have:
// the suites themselves, and whoever stands between a caller and a store, are tried on them first.
package reference

import (
	"fmt"
	"sync"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// Tracking opens tracking stores.
func Tracking() conformance.Harness[core.TrackingStore] {
	of := func(b core.Backend) core.TrackingStore { return b.Tracking }
	return harness(of, (*fault.Path).Tracking)
}

// Artifacts opens artifact repositories.
func Artifacts() conformance.Harness[core.ArtifactRepository] {
	of := func(b core.Backend) core.ArtifactRepository { return b.Artifacts }
	return harness(of, (*fault.Path).Artifacts)
}

// Registry opens registries.
func Registry() conformance.Harness[core.RegistryStore] {
	of := func(b core.Backend) core.RegistryStore { return b.Registry }
	return harness(of, (*fault.Path).Registry)
}

// Projects opens project backends, whose jobs mem.Projects drives.
func Projects() conformance.Harness[core.ProjectBackend] {
	of := func(b core.Backend) core.ProjectBackend { return b.Projects }
	return harness(of, (*fault.Path).Projects)
}

// harness opens data of their own, and whatever handles the suite wants on them.
func harness[S core.Store](of func(core.Backend) S, over func(*fault.Path, S) S) conformance.Harness[S] {
	var mu sync.Mutex
	opener, sets, names := mem.NewOpener(), 0, map[core.Store]string{}
	open := func(t conformance.T, name string, readOnly bool) S {
		t.Helper()
		uri, err := core.ParseURI("mem://" + name)
		conformance.NoError(t, "ParseURI", err)
		b, err := opener.Open(t.Context(), core.OpenRequest{URI: uri, ReadOnly: readOnly})
		conformance.NoError(t, "opening "+name, err)
		s := of(b)
		mu.Lock()
		defer mu.Unlock()
		names[s] = name
		return s
	}
	nameOf := func(s S) string {
		mu.Lock()
		defer mu.Unlock()
		return names[s]
	}
	return conformance.Harness[S]{
		Open: func(t conformance.T) S {
			mu.Lock()
			sets++
			name := fmt.Sprintf("set%d", sets)
			mu.Unlock()
			return open(t, name, false)
		},
		Second: func(t conformance.T, first S) S { return open(t, nameOf(first), false) },
		Reopen: func(t conformance.T, old S) S {
			conformance.NoError(t, "Close", old.Close())
			return open(t, nameOf(old), false)
		},
		ReadOnly: func(t conformance.T, first S) S { return open(t, nameOf(first), true) },
		Restart:  func(conformance.T, S) {}, // there is nothing between a handle and the data that could end
		Faults: func(t conformance.T, first S) (S, conformance.Faults) {
			path := &fault.Path{}
			return over(path, open(t, nameOf(first), false)), path
		},
	}
}
