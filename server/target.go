package server

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// target finds the resource that a need is about. What is missing is no error.
func (a *accounts) target(ctx context.Context, n need) (target, error) {
	switch n.kind { //nolint:exhaustive // those of accounts have no target
	case experimentKind:
		return experimentTarget(n), nil
	case experimentNamed:
		e, err := a.server.tracking.Experiment(ctx, core.ExperimentRef{Name: n.id})
		return missingOr(target{experiment: string(e.ID)}, err)
	case runKind, loggedModelKind:
		return a.childTarget(ctx, n)
	case modelKind, versionKind:
		return a.modelTarget(ctx, n)
	case artifactKind:
		return a.fileTarget(n.id), nil
	}
	return target{missing: true}, nil
}

// experimentTarget is an experiment. Whoever manages all of it manages what it holds.
func experimentTarget(n need) target {
	if n.permission == create {
		return target{creates: core.GrantExperiment}
	}
	t := target{experiment: n.id}
	if n.permission == manage {
		t.children = []string{core.GrantRun, core.GrantLoggedModel}
	}
	return t
}

// missingOr is the target, or a missing one when the error says so.
func missingOr(t target, err error) (target, error) {
	switch {
	case err == nil:
		return t, nil
	case errors.Is(err, core.ErrNotFound) || errors.Is(err, core.ErrInvalid):
		return target{missing: true}, nil // the handler says what is wrong, if the caller may know
	}
	return target{}, err
}

// childTarget is a run or logged model, which belongs to an experiment for ever.
func (a *accounts) childTarget(ctx context.Context, n need) (target, error) {
	child := core.GrantRun
	if n.kind == loggedModelKind {
		child = core.GrantLoggedModel
	}
	if n.permission == create {
		return target{experiment: n.id, children: []string{child}}, nil
	}
	if id, known := a.places.of(n); known {
		return target{experiment: id, children: []string{child}}, nil
	}
	experiment, err := a.experimentOf(ctx, n)
	if err == nil {
		a.places.keep(n, string(experiment))
	}
	return missingOr(target{experiment: string(experiment), children: []string{child}}, err)
}

func (a *accounts) experimentOf(ctx context.Context, n need) (core.ExperimentID, error) {
	if n.kind == runKind {
		run, err := a.server.tracking.Run(ctx, core.RunID(n.id))
		return run.ExperimentID, err
	}
	models, ok := core.As[core.LoggedModels](a.server.tracking)
	if !ok {
		return "", core.Missing("logged model", n.id)
	}
	model, err := models.LoggedModel(ctx, core.ModelID(n.id))
	return model.ExperimentID, err
}

// modelTarget is a registered model or a version of one.
func (a *accounts) modelTarget(ctx context.Context, n need) (target, error) {
	if n.permission == create && n.kind == modelKind {
		return target{creates: core.GrantModel, model: n.id}, nil
	}
	model, err := a.server.registry.Model(ctx, n.id)
	t := target{model: n.id, prompt: isPrompt(model.Tags)}
	if n.kind == versionKind || n.permission == manage {
		t.children = []string{versionGrant(t.prompt)}
	}
	return missingOr(t, err)
}

// fileTarget is what a path of the artifact proxy belongs to: <experiment>/<run>/artifacts/… or
// <experiment>/models/<model>/artifacts/…. The whole of it, and what lies elsewhere, is for those whom the default gives it.
func (a *accounts) fileTarget(path string) target {
	if a.server.checkProxied(path) != nil {
		return target{unnamed: true}
	}
	below := strings.Trim(path, "/")
	if root := a.server.proxiedRoot(); root != "" {
		rest, isBelow := strings.CutPrefix(below+"/", root+"/")
		if !isBelow {
			return target{unnamed: true}
		}
		below = strings.Trim(rest, "/")
	}
	parts := strings.Split(below, "/")
	if parts[0] == "" || strings.Trim(parts[0], "0123456789") != "" {
		return target{unnamed: true}
	}
	t := target{experiment: parts[0]}
	switch {
	case len(parts) == 1:
		t.children = []string{core.GrantRun, core.GrantLoggedModel}
	case parts[1] == "models":
		t.children = []string{core.GrantLoggedModel}
	default:
		t.children = []string{core.GrantRun}
	}
	return t
}

// proxiedRoot is the path of the artifact proxy below which experiments have their folders; empty is the whole.
func (s *Server) proxiedRoot() string {
	root, err := core.ParseURI(s.config.ArtifactRoot)
	if err != nil || root.Scheme() != proxyScheme {
		return ""
	}
	return strings.Trim(root.Path(), "/")
}

// places remembers which experiments runs and logged models belong to, which never changes.
type places struct {
	mu    sync.Mutex
	known map[placeKey]string
}

type placeKey struct {
	kind kind
	id   string
}

// mostPlaces bounds the memory, to some ten megabytes.
const mostPlaces = 100_000

func (p *places) of(n need) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, found := p.known[placeKey{n.kind, n.id}]
	return id, found
}

func (p *places) keep(n need, experiment string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || len(p.known) >= mostPlaces {
		p.known = map[placeKey]string{}
	}
	p.known[placeKey{n.kind, n.id}] = experiment
}

// ownFile reports whether a location lies where the server keeps artifacts of experiments, and which path of the artifact proxy
// stands for it.
func (s *Server) ownFile(location string) (path string, ours bool) {
	if location == "" {
		return "", false
	}
	u, err := core.ParseURI(location)
	if err != nil {
		return "", false // refused by the handler
	}
	if u.Scheme() == proxyScheme {
		return strings.Trim(u.Path(), "/"), true
	}
	if _, below, found := strings.Cut(u.Path(), proxyPath+"/"); found {
		return strings.Trim(below, "/"), true
	}
	if below, found := beneath(location, s.config.ArtifactsDestination); found {
		return below, true
	}
	below, found := beneath(location, s.config.ArtifactRoot)
	return below, found
}

// beneath is the rest of a location that lies below a root.
func beneath(location, root string) (string, bool) {
	if root == "" {
		return "", false
	}
	below, found := strings.CutPrefix(strings.TrimRight(location, "/")+"/", strings.TrimRight(root, "/")+"/")
	return strings.Trim(below, "/"), found
}
