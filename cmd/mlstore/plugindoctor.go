package main

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/discover"
	"github.com/mlstore/mlstore/registry/supervise"
)

func (a *app) pluginDoctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor [NAME…]", Short: "Start plugins, and tell whether they are well", ValidArgsFunction: a.completePlugins,
		Long: `Start plugins and tell whether they are well: that nothing forbids their use, that each is the program that was
installed, starts, answers, and says of itself what its manifest says. Without names all plugins are looked at. The exit code is
8 when one has a problem; notes are no problems.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := a.plugins(cmd.Context())
			if err != nil {
				return err
			}
			checkups, failed := a.checkups(cmd.Context(), found, args)
			if err := checkupListing().show(a, each(checkups)); err != nil {
				return err
			}
			if failed > 0 {
				return coded(exitPlugin, fmt.Errorf("plugins with a problem: %d", failed))
			}
			return nil
		},
	}
}

// checkup is how one plugin is.
type checkup struct {
	Name         string   `json:"name"`
	Version      string   `json:"version,omitempty"`
	OK           bool     `json:"ok"`
	Milliseconds float64  `json:"milliseconds,omitempty"` // from its start to its first answer
	Problem      string   `json:"problem,omitempty"`
	Notes        []string `json:"notes,omitempty"`
}

// checkups looks at the plugins of those names, or at all.
func (a *app) checkups(ctx context.Context, found discover.Found, names []string) (all []checkup, failed int) {
	if len(names) == 0 {
		names = found.Names()
	}
	for _, name := range names {
		c, err := found.Named(name)
		one := checkup{Name: name, Version: c.Manifest.Version}
		if err == nil {
			one.Notes = a.notes(c)
			one.Milliseconds, err = a.startOnce(ctx, c)
		}
		if one.OK = err == nil; !one.OK {
			one.Problem = err.Error()
			failed++
		}
		all = append(all, one)
	}
	return all, failed
}

// notes are what is worth knowing of a plugin, and no problem.
func (a *app) notes(c discover.Candidate) []string {
	var all []string
	if c.Digest == "" {
		all = append(all, "no lock file pins it: mlstore plugin install does")
	}
	var unset []string
	for _, name := range c.Manifest.Env {
		if !strings.HasSuffix(name, "*") && a.env(name) == "" {
			unset = append(unset, name)
		}
	}
	if len(unset) > 0 {
		all = append(all, "it looks at variables that are not set: "+strings.Join(unset, ", "))
	}
	return all
}

// startOnce starts the plugin, asks what it is, and stops it.
func (a *app) startOnce(ctx context.Context, c discover.Candidate) (milliseconds float64, err error) {
	if c.Digest != "" {
		if err := discover.Verify(ctx, c); err != nil {
			return 0, err
		}
	}
	s := supervise.New(supervise.Options{Logger: a.logger()})
	began := time.Now()
	said, err := s.Plugin(supervise.ProgramOf(c)).Describe(ctx)
	milliseconds = float64(time.Since(began).Microseconds()) / 1000
	if err = joined(err, s.Close()); err != nil {
		return milliseconds, err
	}
	return milliseconds, sameManifest(c.Manifest, said)
}

// sameManifest refuses a program that says something else of itself than its manifest does. How it is started only the
// manifest knows.
func sameManifest(written, said core.Manifest) error {
	w, s := reflect.ValueOf(written), reflect.ValueOf(said)
	for i := range w.NumField() {
		name := w.Type().Field(i).Name
		if name != "Command" && fmt.Sprintf("%+v", w.Field(i)) != fmt.Sprintf("%+v", s.Field(i)) {
			return &core.Error{Code: core.FailedPrecondition, Reason: discover.ReasonRefused, Key: written.Name, Err: fmt.Errorf(
				"its manifest says %s: %+v, and the program %+v: write the manifest anew with the argument describe",
				name, w.Field(i), s.Field(i))}
		}
	}
	return nil
}

func checkupListing() listing[checkup] {
	return listing[checkup]{
		columns: []column[checkup]{
			{"name", func(c checkup) string { return c.Name }},
			{"version", func(c checkup) string { return c.Version }},
			{"ok", func(c checkup) string { return yesNo(c.OK) }},
			{"started in", func(c checkup) string {
				if c.Milliseconds == 0 {
					return ""
				}
				return fmt.Sprintf("%.0f ms", c.Milliseconds)
			}},
			{"problem", func(c checkup) string { return c.Problem }},
			{"notes", func(c checkup) string { return strings.Join(c.Notes, "; ") }},
		},
		object: func(c checkup) any { return c },
	}
}
