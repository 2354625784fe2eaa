package supervise

import (
	"cmp"
	"encoding/json"

	"github.com/mlstore/mlstore/registry/discover"
)

// Program is a plugin's program. Path is needed.
type Program struct {
	Name   string   // of the plugin, for messages; empty is Path
	Path   string   // absolute
	Args   []string // what follows the program's name
	Env    []string // names of the variables that it may see besides those that every plugin sees; NAME_* is a prefix
	Digest string   // sha256 that the program must have, in hexadecimal; empty takes what is there
}

// ProgramOf is the program of a plugin that was found on disk.
func ProgramOf(c discover.Candidate) Program {
	return Program{Name: c.Name(), Path: c.Path, Args: c.Args, Env: c.Manifest.Env, Digest: c.Digest}
}

// name is what messages call the plugin.
func (p Program) name() string { return cmp.Or(p.Name, p.Path) }

// key tells processes apart. Whoever has the same bytes, arguments and variables shares one.
func (p Program) key(environ []string) string {
	text, _ := json.Marshal([]any{cmp.Or(p.Digest, p.Path), p.Args, environ}) // strings always have a JSON form
	return string(text)
}
