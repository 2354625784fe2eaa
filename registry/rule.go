package registry

import (
	"context"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// Kind is one of the four kinds of store that a URI may offer.
type Kind string

// The kinds.
const (
	Tracking  Kind = "tracking"
	Artifacts Kind = "artifacts"
	Registry  Kind = "registry"
	Projects  Kind = "projects"
)

// Rule says how the URIs of a scheme are opened. Opener and Kinds are needed.
type Rule struct {
	Opener core.Opener
	Kinds  []Kind // what the scheme offers

	// Mount splits the URI of an artifact root into the store to open and the path of the root in it, so that many roots
	// share one store (ByAuthority for object stores). It keeps the credentials of the URI. Without it every root is a
	// store of its own.
	Mount func(core.URI) (instance core.URI, prefix string, err error)

	// Bare lets the scheme stand alone, without colon, as in `databricks` or `local`. Such a word is then no local path.
	Bare bool

	// Empty lets nothing follow the colon, as in `mem:`. Without it such a URI is an error.
	Empty bool

	Form   string // of its URIs, for errors, such as "s3://bucket/path"; empty is scheme:…
	About  string // what the store is, in a few words
	Origin string // where the opener comes from: LinkedIn, or the file of a plugin
}

// LinkedIn is the Origin of openers that are a part of the program.
const LinkedIn = "linked in"

// Offers reports whether the scheme has stores of the kind.
func (r Rule) Offers(k Kind) bool { return slices.Contains(r.Kinds, k) }

// offer lists the kinds for a message.
func (r Rule) offer() string {
	words := make([]string, len(r.Kinds))
	for i, k := range r.Kinds {
		words[i] = string(k)
	}
	return strings.Join(words, ", ")
}

// form is how a URI of the scheme looks.
func (r Rule) form(scheme string) string {
	switch {
	case r.Form != "":
		return r.Form
	case r.Bare:
		return scheme
	}
	return scheme + "://…"
}

// name tells rules apart in a message.
func (r Rule) name() string {
	switch {
	case r.About == "" && r.Origin == "":
		return "an unnamed store"
	case r.About == "":
		return r.Origin
	case r.Origin == "":
		return r.About
	}
	return r.About + " (" + r.Origin + ")"
}

// ByAuthority is the Mount of schemes whose authority names what is opened, such as a bucket, while the path is a place in
// it: `s3://bucket/a/b` is a/b in s3://bucket. Query and credentials stay with the store.
func ByAuthority(u core.URI) (instance core.URI, prefix string, err error) {
	if u.Host() == "" {
		return core.URI{}, "", core.Invalid("uri", "%s names no host or bucket: write %s://name/path", u.String(), u.Scheme())
	}
	if err := checkPassword(u); err != nil {
		return core.URI{}, "", err
	}
	if u.Fragment() != "" {
		return core.URI{}, "", core.Invalid("uri", "%s has a fragment, which the place of artifacts cannot have", u)
	}
	head := u.Raw()
	start := len(u.Scheme()) + len("://")
	if end := strings.IndexAny(head[start:], "/?#"); end >= 0 {
		head = head[:start+end]
	}
	if query := u.Query(); query != "" {
		head += "?" + query
	}
	if instance, err = core.ParseURI(head); err != nil {
		return core.URI{}, "", err
	}
	prefix, err = core.CheckArtifactDir(strings.Trim(u.Path(), "/"))
	return instance, prefix, err
}

// Finder looks for openers that are not linked in, such as plugins on disk. It is asked about a scheme that Handle was not
// told. What it is asked for is lower-case, at most 32 bytes long, and made of letters, digits, '+', '-' and '.'.
type Finder interface {
	Find(ctx context.Context, scheme string) (Rule, bool, error)
}
