package mem

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// Opener opens stores in memory by URI: `mem:` or `mem://name`. A name stands for one set of data for as long as the opener
// lives; openings of it share the data. A path, as in the artifact URI of a run, `mem://name/1/<run>/artifacts`, opens the
// artifacts below it, and no other kind of store. The zero value is ready to use, and it is safe for concurrent use.
type Opener struct {
	mu   sync.Mutex
	sets map[string]*dataSet
}

// dataSet is what one name stands for.
type dataSet struct {
	tracking  *trackingData
	artifacts *artifactData
	registry  *registryData
	projects  *projectData
}

// NewOpener makes an opener without data.
func NewOpener() *Opener { return &Opener{} }

// Open opens the data of the URI's name, and makes them first if it must. A scheme other than mem, userinfo, a query or a
// fragment, and options, secrets or a workspace, of which this store has none, are ErrInvalid.
func (o *Opener) Open(ctx context.Context, request core.OpenRequest) (_ core.Backend, err error) {
	defer named(&err, "open", request.URI.String())
	if err := core.Interrupted(ctx); err != nil {
		return core.Backend{}, err
	}
	if err := checkRequest(request); err != nil {
		return core.Backend{}, err
	}
	root := strings.Trim(request.URI.Path(), "/")
	if root != "" {
		if err := core.CheckArtifactPath(root); err != nil {
			return core.Backend{}, err
		}
	}
	set := o.set(request.URI.Host())
	artifacts := openArtifacts(set.artifacts)
	artifacts.readOnly = request.ReadOnly
	if root != "" {
		artifacts.root = path.Clean(root) + "/"
		return core.Backend{Artifacts: artifacts}, nil
	}
	tracking, registry, projects := openTracking(set.tracking), openRegistry(set.registry), openProjects(set.projects)
	tracking.readOnly, registry.readOnly, projects.readOnly = request.ReadOnly, request.ReadOnly, request.ReadOnly
	return core.Backend{Tracking: tracking, Artifacts: artifacts, Registry: registry, Projects: projects}, nil
}

func checkRequest(request core.OpenRequest) error {
	uri := request.URI
	switch {
	case uri.Scheme() != "mem":
		return core.Invalid("uri", "%s is not a URI of the store mem: write mem: or mem://name", uri)
	case !uri.Credential().IsZero() || uri.User() != "":
		return core.Invalid("uri", "a mem URI takes no user or password: %s", uri)
	case uri.Query() != "" || uri.Fragment() != "":
		return core.Invalid("uri", "a mem URI takes no query or fragment: %s", uri)
	case request.Workspace != "":
		return core.Invalid("workspace", "the store mem has no workspaces, such as %q", request.Workspace)
	}
	if names := slices.Sorted(maps.Keys(request.Options)); len(names) > 0 {
		return core.Invalid(names[0], "the store mem has no option %q", names[0])
	}
	if names := slices.Sorted(maps.Keys(request.Secrets)); len(names) > 0 {
		return core.Invalid(names[0], "the store mem has no secret %q", names[0])
	}
	return nil
}

// set returns the data of a name.
func (o *Opener) set(name string) *dataSet {
	o.mu.Lock()
	defer o.mu.Unlock()
	set := o.sets[name]
	if set != nil {
		return set
	}
	root := "mem:/"
	if name != "" {
		root = "mem://" + name
	}
	set = &dataSet{
		tracking: newTrackingData(root), artifacts: &artifactData{}, registry: newRegistryData(), projects: newProjectData(),
	}
	if o.sets == nil {
		o.sets = map[string]*dataSet{}
	}
	o.sets[name] = set
	return set
}
