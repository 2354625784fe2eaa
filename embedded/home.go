package embedded

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"os"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// atHome opens the stores of a plugin whose options name local paths. A plugin's process works in a folder of its own, which
// goes with it: so what is relative is made absolute here, where it means what the user meant. These are the options whose
// default in the manifest begins with "./".
type atHome struct {
	core.Opener

	options []core.ManifestOption
}

// Open gives the plugin the options, also those that it would take from the URI's query, and their defaults.
func (h atHome) Open(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
	dir, err := os.Getwd()
	if err != nil {
		return core.Backend{}, core.Errorf(core.FailedPrecondition, "the working directory is unknown: %w", err)
	}
	query, _ := url.ParseQuery(request.URI.Query()) // the plugin says what is wrong with it
	options := maps.Clone(request.Options)
	if options == nil {
		options = map[string]string{}
	}
	for _, o := range h.options {
		if isLocal(o) {
			options[o.Name] = core.AbsoluteLocation(cmp.Or(options[o.Name], query.Get(o.Name), o.Default), dir)
		}
	}
	request.Options = options
	return h.Opener.Open(ctx, request)
}

func isLocal(o core.ManifestOption) bool { return strings.HasPrefix(o.Default, "./") }
