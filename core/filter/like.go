package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostBetween is how many code points may stand between two % of a pattern, so that a test stays linear.
const mostBetween = 1024

// pattern is a pattern of LIKE or ILIKE: % stands for any run of characters, line ends included, and _ for one code point;
// the rest stands for itself. What stands between two % is looked for once, at the first place: a later one could do no
// better. So a test takes time proportional to the text, and no memory.
type pattern struct {
	fold   func(rune) rune // what makes runes equal; the pieces are folded
	only   bool            // there is no %: first is all
	first  string
	middle []finder
	last   string
	least  int // code points of last
}

// newPattern reads a pattern of LIKE, or of ILIKE when it folds. It returns false for too much between two %.
func newPattern(text string, folds bool) (*pattern, bool) {
	fold := same
	if folds {
		fold = folded
	}
	pieces := strings.Split(strings.Map(fold, text), "%")
	end := len(pieces) - 1
	p := &pattern{fold: fold, only: end == 0, first: pieces[0], last: pieces[end], least: utf8.RuneCountInString(pieces[end])}
	if p.only {
		return p, true
	}
	for _, piece := range pieces[1:end] {
		if utf8.RuneCountInString(piece) > mostBetween {
			return nil, false
		}
		if piece != "" {
			p.middle = append(p.middle, newFinder(piece, fold, !folds))
		}
	}
	return p, true
}

func (p *pattern) matches(text string) bool {
	length := p.prefix(text, p.first)
	if p.only || length < 0 {
		return length == len(text)
	}
	text = text[length:]
	for i := range p.middle {
		end := p.middle[i].find(text)
		if end < 0 {
			return false
		}
		text = text[end:]
	}
	start := len(text)
	for range p.least {
		if start == 0 {
			return false
		}
		_, size := utf8.DecodeLastRuneInString(text[:start])
		start -= size
	}
	return p.prefix(text[start:], p.last) >= 0
}

// prefix returns the length of the beginning of text that fits piece, or -1.
func (p *pattern) prefix(text, piece string) int {
	rest := text
	for _, want := range piece {
		have, size := utf8.DecodeRuneInString(rest)
		if size == 0 || want != '_' && p.fold(have) != want {
			return -1
		}
		rest = rest[size:]
	}
	return len(text) - len(rest)
}

// same is the fold of LIKE.
func same(r rune) rune { return r }

// folded is the fold of ILIKE: the smallest rune that is r under Unicode simple case folding.
func folded(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return least
}
