package names

// maxDecodings bounds how often an input is percent-decoded (security rule R1; MLflow: mlflow/utils/uri.py gives up after
// ten).
const maxDecodings = 10

// decodings returns s followed by what repeated percent-decoding makes of it, until nothing changes. Invalid escapes stay as
// they are and "+" is never a space. settled is false when the text still changes after maxDecodings rounds: such an input
// hides something and is to be refused.
func decodings(s string) (rounds []string, settled bool) {
	rounds = []string{s}
	for range maxDecodings {
		next, changed := decodeOnce(s)
		if !changed {
			return rounds, true
		}
		rounds = append(rounds, next)
		s = next
	}
	_, changed := decodeOnce(s)
	return rounds, !changed
}

// decodeOnce replaces every valid %XX by its byte (RFC 3986, section 2.1) and leaves the rest alone.
func decodeOnce(s string) (decoded string, changed bool) {
	var out []byte
	copied := 0
	for i := 0; i+2 < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		high, low := unhex(s[i+1]), unhex(s[i+2])
		if high < 0 || low < 0 {
			continue
		}
		out = append(append(out, s[copied:i]...), byte(high<<4|low))
		i += 2
		copied = i + 1
	}
	if copied == 0 {
		return s, false
	}
	return string(append(out, s[copied:]...)), true
}

// unhex returns the value of a hexadecimal digit, or -1.
func unhex(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'f':
		return int(b-'a') + 10
	case b >= 'A' && b <= 'F':
		return int(b-'A') + 10
	default:
		return -1
	}
}

// everyRound applies rule to s and to each of its decodings and returns the first one broken.
func everyRound(s string, rule func(string) string) string {
	rounds, settled := decodings(s)
	for i, round := range rounds {
		broken := rule(round)
		switch {
		case broken != "" && i == 0:
			return broken
		case broken != "":
			return broken + " when percent-decoded"
		}
	}
	if !settled {
		return "must not be percent-encoded more than ten times over"
	}
	return ""
}
