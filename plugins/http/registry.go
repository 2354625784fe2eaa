package http

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// Registry is the model registry of a server. It is safe for concurrent use.
type Registry struct{ handle }

// Describe says what the server's registry promises, as far as it survives the way.
func (r *Registry) Describe(ctx context.Context) (info core.Info, err error) {
	err = r.read(ctx, "describe registry", r.name, func(ctx context.Context) error {
		p, err := r.profile(ctx)
		if err != nil {
			return err
		}
		info = core.Info{
			Name: "http", Version: Version, Contract: core.ContractVersion,
			Capabilities: core.CapabilitiesOf(r, promises(p.registry)...), Limits: p.models,
		}
		return nil
	})
	return info, err
}

// Ability answers for what the server has.
func (r *Registry) Ability(target any) bool {
	p, err := r.profile(r.life)
	if err != nil {
		return false
	}
	return p.has(p.registry, aliases) && core.Provide[core.Aliases](target, r) ||
		p.has(p.registry, stages) && core.Provide[core.Stages](target, r)
}

// limits are those of the server.
func (r *Registry) limits(ctx context.Context) (core.Limits, error) {
	p, err := r.profile(ctx)
	if err != nil {
		return core.Limits{}, err
	}
	return p.models, nil
}
