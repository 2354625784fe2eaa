package names_test

import (
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core/names"
)

func TestExperimentName(t *testing.T) {
	t.Parallel()
	accepts(
		t, names.ExperimentName,
		"Default", "Abc", "abc", "a ", " a", "a/b", "../x", "/Users/me@example.com/exp", `it's "quoted"`, "a\nb", "%61", "é", "e\u0301", "😀", "\u200b", "0",
		strings.Repeat("é", 500), strings.Repeat("x", 10_000), // core knows the limit
	)
	refuses(t, names.ExperimentName, refusal{"", "must not be empty"})
	refuses(t, names.ExperimentName, because("must not be blank", " ", "   ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2003 \u0085", "\x1c", "\x1f")...)
	refuses(t, names.ExperimentName, because("UTF-8", "\xff", "exp\xc3", " \xed\xa0\x80")...)
	refuses(t, names.ExperimentName, because("NUL", "a\x00b", "\x00")...)
}
