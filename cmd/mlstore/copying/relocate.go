package copying

import (
	"net/url"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// Relocation says which artifact locations change, so that the files there are copied. The zero value leaves all of them
// where they are: the target then refers to the files of the source.
type Relocation struct {
	From string // locations below it …
	To   string // … move below this one, with the rest of their path

	// All moves every location, also those that are not below From: an experiment's to To/<id>, a run's to
	// To/<experiment id>/<run id>/artifacts.
	All bool
}

// Move returns the location in the target. own is the place below To for what is not below From.
func (r Relocation) Move(location string, own ...string) string {
	if r.To == "" || location == "" {
		return location
	}
	if rest, below := below(location, r.From); below && r.From != "" {
		moved := core.JoinLocation(r.To, rest)
		if strings.HasPrefix(location, "file:") && strings.HasPrefix(moved, "/") {
			moved = (&url.URL{Scheme: "file", Path: moved}).String()
		}
		return moved
	}
	if r.All && len(own) > 0 {
		return core.JoinLocation(r.To, own...)
	}
	return location
}

// below reports whether a location is root itself or below it, and returns the rest of its path. Both may be written as a
// path or as a file: URI.
func below(location, root string) (rest string, is bool) {
	location, root = plain(location), strings.TrimSuffix(plain(root), "/")
	rest, is = strings.CutPrefix(location, root)
	if !is || rest != "" && rest[0] != '/' {
		return "", false
	}
	return strings.TrimPrefix(rest, "/"), true
}

// plain writes a file: URI without host as the path that it names.
func plain(location string) string {
	u, err := url.Parse(location)
	if err != nil || u.Scheme != "file" || u.Host != "" || u.Path == "" {
		return location
	}
	return u.Path
}
