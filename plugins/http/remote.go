package http

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
	"github.com/mlstore/mlstore/rest"
)

// profile is what a server is and promises.
type profile struct {
	version  string // as it says; empty for one that does not
	ours     bool
	tracking []core.Capability // of its tracking store, as far as they survive the way
	registry []core.Capability // of its registry, likewise
	files    []core.Capability // of the files that it serves, likewise
	limits   core.Limits
	models   core.Limits // of the registry
	passes   passes
}

// profile asks the server once what it is.
func (r *remote) profile(ctx context.Context) (*profile, error) {
	if p := r.known.Load(); p != nil {
		return p, nil
	}
	r.asking.Lock()
	defer r.asking.Unlock()
	if p := r.known.Load(); p != nil {
		return p, nil
	}
	p, err := r.probe(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask %s what it is: %w", r.name, err)
	}
	r.known.Store(p)
	return p, nil
}

func (r *remote) probe(ctx context.Context) (*profile, error) {
	version, err := r.version(ctx)
	if err != nil {
		return nil, err
	}
	var info rest.ServerInfoAnswer
	err = r.call(ctx, restclient.Call{Endpoint: rest.ServerInfo, Out: &info})
	if err == nil && info.Mlstore != nil {
		return &profile{
			version: version, ours: true,
			limits: sane(info.Mlstore.TrackingLimits), models: sane(info.Mlstore.RegistryLimits),
			tracking: passing(info.Mlstore.Tracking), registry: passing(info.Mlstore.Registry),
			files: passing(info.Mlstore.Artifacts), passes: passesOf(info),
		}, nil
	}
	if unreachable(err) {
		return nil, err
	}
	p := mlflow(version) // one without server-info, or with something else there, is an older one
	p.passes = passesOf(info)
	return p, nil
}

// sane are the limits that a server tells, unless they make no sense.
func sane(told *core.Limits) core.Limits {
	if told == nil {
		return core.DefaultLimits()
	}
	for _, b := range []core.Bound{
		told.ExperimentPage, told.RunPage, told.HistoryPage, told.SampledHistory, told.ModelPage, told.VersionPage,
		told.LoggedPage, told.ArtifactPage,
	} {
		if b.Default < 1 || b.Max < b.Default {
			return core.DefaultLimits()
		}
	}
	return *told
}

// unreachable reports an error that says nothing of what the server is.
func unreachable(err error) bool {
	switch core.CodeOf(err) { //nolint:exhaustive // the others are answers
	case core.Unavailable, core.Canceled, core.DeadlineExceeded:
		return true
	}
	return false
}

// version asks for the release of MLflow that the server is, or whose API it speaks.
func (r *remote) version(ctx context.Context) (string, error) {
	answer, err := r.client.Send(ctx, restclient.Request{Method: http.MethodGet, Path: "/version"})
	if refusedAs(err, core.ReasonEndpointNotFound) { // before 1.29
		return "", nil
	}
	if err != nil {
		return "", err
	}
	const most = 64
	text, err := answer.All(most)
	if err != nil && unreachable(err) {
		return "", err
	}
	version := strings.TrimSpace(string(text))
	if err != nil || !regexp.MustCompile(`^\d+\.\d+[0-9A-Za-z.+-]*$`).MatchString(version) {
		return "", core.Errorf(core.FailedPrecondition, "it does not answer as an MLflow server does: is the URI right, and its path?")
	}
	return version, nil
}

// passing are the capabilities that survive the way over REST. A change of several tags takes several requests, so that
// AtomicBatch is none; MLflow's API has neither a key of idempotency nor a user of a version.
func passing(declared []core.Capability) []core.Capability {
	survive := []core.Capability{
		core.ArtifactVerbatim, core.PutAtomic, core.PagesKeyset, core.FloatInf, core.FloatNegativeZero, core.HistoryMissingRun,
		core.SearchNative,
		core.DefaultExperiment, core.MetricDataset, core.MetricNaNOrder, aliases, bulkHistory, lineage, loggedModels,
		sampledHistory, stages, core.ExperimentTagDelete, core.VersionTouchesModel,
	}
	return slices.DeleteFunc(slices.Clone(declared), func(c core.Capability) bool { return !slices.Contains(survive, c) })
}

// The names of the abilities that a server may have.
const (
	aliases        core.Capability = "aliases"
	bulkHistory    core.Capability = "bulk_history"
	lineage        core.Capability = "lineage"
	loggedModels   core.Capability = "logged_models"
	sampledHistory core.Capability = "sampled_history"
	stages         core.Capability = "stages"
)

// mlflow is the profile of MLflow's own server of a release, over whichever store.
func mlflow(version string) *profile {
	p := &profile{version: version, limits: core.DefaultLimits()}
	p.tracking = []core.Capability{core.SearchNative}
	p.registry = []core.Capability{core.SearchNative, stages}
	since := func(to *[]core.Capability, major, minor int, names ...core.Capability) {
		if p.since(major, minor) {
			*to = append(*to, names...)
		}
	}
	since(&p.tracking, 2, 9, bulkHistory)
	since(&p.tracking, 3, 0, core.ExperimentTagDelete, lineage, loggedModels)
	since(&p.tracking, 3, 15, sampledHistory)
	since(&p.registry, 2, 3, aliases)
	since(&p.files, 3, 15, core.PutAtomic)
	if !p.since(3, 16) {
		p.limits.ExperimentTag = 5000
	}
	if !p.since(3, 0) {
		p.limits.ModelTag, p.limits.VersionTag = 5000, 5000
	}
	if !p.since(2, 0) {
		p.limits.ParamValue, p.limits.RunTag = 250, 5000
	}
	p.models = p.limits
	return p
}

// since reports whether the server is of this release or a newer one.
func (p *profile) since(major, minor int) bool {
	first, rest, _ := strings.Cut(p.version, ".")
	second, _, _ := strings.Cut(rest, ".")
	m, err := strconv.Atoi(first)
	n, bad := strconv.Atoi(second)
	if errors.Join(err, bad) != nil {
		return false
	}
	return m > major || m == major && n >= minor
}

func (p *profile) has(list []core.Capability, c core.Capability) bool {
	return slices.Contains(list, c)
}

// promises are the capabilities of a list that are no abilities.
func promises(list []core.Capability) []core.Capability {
	return slices.DeleteFunc(slices.Clone(list), func(c core.Capability) bool {
		return slices.Contains(core.AbilityNames(), c)
	})
}
