package names_test

import (
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mlstore/mlstore/core/names"
)

func TestModelName(t *testing.T) {
	t.Parallel()
	accepts(
		t, names.ModelName,
		"m", "my model", " m", "m ", "a.b", "a..b", ".hidden", "a-b_c", "100%", "%61", "%2e%2e", `it's "good"`, "a\\b", "me@example.com", "é", "e\u0301", "モデル", "😀", "a?b#c",
		strings.Repeat("m", 10_000),
	)
	refuses(t, names.ModelName, refusal{"", "must not be empty"})
	refuses(t, names.ModelName, because("must not be blank", " ", "\t\n", "\u00a0")...)
	refuses(t, names.ModelName, because(`"/" or ":"`, "a/b", "a:b", "/", ":", "/a", "a/", "../x", "models:/a/1")...)
	refuses(t, names.ModelName, refusal{".", "resolve to another name"})
	refuses(t, names.ModelName, because(`start with ".."`, "..", "...", "..a")...)
	refuses(t, names.ModelName, because("UTF-8", "\xff", "m\xc3")...)
	refuses(t, names.ModelName, refusal{"a\x00b", "NUL"})
}

func TestLoggedModelName(t *testing.T) {
	t.Parallel()
	accepts(t, names.LoggedModelName, "m", "my model", "a-b_c", "é", "モデル", "a@b", "v1", " m ", "a?b", `a\b`)
	refuses(t, names.LoggedModelName, refusal{"", "must not be empty"})
	refuses(t, names.LoggedModelName, because("any of the characters", "a/b", "a:b", "a.b", ".", "..", "a%b", `a"b`, "a'b")...)
	refuses(t, names.LoggedModelName, refusal{"\xff", "UTF-8"}, refusal{"a\x00b", "NUL"})
}

func FuzzModelName(f *testing.F) {
	for _, seed := range []string{"m", "..", "a/b", " ", "a:b", "\x00", "%2f"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if names.ModelName(name) != nil {
			return
		}
		if !utf8.ValidString(name) || strings.TrimSpace(name) == "" {
			t.Errorf("accepted %q", name)
		}
		if dir, base := path.Split(path.Join("/root", name)); dir != "/root/" || base != name {
			t.Errorf("accepted %q, which is not one path component", name)
		}
		if names.ExperimentName(name) != nil {
			t.Errorf("%q may name a model but not an experiment", name)
		}
	})
}
