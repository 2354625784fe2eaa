package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry"
)

func (a *app) resolveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "resolve [URI]", Short: "Tell which store a URI means, and why",
		Long: "Tell which store a URI means, and why. Without a URI it is the tracking store. Nothing is opened but the stores " +
			"that\nruns:/ and models:/ URIs lead through. No password or token is shown.",
		Example: "  mlstore resolve ./mlruns\n  mlstore resolve models:/iris/latest",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			resolver, settings, err := a.stores()
			if err != nil {
				return err
			}
			uri, why := settings.Tracking, a.whyTracking()
			if len(args) == 1 {
				why = ""
				if uri, err = core.ParseURI(args[0]); err != nil {
					return err
				}
			}
			e, err := resolver.Explain(cmd.Context(), uri, settings)
			if err != nil {
				return err
			}
			return explanationListing(why).showOne(a, e)
		},
	}
}

// whyTracking says why the tracking store is the one that it is.
func (a *app) whyTracking() string {
	switch {
	case a.trackingURI != "":
		return "--tracking-uri"
	case a.env(registry.TrackingVariable) != "":
		return registry.TrackingVariable
	}
	return "the folder mlruns in the working directory, since neither --tracking-uri nor " + registry.TrackingVariable + " is set"
}

func explanationListing(why string) listing[registry.Explanation] {
	columns := []column[registry.Explanation]{{"uri", func(e registry.Explanation) string { return e.URI }}}
	add := func(name string, text func(registry.Explanation) string) {
		columns = append(columns, column[registry.Explanation]{name, text})
	}
	if why != "" {
		add("chosen by", func(registry.Explanation) string { return why })
	}
	add("leads to", func(e registry.Explanation) string {
		var hops []string
		for _, hop := range e.Hops {
			hops = append(hops, fmt.Sprintf("%s (%s)", hop.URI, hop.Why))
		}
		if len(hops) == 0 {
			return "itself"
		}
		return strings.Join(hops, ", then ")
	})
	add("scheme", func(e registry.Explanation) string { return e.Scheme })
	add("store", func(e registry.Explanation) string { return e.About + ", " + e.Origin })
	add("offers", func(e registry.Explanation) string {
		var kinds []string
		for _, kind := range e.Kinds {
			kinds = append(kinds, string(kind))
		}
		return strings.Join(kinds, ", ")
	})
	add("opened at", func(e registry.Explanation) string { return e.Instance })
	add("path in it", func(e registry.Explanation) string { return e.Prefix })
	add("shared by", func(e registry.Explanation) string { return e.Key })
	add("read only", func(e registry.Explanation) string {
		if e.ReadOnly {
			return "yes: the files of a registered model"
		}
		return "no"
	})
	return listing[registry.Explanation]{columns, func(e registry.Explanation) any { return e }}
}

// note tells a person what was done.
func (a *app) note(format string, args ...any) {
	_, _ = io.WriteString(a.stderr, visible(fmt.Sprintf(format, args...), true)+"\n")
}
