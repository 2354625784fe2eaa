package boundary

import (
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// Tracking is the table for tracking stores.
func Tracking(h Hooks[core.TrackingStore]) conformance.Suite[core.TrackingStore] {
	return trackingKind().suite(h)
}

// Artifacts is the table for artifact repositories.
func Artifacts(h Hooks[core.ArtifactRepository]) conformance.Suite[core.ArtifactRepository] {
	return artifactKind().suite(h)
}

// Registry is the table for registries.
func Registry(h Hooks[core.RegistryStore]) conformance.Suite[core.RegistryStore] {
	return registryKind().suite(h)
}

// Projects is the table for project backends.
func Projects(h Hooks[core.ProjectBackend]) conformance.Suite[core.ProjectBackend] {
	return projectKind().suite(h)
}

// Entries describes the cases apart from any kind of store, for listings.
func Entries() []conformance.Entry {
	entries := Artifacts(Hooks[core.ArtifactRepository]{}).Entries()
	for i := range entries {
		entries[i].Kind = "boundary"
	}
	return entries
}

// Test holds a store to a table, as parallel subtests of t.
func Test[S core.Store](
	t *testing.T, s conformance.Suite[S], h conformance.Harness[S], options ...func(*conformance.Options),
) {
	t.Helper()
	var o conformance.Options
	for _, option := range options {
		option(&o)
	}
	conformance.RunTests(t, s, h, o)
}
