package s3

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk"
)

// Version is that of this plugin.
const Version = "1.0.0"

// Plugin is what the program of this plugin serves.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name: "s3", Version: Version, License: "Apache-2.0", Schemes: schemes(), Env: environment(), Opener: &Opener{},
	}
}

// schemes describes what the opener opens.
func schemes() []core.ManifestScheme {
	scheme := core.ManifestScheme{
		Scheme: "s3", Kinds: []string{"artifacts"}, Form: "s3://bucket/prefix", RootShared: true,
		About:        "artifacts in S3 and in services that speak its protocol",
		Capabilities: core.CapabilitiesOf(&Artifacts{}, promises()...),
	}
	for _, o := range options() {
		scheme.Options = append(scheme.Options, o.ManifestOption)
	}
	scheme.Options = append(scheme.Options, secretOptions()...)
	return []core.ManifestScheme{scheme}
}

// environment names the variables that the opener and the AWS SDK read.
func environment() []string {
	names := []string{"AWS_*", "XDG_CACHE_HOME"}
	for _, o := range options() {
		if o.variable != "" {
			names = append(names, o.variable)
		}
	}
	return names
}
