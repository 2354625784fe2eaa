package core

// Manifest describes a program that serves stores. Its JSON form lies beside the program as `<program>.json`, so that
// finding a store runs nothing; the program prints the same for the argument `describe` and answers it on the wire.
type Manifest struct {
	Format   int      `json:"format"`   // of the manifest itself: ManifestFormat
	Name     string   `json:"name"`     // of the plugin, such as "s3": lower-case letters, digits, '-'
	Version  string   `json:"version"`  // of the plugin
	SDK      string   `json:"sdk"`      // what it was built with, such as "go/1.0.0"
	Contract string   `json:"contract"` // ContractVersion that it was written for
	Homepage string   `json:"homepage,omitempty"`
	License  string   `json:"license,omitempty"` // SPDX expression
	Services []string `json:"services"`          // of the wire, with their major version, such as "mlstore.tracking.v1"

	// Command starts it, relative to the manifest's folder; empty is the program beside the manifest.
	Command []string         `json:"command,omitempty"`
	Schemes []ManifestScheme `json:"schemes"`
	Env     []string         `json:"env,omitempty"` // names of the environment variables it wants to see; NAME_* is a prefix
}

// ManifestFormat is the format of the manifests that this package reads and writes.
const ManifestFormat = 1

// ManifestScheme is one URI scheme that a plugin serves.
type ManifestScheme struct {
	Scheme       string           `json:"scheme"`                 // lower case, or a bare name for project backends
	Kinds        []string         `json:"kinds"`                  // of "tracking", "artifacts", "registry", "projects"
	Form         string           `json:"form,omitempty"`         // how a URI looks, such as "s3://bucket/prefix"
	About        string           `json:"about,omitempty"`        // one line for people
	RootShared   bool             `json:"root_shared,omitempty"`  // artifact roots below one authority are views of one instance
	Capabilities []Capability     `json:"capabilities,omitempty"` // what every store of the scheme declares; Open tells the rest
	Options      []ManifestOption `json:"options,omitempty"`
}

// ManifestOption is an option that an OpenRequest may carry for a scheme.
type ManifestOption struct {
	Name     string `json:"name"`
	About    string `json:"about,omitempty"`
	Default  string `json:"default,omitempty"` // "./…" is a path below the working directory of the host, which sends it
	Required bool   `json:"required,omitempty"`
	Secret   bool   `json:"secret,omitempty"` // comes in OpenRequest.Secrets
}
