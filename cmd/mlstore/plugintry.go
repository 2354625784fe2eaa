package main

import (
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/registry/discover"
	"github.com/mlstore/mlstore/registry/supervise"
)

// triedPlugin is a plugin whose stores a suite runs on. One process serves all that is opened.
type triedPlugin struct {
	*supervise.Supervisor
	program  supervise.Program
	manifest core.Manifest
	log      *journal
}

// try makes a plugin ready to be started.
func (a *app) try(program supervise.Program, m core.Manifest) *triedPlugin {
	log := &journal{}
	return &triedPlugin{supervise.New(supervise.Options{Logger: log.logger(a.logger())}), program, m, log}
}

// pluginFor is the plugin that serves the URI: the one of that program, or else the one that is installed for its scheme. It is
// nil when that is linked in, or nobody's.
func (a *app) pluginFor(ctx context.Context, uri core.URI, program string) (*triedPlugin, error) {
	if program != "" {
		return a.tryPlugin(ctx, program)
	}
	linked, err := embedded.New()
	if err != nil || uri.Scheme() == "" || slices.Contains(linked.Schemes(), uri.Scheme()) {
		return nil, err
	}
	found, err := a.plugins(ctx)
	if err != nil {
		return nil, err
	}
	c, err := found.For(uri.Scheme(), "")
	switch {
	case core.ReasonOf(err) == discover.ReasonNotFound:
		return nil, nil //nolint:nilnil // the resolver's error for a scheme of nobody says what to do
	case err != nil:
		return nil, err
	}
	return a.try(supervise.ProgramOf(c), c.Manifest), nil
}

// tryPlugin reads the manifest of a program: the one beside it, else the one that it prints.
func (a *app) tryPlugin(ctx context.Context, path string) (*triedPlugin, error) {
	source, err := pluginSource(ctx, path, false)
	if core.CodeOf(err) == core.NotFound {
		source, err = pluginSource(ctx, path, true)
	}
	if err != nil {
		return nil, err
	}
	m, err := discover.Parse(source.Manifest)
	if err != nil {
		return nil, err
	}
	program := supervise.Program{Name: m.Name, Path: source.Program, Env: m.Env}
	if len(m.Command) > 0 {
		program.Args = m.Command[1:]
	}
	return a.try(program, m), nil
}

// resolver makes a resolver that knows the plugin's schemes besides those that are linked in.
func (p *triedPlugin) resolver() (*registry.Resolver, error) {
	var options []embedded.Option
	for _, s := range p.manifest.Schemes {
		rule := registry.Rule{Opener: p.Plugin(p.program), Form: s.Form, About: s.About, Origin: p.program.Path}
		for _, kind := range s.Kinds {
			rule.Kinds = append(rule.Kinds, registry.Kind(kind))
		}
		if s.RootShared {
			rule.Mount = registry.ByAuthority
		}
		options = append(options, embedded.With(s.Scheme, rule))
	}
	return embedded.New(options...)
}
