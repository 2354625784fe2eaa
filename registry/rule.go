package registry

import (
	"context"
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

	About  string // what the store is, in a few words
	Origin string // where the opener comes from: "linked in", or the file of a plugin
}

// Offers reports whether the scheme has stores of the kind.
func (r Rule) Offers(k Kind) bool {
	for _, offered := range r.Kinds {
		if offered == k {
			return true
		}
	}
	return false
}

func (r Rule) kinds() string {
	var words []string
	for _, k := range r.Kinds {
		words = append(words, string(k))
	}
	return strings.Join(words, ", ")
}

// ByAuthority is the Mount of schemes whose authority names what is opened, such as a bucket, while path is a place in it:
// `s3://bucket/a/b` is a/b in s3://bucket. Query and credentials stay with the store.
func ByAuthority(u core.URI) (instance core.URI, prefix string, err error) {
	raw := u.Raw()
	path := strings.Trim(u.Path(), "/")
	if u.Host() == "" {
		return core.URI{}, "", core.Invalid("uri", "%s names no host or bucket: write %s://name/path", shown(u), u.Scheme())
	}
	if u.Fragment() != "" {
		return core.URI{}, "", core.Invalid("uri", "%s has a fragment, which an artifact root cannot have", shown(u))
	}
	if path, err = core.CheckArtifactDir(path); err != nil {
		return core.URI{}, "", err
	}
	head, query, hasQuery := strings.Cut(raw, "?")
	head = strings.TrimSuffix(head, u.Path())
	if hasQuery {
		head += "?" + query
	}
	instance, err = core.ParseURI(head)
	return instance, path, err
}

// Finder looks for openers that are not linked in, such as plugins on disk. It is asked after the rules given to Handle.
// A scheme is lower-case, at most 32 bytes long, and consists of letters, digits, '+', '-' and '.'.
type Finder interface {
	Find(ctx context.Context, scheme string) (Rule, bool, error)
}
