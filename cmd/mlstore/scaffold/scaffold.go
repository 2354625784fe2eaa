// Package scaffold writes the repository that a plugin in Go begins as: it builds, and passes the conformance suite.
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/mlstore/mlstore/core"
)

// files are the texts of the repository, templates whose delimiters are << and >>.
//
//go:embed files
var files embed.FS

// Options say what to write. Name and Kinds are needed, and Version or Replace.
type Options struct {
	Name    string   // of the plugin, which is also its scheme
	Kinds   []string // of Kinds
	Module  string   // path of its Go module; empty is mlstore-plugin-NAME
	Version string   // of mlstore that it requires
	Replace string   // a checkout of mlstore to use in the place of that version; may be empty
}

// Kinds are the kinds of store that there are beginnings of.
func Kinds() []string { return []string{"tracking", "artifact", "registry", "project"} }

// Write makes the repository in dir, which must be empty or not there yet.
func Write(dir string, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return core.Exists("folder", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if o.Module == "" {
		o.Module = "mlstore-plugin-" + o.Name
	}
	if o.Version == "" {
		o.Version = "v0.0.0"
	}
	texts, err := o.texts()
	if err != nil {
		return err
	}
	for path, text := range texts {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // source code is no secret
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // source code is no secret
			return err
		}
	}
	return nil
}

func (o Options) check() error {
	switch {
	case !core.ManifestName(o.Name):
		return core.Invalid("name", "%q cannot be a plugin's name: write a lower-case letter, then letters, digits or -", o.Name)
	case len(o.Kinds) == 0:
		return core.Invalid("kind", "a plugin needs a kind of store, of %s", strings.Join(Kinds(), ", "))
	case o.Version == "" && o.Replace == "":
		return core.Invalid("replace", "this mlstore has no version that could be required: give a checkout of mlstore with --replace")
	}
	for _, kind := range o.Kinds {
		if !slices.Contains(Kinds(), kind) {
			return core.Invalid("kind", "there is no beginning of a %q store: it must be one of %s", kind, strings.Join(Kinds(), ", "))
		}
	}
	return nil
}

// Has reports whether the plugin has a kind of store. It is for the templates, as the methods below.
func (o Options) Has(kind string) bool { return slices.Contains(o.Kinds, kind) }

// Pages reports whether a store makes page tokens by itself. Searches have theirs from package filter.
func (o Options) Pages() bool { return o.Has("tracking") || o.Has("artifact") || o.Has("project") }

// KindList are the kinds as the manifest calls them, as Go.
func (o Options) KindList() string {
	var all []string
	for _, kind := range o.Kinds {
		if kind == "artifact" || kind == "project" {
			kind += "s"
		}
		all = append(all, fmt.Sprintf("%q", kind))
	}
	return strings.Join(all, ", ")
}

// KindWords are the kinds for people.
func (o Options) KindWords() string { return strings.Join(o.Kinds, ", ") }

// Go is the version of Go that the module needs.
func (o Options) Go() string { return "1.26.0" }

// sources are the files of the repository, and the templates that they come from.
func (o Options) sources() map[string]string {
	all := map[string]string{
		"go.mod": "go.mod.txt", "main.go": "main.go.txt", "plugin.go": "plugin.go.txt", "plugin_test.go": "plugin_test.go.txt",
		"README.md": "README.md.txt", "Makefile": "Makefile.txt", ".gitignore": "gitignore.txt",
		".github/workflows/ci.yml": "ci.yml.txt",
	}
	if o.Has("tracking") {
		all["tracking.go"], all["history.go"] = "tracking.go.txt", "history.go.txt"
	}
	if o.Has("artifact") {
		all["artifacts.go"] = "artifacts.go.txt"
	}
	if o.Has("registry") {
		all["registry.go"] = "registry.go.txt"
	}
	if o.Has("project") {
		all["projects.go"], all["projects_test.go"] = "projects.go.txt", "projects_test.go.txt"
	}
	return all
}

// texts fills in the templates. Go's own formatting is applied, since what is left out moves columns.
func (o Options) texts() (map[string][]byte, error) {
	all := map[string][]byte{}
	for path, source := range o.sources() {
		text, err := template.New(source).Delims("<<", ">>").ParseFS(files, "files/"+source)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := text.Execute(&b, o); err != nil {
			return nil, err
		}
		all[path] = b.Bytes()
		if strings.HasSuffix(path, ".go") {
			if all[path], err = format.Source(b.Bytes()); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	if o.Replace == "" {
		return all, nil
	}
	sums, err := os.ReadFile(filepath.Join(o.Replace, "go.sum")) // of what the checkout needs, so that no server is asked
	all["go.sum"] = sums
	return all, err
}
