package names

import (
	"fmt"
	"unicode/utf8"
)

// maxQuoted is how many bytes of a refused input an error text repeats (security rule R12).
const maxQuoted = 200

// Error says which input was refused and which rule it breaks.
// The functions of this package return it as a plain error; find it with errors.As.
type Error struct {
	// Input is the refused text. In URIs, credentials and query values are replaced by "***".
	Input string
	// Rule is the broken rule, such as `artifact path must not be empty`. It never repeats the input.
	Rule string
}

// Error returns the rule followed by the start of the input, quoted.
func (e *Error) Error() string {
	if len(e.Input) <= maxQuoted {
		return fmt.Sprintf("%s, got %q", e.Rule, e.Input)
	}
	cut := maxQuoted
	for cut > maxQuoted-utf8.UTFMax && !utf8.RuneStart(e.Input[cut]) {
		cut--
	}
	return fmt.Sprintf("%s, got %q and %d more bytes", e.Rule, e.Input[:cut], len(e.Input)-cut)
}

// verdict turns a rule into the answer of an exported function: no rule broken, no error.
func verdict(subject, input, rule string) error {
	if rule == "" {
		return nil
	}
	return &Error{Input: input, Rule: subject + " " + rule}
}
