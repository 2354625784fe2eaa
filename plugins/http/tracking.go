package http

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// Tracking is the tracking store of a server. It is safe for concurrent use.
type Tracking struct{ handle }

// Describe says what the server's store promises, as far as it survives the way.
func (t *Tracking) Describe(ctx context.Context) (info core.Info, err error) {
	err = t.read(ctx, "describe store", t.name, func(ctx context.Context) error {
		p, err := t.profile(ctx)
		if err != nil {
			return err
		}
		info = core.Info{
			Name: "http", Version: Version, Contract: core.ContractVersion,
			Capabilities: core.CapabilitiesOf(t, promises(p.tracking)...), Limits: p.limits,
		}
		return nil
	})
	return info, err
}

// Ability answers for what the server has.
func (t *Tracking) Ability(target any) bool {
	p, err := t.profile(t.life)
	if err != nil {
		return false
	}
	has := func(c core.Capability) bool { return p.has(p.tracking, c) }
	return has(lineage) && core.Provide[core.Lineage](target, t) ||
		has(loggedModels) && core.Provide[core.LoggedModels](target, t) ||
		has(bulkHistory) && core.Provide[core.BulkHistory](target, t) ||
		has(sampledHistory) && core.Provide[core.SampledHistory](target, t)
}

// limits are those of the server.
func (t *Tracking) limits(ctx context.Context) (core.Limits, error) {
	p, err := t.profile(ctx)
	if err != nil {
		return core.Limits{}, err
	}
	return p.limits, nil
}
