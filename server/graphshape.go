package server

import (
	"fmt"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// graphShape is all that the server understands of a GraphQL query: one field at the root whose only argument is a variable,
// as the web page sends it. What it selects below does not matter, as the answer holds all there is.
type graphShape struct{ field, variable string }

// The bounds of a query (R13). The page's longest has 1.5 KiB and 7 levels.
const (
	longestGraph = 16 << 10
	deepestGraph = 10
)

// shapeOf reads `query Name($v: Type) @directive(…) { field(input: $v) { … } }`.
func shapeOf(query string) (graphShape, error) {
	if len(query) > longestGraph {
		return graphShape{}, notOurs("it is longer than %d bytes", longestGraph)
	}
	tokens := graphTokens(query)
	start, parens := -1, 0
	for i, token := range tokens {
		switch {
		case token == "(":
			parens++
		case token == ")":
			parens--
		case token == "{" && parens == 0:
			start = i
		}
		if start >= 0 {
			break
		}
	}
	if start < 0 || tokens[0] != "query" && tokens[0] != "{" {
		return graphShape{}, notOurs("it is no query")
	}
	root := tokens[start+1:]
	if len(root) < 8 || strings.Join(root[1:5], "")+root[6]+root[7] != "(input:$){" {
		return graphShape{}, notOurs("its first field has another form than `field(input: $variable) {…}`")
	}
	depth := 0
	for i, token := range root[7:] {
		switch token {
		case "{":
			if depth++; depth >= deepestGraph {
				return graphShape{}, notOurs("it is deeper than %d levels", deepestGraph)
			}
		case "}":
			depth--
		case "...":
			return graphShape{}, notOurs("it has a fragment")
		}
		if depth == 0 {
			if rest := root[7+i+1:]; len(rest) != 1 || rest[0] != "}" {
				return graphShape{}, notOurs("it has more than one field at its root")
			}
			return graphShape{root[0], root[5]}, nil
		}
	}
	return graphShape{}, notOurs("a brace is open at its end")
}

func notOurs(format string, args ...any) error {
	return core.Invalid("query", "this server answers the GraphQL queries of MLflow's web page alone, and not this: %s",
		fmt.Sprintf(format, args...))
}

// graphTokens splits a query into names, and everything else into single characters but "...". Strings keep their quotes.
func graphTokens(query string) []string {
	var tokens []string
	for i := 0; i < len(query); {
		start := i
		switch c := query[i]; {
		case strings.IndexByte(" \t\r\n,", c) >= 0:
			i++
			continue
		case c == '#':
			for i < len(query) && query[i] != '\n' {
				i++
			}
			continue
		case graphLetter(c):
			for i < len(query) && graphLetter(query[i]) {
				i++
			}
		case c == '"':
			for i++; i < len(query) && query[i] != '"'; i++ {
				if query[i] == '\\' {
					i++
				}
			}
			i = min(i+1, len(query))
		case strings.HasPrefix(query[i:], "..."):
			i += 3
		default:
			i++
		}
		tokens = append(tokens, query[start:i])
	}
	return tokens
}

func graphLetter(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
