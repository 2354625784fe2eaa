package registry

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// canonical is one text for all spellings of a URI, without credentials: local paths absolute and clean, elsewhere no
// slash at the end, and the host of http in lower case. Words that stand for a store stay as they are.
func canonical(u core.URI, scheme string) (string, error) {
	if u.Scheme() == "" && scheme == u.Raw() {
		return scheme, nil
	}
	if u.IsLocal() {
		path, err := u.LocalPath()
		if err != nil {
			return "", err
		}
		if path, err = filepath.Abs(path); err != nil {
			return "", core.Errorf(core.Internal, "find the working directory: %w", err)
		}
		text := "file:" + filepath.ToSlash(path)
		if _, query, found := strings.Cut(u.String(), "?"); found && u.Scheme() != "" { // which holds options
			text += "?" + query
		}
		return text, nil
	}
	text := u.Scheme() + u.String()[len(u.Scheme()):]
	head, tail := text, ""
	if end := strings.IndexAny(text, "?#"); end >= 0 {
		head, tail = text[:end], text[end:]
	}
	if path := strings.TrimRight(u.Path(), "/"); path != "" || strings.HasPrefix(u.Path(), "/") && u.Host() != "" {
		head = strings.TrimRight(head, "/")
	}
	if host := u.Host(); u.Scheme() == "http" || u.Scheme() == "https" {
		head = strings.Replace(head, host, strings.ToLower(host), 1)
	}
	return head + tail, nil
}

// key tells instances apart: the canonical URI and settings and, where something of them must not be shown, a hash of it
// under the pool's salt, which says nothing outside of this process.
func (p *pool) key(t target, s Settings) (string, error) {
	text, err := canonical(t.uri, t.scheme)
	if err != nil {
		return "", err
	}
	own, sum := text, hmac.New(sha256.New, p.seed())
	private := note(sum, t.uri)
	for _, related := range []struct {
		name string
		uri  core.URI
	}{{"tracking", s.Tracking}, {"registry", s.Registry}} {
		if related.uri.IsZero() {
			continue
		}
		word := ""
		if mlflowScheme(related.uri.Raw()) {
			word = related.uri.Raw()
		}
		other, err := canonical(related.uri, word)
		if err != nil {
			return "", err
		}
		if other != own {
			text += " " + related.name + "=" + other
		}
		private = note(sum, related.uri) || private
	}
	if s.Workspace != "" {
		text += fmt.Sprintf(" workspace=%q", s.Workspace)
	}
	if s.ReadOnly {
		text += " read-only"
	}
	for _, name := range slices.Sorted(maps.Keys(s.Options)) {
		_, _ = fmt.Fprintf(sum, "option %q=%q\n", name, s.Options[name])
		private = true
	}
	for _, name := range slices.Sorted(maps.Keys(s.Secrets)) {
		_, _ = fmt.Fprintf(sum, "secret %q=%q\n", name, s.Secrets[name].Reveal())
		private = true
	}
	if private {
		text += " #" + hex.EncodeToString(sum.Sum(nil)[:16])
	}
	return text, nil
}

// note adds what a URI hides to the hash, and reports whether it hides anything.
func note(sum hash.Hash, u core.URI) bool {
	secret := u.Credential().Reveal()
	_, _ = fmt.Fprintf(sum, "uri %q\n", secret)
	return secret != ""
}

// seed is the salt of this pool.
func (p *pool) seed() []byte {
	p.salted.Do(func() { p.salt = rand.Text() })
	return []byte(p.salt)
}
