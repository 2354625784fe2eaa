package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/discover"
)

// pluginRow is one plugin in a list.
type pluginRow struct {
	Name    string   `json:"name"`
	Version string   `json:"version,omitempty"`
	Schemes []string `json:"schemes,omitempty"`
	Kinds   []string `json:"kinds,omitempty"`
	State   string   `json:"state"` // ready, ambiguous, shadowed or refused
	Pinned  bool     `json:"pinned"`
	File    string   `json:"file"`
	Reason  string   `json:"reason,omitempty"` // why it is not used
}

// pluginRows lists what was found: the plugins that are used, and the others.
func pluginRows(found discover.Found) []pluginRow {
	var rows []pluginRow
	add := func(c discover.Candidate, state, reason string) {
		rows = append(rows, pluginRow{
			Name: c.Name(), Version: c.Manifest.Version, Schemes: schemesOf(c.Manifest), Kinds: kindsOf(c.Manifest),
			State: state, Pinned: c.Digest != "", File: c.File, Reason: reason,
		})
	}
	for _, c := range found.Plugins {
		if err := contested(found, c); err != nil {
			add(c, "ambiguous", err.Error())
		} else {
			add(c, "ready", "")
		}
	}
	for _, c := range found.Shadowed {
		add(c, "shadowed", "a plugin of this name is in a folder that comes earlier")
	}
	for _, r := range found.Rejected {
		rows = append(rows, pluginRow{
			Name: r.Name, Version: r.Manifest.Version, Schemes: schemesOf(r.Manifest), Kinds: kindsOf(r.Manifest),
			State: "refused", File: r.File, Reason: r.Err.Error(),
		})
	}
	return rows
}

// contested is the error of the first scheme of a plugin that others serve too, while nobody says whose it is.
func contested(found discover.Found, c discover.Candidate) error {
	for _, scheme := range schemesOf(c.Manifest) {
		if _, err := found.For(scheme, ""); core.ReasonOf(err) == discover.ReasonAmbiguous {
			return err
		}
	}
	return nil
}

func schemesOf(m core.Manifest) []string {
	var all []string
	for _, s := range m.Schemes {
		all = append(all, s.Scheme)
	}
	return all
}

func kindsOf(m core.Manifest) []string {
	var all []string
	for _, s := range m.Schemes {
		all = append(all, s.Kinds...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func pluginListing() listing[pluginRow] {
	return listing[pluginRow]{
		columns: []column[pluginRow]{
			{"name", func(r pluginRow) string { return r.Name }},
			{"version", func(r pluginRow) string { return r.Version }},
			{"schemes", func(r pluginRow) string { return strings.Join(r.Schemes, ", ") }},
			{"kinds", func(r pluginRow) string { return strings.Join(r.Kinds, ", ") }},
			{"state", func(r pluginRow) string { return r.State }},
			{"pinned", func(r pluginRow) string { return yesNo(r.Pinned) }},
			{"file", func(r pluginRow) string { return r.File }},
			{"reason", func(r pluginRow) string { return r.Reason }},
		},
		object: func(r pluginRow) any { return r },
	}
}

func verdictListing() listing[verdict] {
	return listing[verdict]{
		columns: []column[verdict]{
			{"name", func(v verdict) string { return v.Name }},
			{"ok", func(v verdict) string { return yesNo(v.OK) }},
			{"path", func(v verdict) string { return v.Path }},
			{"problem", func(v verdict) string { return v.Error }},
		},
		object: func(v verdict) any { return v },
	}
}

// manifestListing shows all that is known of one plugin.
func manifestListing(c discover.Candidate) listing[discover.Candidate] {
	columns := []column[discover.Candidate]{}
	add := func(name, text string) {
		if text != "" {
			columns = append(columns, column[discover.Candidate]{name, func(discover.Candidate) string { return text }})
		}
	}
	m := c.Manifest
	add("name", m.Name)
	add("version", m.Version)
	add("built with", m.SDK)
	add("contract", m.Contract)
	add("homepage", m.Homepage)
	add("license", m.License)
	add("services", strings.Join(m.Services, ", "))
	add("environment", strings.Join(m.Env, ", "))
	for _, s := range m.Schemes {
		text := strings.Join(s.Kinds, ", ")
		if s.Form != "" {
			text += " at " + s.Form
		}
		if s.About != "" {
			text += ": " + s.About
		}
		add("scheme "+s.Scheme, text)
		for _, o := range s.Options {
			add("option "+o.Name, describeOption(o))
		}
	}
	add("manifest", c.File)
	add("program", strings.Join(append([]string{c.Path}, c.Args...), " "))
	add("size", strconv.FormatInt(c.Size, 10))
	digest := c.Digest
	if digest == "" {
		digest = "no lock file pins it"
	}
	add("sha256", digest)
	return listing[discover.Candidate]{columns, func(c discover.Candidate) any {
		return map[string]any{
			"manifest": c.Manifest, "file": c.File, "program": c.Path, "args": c.Args, "size": c.Size, "sha256": c.Digest,
		}
	}}
}

func describeOption(o core.ManifestOption) string {
	var words []string
	if o.About != "" {
		words = append(words, o.About)
	}
	if o.Required {
		words = append(words, "required")
	}
	if o.Secret {
		words = append(words, "secret")
	}
	if o.Default != "" {
		words = append(words, "default "+o.Default)
	}
	return strings.Join(words, ", ")
}
