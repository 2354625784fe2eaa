package sdk

import (
	"encoding/json"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// Version is the version of this package, which is that of the module.
const Version = "0.1.0"

// Plugin is what an author writes: what the plugin is, and what opens its stores. Name, Version, Schemes and Opener are
// needed.
type Plugin struct {
	Name     string // such as "s3": lower-case letters, digits, '-'
	Version  string // of the plugin
	Homepage string
	License  string // SPDX expression

	Schemes []core.ManifestScheme // of the URIs that it serves
	Env     []string              // names of the environment variables that it wants to see; NAME_* is a prefix

	Opener core.Opener
}

// Manifest describes the plugin. Its JSON form is the file that lies beside the program.
func (p Plugin) Manifest() core.Manifest {
	return core.Manifest{
		Format: core.ManifestFormat, Name: p.Name, Version: p.Version, SDK: "go/" + Version, Contract: core.ContractVersion,
		Homepage: p.Homepage, License: p.License, Services: p.services(), Schemes: p.Schemes, Env: p.Env,
	}
}

// services lists the packages of the wire that the plugin serves: those of every plugin, and those of its kinds of store.
func (p Plugin) services() []string {
	all := []string{"mlstore.plugin.v1"}
	for _, kind := range []struct{ name, service string }{
		{"tracking", "mlstore.tracking.v1"},
		{"artifacts", "mlstore.artifact.v1"},
		{"registry", "mlstore.registry.v1"},
		{"projects", "mlstore.project.v1"},
	} {
		if slices.ContainsFunc(p.Schemes, func(s core.ManifestScheme) bool { return slices.Contains(s.Kinds, kind.name) }) {
			all = append(all, kind.service)
		}
	}
	return all
}

// check refuses a plugin that no host could use.
func (p Plugin) check() error {
	if p.Opener == nil {
		return core.Invalid("opener", "the plugin %q has no Opener: set Plugin.Opener", p.Name)
	}
	return p.Manifest().Check()
}

// describe is the manifest as text.
func (p Plugin) describe() (string, error) {
	text, err := json.MarshalIndent(p.Manifest(), "", "  ")
	return string(text) + "\n", err
}
