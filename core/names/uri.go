package names

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// uriParts is a URI reference cut at its delimiters and otherwise untouched (RFC 3986, appendix B).
type uriParts struct {
	scheme    string // lower case, "" for a plain path
	authority string
	path      string
	query     string
	fragment  string
	// hasFragment tells an empty fragment from none.
	hasFragment bool
}

// splitURI never fails: what has no scheme is a path.
func splitURI(s string) uriParts {
	var u uriParts
	s, u.fragment, u.hasFragment = strings.Cut(s, "#")
	s, u.query, _ = strings.Cut(s, "?")
	u.scheme, s = cutScheme(s)
	if after, ok := strings.CutPrefix(s, "//"); ok {
		end := strings.IndexByte(after, '/')
		if end < 0 {
			end = len(after)
		}
		u.authority, s = after[:end], after[end:]
	}
	u.path = s
	return u
}

// cutScheme cuts a leading "scheme:" off (RFC 3986, section 3.1) and returns the scheme in lower case. A single letter is no
// scheme but a Windows drive, unless "//" follows.
func cutScheme(s string) (scheme, rest string) {
	for i := range len(s) {
		switch b := s[i]; {
		case isASCIILetter(b), i > 0 && (isASCIIAlnum(b) || b == '+' || b == '-' || b == '.'):
		case b == ':' && (i > 1 || i == 1 && strings.HasPrefix(s[i:], "://")):
			return strings.ToLower(s[:i]), s[i+1:]
		default:
			return "", s
		}
	}
	return "", s
}

// uriTextRule holds what no URI may look like, before it is taken apart.
func uriTextRule(uri string) string {
	if uri == "" {
		return ruleEmpty
	}
	if rule := cleanTextRule(uri); rule != "" {
		return rule
	}
	first, _ := utf8.DecodeRuneInString(uri)
	last, _ := utf8.DecodeLastRuneInString(uri)
	if isInvisible(first) || isInvisible(last) {
		return "must not start or end with white space or an invisible character"
	}
	return ""
}

// isInvisible reports white space and format characters such as the zero-width space and the byte order mark.
func isInvisible(r rune) bool { return isSpace(r) || unicode.Is(unicode.Cf, r) }

func cleanTextRule(s string) string {
	switch {
	case !utf8.ValidString(s):
		return ruleUTF8
	case hasControl(s):
		return ruleControl
	default:
		return ""
	}
}

// storedURIRule is what every URI obeys that a store keeps and that somebody opens later: clean text, ".." in no component
// under any number of percent-decodings, no password (security rule R3).
func storedURIRule(uri string) string {
	if rule := uriTextRule(uri); rule != "" {
		return rule
	}
	if rule := everyRound(uri, climbRule); rule != "" {
		return rule
	}
	u := splitURI(uri)
	if rule := everyRound(u.query, queryRule); rule != "" {
		return rule
	}
	return passwordRule(u)
}

// climbRule looks for ".." between any two delimiters of RFC 3986 or the backslash, wherever a reader of the URI may cut it.
func climbRule(uri string) string {
	if rule := cleanTextRule(uri); rule != "" {
		return rule
	}
	delimiter := func(r rune) bool { return strings.ContainsRune(`/\?#&=;:@`, r) }
	for part := range strings.FieldsFuncSeq(uri, delimiter) {
		if part == ".." {
			return `must not contain ".." as a component`
		}
	}
	return ""
}

// queryRule is MLflow's rule for the query of an artifact URI.
func queryRule(query string) string {
	if strings.Contains(query, "..") {
		return `must not contain ".." in its query`
	}
	return ""
}
