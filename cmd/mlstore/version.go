package main

import (
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
)

// build says which mlstore this is.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Contract string `json:"contract"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func version() build {
	b := build{
		Version: "(devel)", Contract: core.ContractVersion, Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	var dirty bool
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			dirty = s.Value == "true"
		}
	}
	if dirty && b.Commit != "" && !strings.HasSuffix(b.Version, "dirty") {
		b.Commit += " (modified)"
	}
	return b
}

func buildListing() listing[build] {
	return listing[build]{
		columns: []column[build]{
			{"mlstore", func(b build) string { return b.Version }},
			{"commit", func(b build) string { return b.Commit }},
			{"contract", func(b build) string { return b.Contract }},
			{"go", func(b build) string { return b.Go }},
			{"platform", func(b build) string { return b.Platform }},
		},
		object: func(b build) any { return b },
	}
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version of mlstore", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return buildListing().showOne(a, version()) },
	}
}
