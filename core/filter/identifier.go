package filter

import "strings"

// bare marks, among quotes, what stands without quotes.
const bare = ' '

// identifier is the left side of a comparison, as it stands there: [entity.]key.
type identifier struct {
	token        // the whole
	entity token // endToken without one
	key    string
	quote  byte // of the key
}

// identifier takes an identifier. It returns false, and the token that is none, when another thing comes.
func (l *lexer) identifier() (identifier, bool) {
	l.skipSpace()
	start := l.at
	first := l.look()
	switch {
	case first.kind == wordToken, first.kind == tickedToken:
	case first.kind == textToken && first.text[0] == '"':
	default:
		return identifier{token: first}, false
	}
	l.at += len(first.text)
	id := identifier{token: first}
	if !strings.HasPrefix(l.text[l.at:], ".") {
		id.key, id.quote = first.text, bare
		if first.kind != wordToken {
			id.key, id.quote = first.inner(), first.text[0]
		}
		return id, id.key != ""
	}
	l.at++
	id.entity = first
	key := l.look()
	switch key.kind {
	case textToken, tickedToken:
		id.key, id.quote = key.inner(), key.text[0]
	default:
		length := run(l.text[l.at:], func(r rune) bool { return r == '.' || isWord(r) })
		key = token{kind: wordToken, text: l.text[l.at : l.at+length], start: l.at}
		id.key, id.quote = key.text, bare
	}
	l.at += len(key.text)
	id.text = l.text[start:l.at]
	return id, id.key != "" && !id.unquoted()
}

// unquoted reports whether the key would have had to be quoted.
func (id identifier) unquoted() bool {
	return id.quote == bare && (digits(id.key) == len(id.key) || strings.HasPrefix(id.key, ".") || strings.HasSuffix(id.key, "."))
}
