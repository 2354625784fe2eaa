package server

import (
	"io"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// pieces is an answer that lists items of a store: a page, or all of them. What has more than a piece is read while it is
// written, so that a piece at a time is in memory whatever a client asks for.
type pieces[T any] struct {
	name  string // of the list
	size  int    // of a piece; the store's bound may be less
	limit int    // of the items; 0 is all
	bound core.Bound
	read  func(core.PageOptions) (core.Page[T], error)
	write func(b []byte, items []T) []byte // with commas between them

	first core.Page[T]
	whole bool // the first piece is all
}

// from reads the first piece.
func (p pieces[T]) from(token string) (pieces[T], error) {
	if p.bound.Max > 0 {
		p.size = min(p.size, p.bound.Max)
	}
	ask := p.size
	if p.limit > 0 && (p.limit < p.size || p.limit > p.bound.Max) { // of too many the store says what is wrong
		ask = p.limit
	}
	var err error
	p.first, err = p.read(core.PageOptions{Limit: ask, Token: token})
	p.whole = ask == p.limit || p.first.Next == ""
	return p, err
}

// AppendJSON writes the first piece as the whole answer.
func (p pieces[T]) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	if len(p.first.Items) > 0 {
		b = append(p.write(p.open(b), p.first.Items), ']')
	}
	return append(rest.AppendToken(b, p.first.Next), '}')
}

func (p pieces[T]) open(b []byte) []byte { return append(append(append(b, '"'), p.name...), `":[`...) }

// streams reports whether the answer has more than one piece.
func (p pieces[T]) streams() bool { return !p.whole }

// stream writes the answer piece by piece.
func (p pieces[T]) stream(w io.Writer) error {
	b, tokens := p.open([]byte{'{'}), circle{}
	for page, count := p.first, 0; ; {
		if count > 0 && len(page.Items) > 0 {
			b = append(b, ',')
		}
		count += len(page.Items)
		b = p.write(b, page.Items)
		left := p.size
		if p.limit > 0 {
			left = min(left, p.limit-count)
		}
		if page.Next == "" || left <= 0 {
			_, err := w.Write(append(rest.AppendToken(append(b, ']'), page.Next), '}'))
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		err := tokens.step(page.Next)
		if err != nil {
			return err
		}
		if page, err = p.read(core.PageOptions{Limit: left, Token: page.Next}); err != nil {
			return err
		}
		b = b[:0]
	}
}
