package discover

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// settingsFile of a folder says whose a scheme is: {"schemes": {"s3": "s3-fast"}}. An earlier folder's word counts first.
const settingsFile = "plugins.json"

// choice is one line of a settings file.
type choice struct {
	scheme, name string
	file         string
}

func (s *search) readChoices(dir string) error {
	var settings struct {
		Schemes map[string]string `json:"schemes"`
	}
	if _, err := readSide(dir, settingsFile, &settings); err != nil {
		return err
	}
	for scheme, name := range settings.Schemes {
		s.found.choices = append(s.found.choices, choice{scheme, name, filepath.Join(dir, settingsFile)})
	}
	return nil
}

// For returns the plugin that serves the scheme with stores of the kind; an empty kind is any. When several do, the settings
// file decides; without its word the error is ErrState with ReasonAmbiguous, names them all and the line that settles it.
// When none does the error is ErrNotFound with ReasonNotFound; if one that was rejected would, or the settings file names one
// that does not, it is ErrState with ReasonRefused and says why.
func (f Found) For(scheme, kind string) (Candidate, error) {
	var serving []Candidate
	for _, c := range f.Plugins {
		if c.Serves(scheme, kind) {
			serving = append(serving, c)
		}
	}
	if i := slices.IndexFunc(f.choices, func(c choice) bool { return c.scheme == scheme }); i >= 0 {
		return f.chosen(f.choices[i], serving)
	}
	switch len(serving) {
	case 0:
		return Candidate{}, f.none(scheme, kind)
	case 1:
		return serving[0], nil
	}
	return Candidate{}, ambiguous(scheme, serving)
}

// Named returns the plugin of that name. Its errors are those of For.
func (f Found) Named(name string) (Candidate, error) {
	if i := slices.IndexFunc(f.Plugins, func(c Candidate) bool { return c.Name() == name }); i >= 0 {
		return f.Plugins[i], nil
	}
	if i := slices.IndexFunc(f.Rejected, func(r Rejected) bool { return r.Name == name }); i >= 0 {
		return Candidate{}, f.Rejected[i].refused()
	}
	return Candidate{}, &core.Error{
		Code: core.NotFound, Reason: ReasonNotFound, Key: name,
		Err: errorf("no plugin is called %q: mlstore plugin list shows those that are there", name),
	}
}

func (f Found) chosen(line choice, serving []Candidate) (Candidate, error) {
	if i := slices.IndexFunc(serving, func(c Candidate) bool { return c.Name() == line.name }); i >= 0 {
		return serving[i], nil
	}
	if i := slices.IndexFunc(f.Rejected, func(r Rejected) bool { return r.Name == line.name }); i >= 0 {
		return Candidate{}, f.Rejected[i].refused()
	}
	return Candidate{}, &core.Error{
		Code: core.FailedPrecondition, Reason: ReasonRefused, Key: line.scheme,
		Err: errorf("%s gives the scheme %s to the plugin %q, which is not installed or does not serve it: install it, or change "+
			"the line", line.file, line.scheme, line.name),
	}
}

// none is the error for a scheme that nobody serves.
func (f Found) none(scheme, kind string) error {
	for _, r := range f.Rejected {
		if (Candidate{Manifest: r.Manifest}).Serves(scheme, kind) {
			return r.refused()
		}
	}
	return &core.Error{
		Code: core.NotFound, Reason: ReasonNotFound, Key: scheme, Err: errorf("no plugin serves the scheme %s", scheme),
	}
}

// refused is the error for whoever wants a rejected plugin.
func (r Rejected) refused() error {
	return &core.Error{
		Code: core.FailedPrecondition, Reason: ReasonRefused, Key: r.Name,
		Err: errorf("the plugin %s (%s) is not used: %w", r.Name, r.File, r.Err),
	}
}

func ambiguous(scheme string, serving []Candidate) error {
	var files []string
	for _, c := range serving {
		files = append(files, fmt.Sprintf("%s (%s)", c.Name(), c.File))
	}
	return &core.Error{
		Code: core.FailedPrecondition, Reason: ReasonAmbiguous, Key: scheme,
		Err: errorf(`the scheme %s is served by several plugins: %s; say which in %s: {"schemes": {%q: %q}}`,
			scheme, strings.Join(files, ", "), filepath.Join(serving[0].Dir, settingsFile), scheme, serving[0].Name()),
	}
}
