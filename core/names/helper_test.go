package names_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core/names"
)

// refusal is an input and a part of the rule it must be refused for.
type refusal struct{ input, rule string }

// accepts runs one subtest per input that check must let pass.
func accepts(t *testing.T, check func(string) error, inputs ...string) {
	t.Helper()
	for _, input := range inputs {
		t.Run(fmt.Sprintf("accepts %.60q", input), func(t *testing.T) {
			t.Parallel()
			if err := check(input); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

// refuses runs one subtest per input that check must refuse for the given reason, with an error of the promised shape.
func refuses(t *testing.T, check func(string) error, cases ...refusal) {
	t.Helper()
	for _, c := range cases {
		t.Run(fmt.Sprintf("refuses %.60q", c.input), func(t *testing.T) {
			t.Parallel()
			wantRule(t, check(c.input), c.rule)
		})
	}
}

// wantRule reports an error that is not a *names.Error for the given reason.
func wantRule(t *testing.T, err error, rule string) {
	t.Helper()
	var refused *names.Error
	switch {
	case err == nil:
		t.Errorf("accepted, want it refused because it %s", rule)
	case !errors.As(err, &refused):
		t.Errorf("error is a %T, want *names.Error", err)
	case !strings.Contains(refused.Rule, rule):
		t.Errorf("refused with %q, want a rule with %q", err, rule)
	}
}

// because gives all inputs the same reason.
func because(rule string, inputs ...string) []refusal {
	cases := make([]refusal, 0, len(inputs))
	for _, input := range inputs {
		cases = append(cases, refusal{input, rule})
	}
	return cases
}

// encode percent-encodes every byte of s once and the percent signs of the result rounds-1 times.
func encode(s string, rounds int) string {
	var out strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&out, "%%%s%02x", strings.Repeat("25", rounds-1), s[i])
	}
	return out.String()
}
