package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind classes tokens.
type tokenKind int

const (
	endToken    tokenKind = iota // nothing is left
	wordToken                    // letters, digits, underscores
	numberToken                  // -1, 1.5, .5, 1e-3
	textToken                    // in single or double quotes
	tickedToken                  // in back-quotes
	opToken                      // a run of = ! < > ~
	openToken                    // quotes that do not close
	otherToken                   // any other character, or a comment
)

// token is a piece of a text, as it stands there.
type token struct {
	kind  tokenKind
	text  string
	start int // byte offset
}

func (t token) String() string {
	if t.kind == endToken {
		return "the end"
	}
	return "'" + show(t.text) + "'"
}

// inner returns what stands between the token's quotes.
func (t token) inner() string { return t.text[1 : len(t.text)-1] }

// is reports whether the token is the word, in any case.
func (t token) is(word string) bool { return t.kind == wordToken && strings.EqualFold(t.text, word) }

// lexer cuts a text into tokens as MLflow's does, which is that of the Python package sqlparse.
type lexer struct {
	text string
	at   int
}

func (l *lexer) skipSpace() {
	rest := strings.TrimLeftFunc(l.text[l.at:], unicode.IsSpace)
	l.at = len(l.text) - len(rest)
}

// next takes the next token.
func (l *lexer) next() token {
	l.skipSpace()
	t := l.look()
	l.at += len(t.text)
	return t
}

// peek returns the next token and leaves it there.
func (l *lexer) peek() token {
	ahead := *l
	return ahead.next()
}

func (l *lexer) look() token {
	rest := l.text[l.at:]
	if rest == "" {
		return token{kind: endToken, start: l.at}
	}
	first, size := utf8.DecodeRuneInString(rest)
	kind, length := otherToken, size
	switch {
	case strings.ContainsRune("'\"`", first):
		kind, length = quoted(rest)
	case number(rest) > 0:
		kind, length = numberToken, number(rest)
		if tail := run(rest[length:], isWord); tail > 0 { // 1a, 0x10, 1_000
			kind, length = wordToken, length+tail
		}
	case isWord(first):
		kind, length = wordToken, run(rest, isWord)
	case isOp(first):
		kind, length = opToken, run(rest, isOp)
	case strings.HasPrefix(rest, "--") || strings.HasPrefix(rest, "/*"): // comments are refused
		length = 2
	}
	return token{kind: kind, text: rest[:length], start: l.at}
}

func isOp(r rune) bool { return strings.ContainsRune("=!<>~", r) }

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// run returns the length of the longest prefix of runes that are allowed.
func run(text string, allowed func(rune) bool) int {
	return len(text) - len(strings.TrimLeftFunc(text, allowed))
}

// number returns the length of the number that text begins with: -?(D+(.D*)?|.D+)(e[+-]?D+)?, or 0. MLflow reads no plus in
// exponents, but Go and C write it.
func number(text string) int {
	at := 0
	if strings.HasPrefix(text, "-") {
		at = 1
	}
	whole := digits(text[at:])
	at += whole
	fraction := 0
	if at < len(text) && text[at] == '.' {
		fraction = digits(text[at+1:])
		if whole+fraction > 0 {
			at += 1 + fraction
		}
	}
	if whole+fraction == 0 {
		return 0
	}
	if at < len(text) && (text[at] == 'e' || text[at] == 'E') {
		sign := 0
		if at+1 < len(text) && (text[at+1] == '-' || text[at+1] == '+') {
			sign = 1
		}
		if exponent := digits(text[at+1+sign:]); exponent > 0 {
			at += 1 + sign + exponent
		}
	}
	return at
}

func digits(text string) int {
	return run(text, func(r rune) bool { return '0' <= r && r <= '9' })
}

// quoted returns kind and length of the quoted token that text begins with.
func quoted(text string) (tokenKind, int) {
	kind := textToken
	if text[0] == '`' {
		kind = tickedToken
	}
	if end := closing(text); end > 0 {
		return kind, end
	}
	return openToken, len(text)
}

// closing returns the length of the literal that text begins with, its quotes included, or 0 when it does not close. A
// doubled quote, or outside back-quotes one after a backslash, is part of the literal; but the last such quote closes it
// when no other does, so that 'C:\' is a literal.
func closing(text string) int {
	mark, last := text[0], 0
	for i := 1; i < len(text); i++ {
		beforeQuote := i+1 < len(text) && text[i+1] == mark
		switch {
		case text[i] == '\\' && mark != '`' && beforeQuote:
			i++
			last = i + 1
		case text[i] == mark && beforeQuote:
			last = i + 1
			i++
		case text[i] == mark:
			return i + 1
		}
	}
	return last
}
