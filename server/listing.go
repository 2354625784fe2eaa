package server

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"io"
	"path"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// listing is the answer to a call that lists a directory. It is written page by page, so that a directory of a million files
// takes no more memory than one of a thousand.
type listing struct {
	root  string // in the answer; empty is left out
	dir   string
	names bool // of the entries alone, without their directory
	close bool // the repository is this listing's own

	ctx   context.Context //nolint:containedctx // the listing belongs to its call
	repo  core.ArtifactRepository
	first core.Page[core.Artifact]
}

// list reads the first page of a directory. The repository is closed with the listing when that says so, or at once when it
// fails.
func list(ctx context.Context, repo core.ArtifactRepository, l listing) (listing, error) {
	var err error
	l.ctx, l.repo = ctx, repo
	if l.dir, err = core.CheckArtifactDir(l.dir); err == nil {
		l.first, err = repo.List(ctx, l.dir, core.ListOptions{})
	}
	if err != nil && l.close {
		_ = repo.Close() // the error that counts is the other one
	}
	return l, err
}

func (l listing) streams() bool { return true }

// stream writes the listing.
func (l listing) stream(w io.Writer) (err error) {
	if l.close {
		defer l.repo.Close()
	}
	var b bytes.Buffer
	b.WriteByte('{')
	if l.root != "" {
		text, _ := stdjson.Marshal(l.root) // a string can be marshaled
		b.WriteString(`"root_uri":`)
		b.Write(text)
	}
	begun, tokens := false, circle{}
	for page := l.first; ; {
		for _, found := range page.Items {
			if path.Dir(found.Path) != path.Clean(l.dir) || core.CheckArtifactPath(found.Path) != nil {
				return core.Errorf(core.DataLoss, "the store listed %q, which does not lie directly in %q", found.Path, l.dir)
			}
			info := rest.FileInfoOf(found)
			if l.names {
				info = info.Base()
			}
			text, err := stdjson.Marshal(info)
			if err != nil {
				return err
			}
			switch {
			case begun:
				b.WriteByte(',')
			case l.root != "":
				b.WriteString(`,"files":[`)
			default:
				b.WriteString(`"files":[`)
			}
			begun = true
			b.Write(text)
		}
		if page.Next == "" {
			break
		}
		if _, err := b.WriteTo(w); err != nil {
			return err
		}
		if page, err = l.page(&tokens, page.Next); err != nil {
			return err
		}
	}
	if begun {
		b.WriteByte(']')
	}
	b.WriteByte('}')
	_, err = b.WriteTo(w)
	return err
}

// page reads the next page.
func (l listing) page(tokens *circle, token string) (core.Page[core.Artifact], error) {
	if err := tokens.step(token); err != nil {
		return core.Page[core.Artifact]{}, err
	}
	return l.repo.List(l.ctx, l.dir, core.ListOptions{PageOptions: core.PageOptions{Token: token}})
}
