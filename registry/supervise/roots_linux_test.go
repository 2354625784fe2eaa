package supervise_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry"
)

// TestTenThousandRootsShareOneInstance opens the artifact roots of as many runs in one bucket.
func TestTenThousandRootsShareOneInstance(t *testing.T) {
	t.Parallel()
	const roots = 10_000
	h := newHost(t, "mem")
	r := registry.New(nil)
	check(t, r.Handle("mem", registry.Rule{Opener: h.Plugin, Kinds: []registry.Kind{registry.Artifacts}, Mount: registry.ByAuthority}))
	root := func(n int) core.ArtifactRepository {
		uri, err := core.ParseURI(fmt.Sprintf("mem://bucket/0/run%d/artifacts", n))
		check(t, err)
		repository, err := r.Artifacts(t.Context(), uri, registry.Settings{})
		check(t, err)
		return repository
	}
	all := make([]core.ArtifactRepository, roots)
	for i := range all {
		all[i] = root(i)
	}
	if st := h.status(); st.Starts != 1 || st.Open != 1 || st.Calls > 3 {
		t.Errorf("status %+v: want one process, one instance and no call a root", st)
	}
	_, err := all[7].Put(t.Context(), "a.txt", strings.NewReader("seven"), core.PutOptions{})
	check(t, err)
	f, err := root(7).Open(t.Context(), "a.txt", core.ReadOptions{})
	check(t, err)
	text, err := io.ReadAll(f)
	check(t, err)
	check(t, f.Close())
	if string(text) != "seven" {
		t.Errorf("got %q", text)
	}
	var closing sync.WaitGroup
	for _, repository := range all {
		closing.Go(func() { check(t, repository.Close()) })
	}
	closing.Wait()
}
