package names_test

import (
	"path"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core/names"
)

func TestIDs(t *testing.T) {
	t.Parallel()
	kinds := []struct {
		name  string
		check func(string) error
		limit int
	}{
		{"run", names.RunID, 256},
		{"experiment", names.ExperimentID, 64},
		{"logged model", names.LoggedModelID, 256},
	}
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			accepts(
				t, kind.check,
				"0", "1", "9", "a", "z", "A", "Z", "a-b_c", "0123456789abcdef0123456789abcdef", "m-0123456789abcdef0123456789abcdef", "123456789012345678", "aé",
				strings.Repeat("a", kind.limit-1), strings.Repeat("a", kind.limit), "a"+strings.Repeat("é", kind.limit-1),
			)
			refuses(t, kind.check, refusal{"", "must not be empty"})
			refuses(t, kind.check, because("must start with", "-1", "_a", "/etc", "..", ".", "../x", "éa", " a", "\n", "٣")...)
			refuses(t, kind.check, because("may only contain", "a\n", "a/b", "a/..", "a b", "a.b", "a%2e", `a\b`, "a:b", "a\x00b", "a'b", "a😀")...)
			refuses(t, kind.check, because("UTF-8", "\xff", "a\xc3")...)
			refuses(t, kind.check, because("must not be longer", strings.Repeat("a", kind.limit+1), "a"+strings.Repeat("é", kind.limit))...)
		})
	}
}

func FuzzRunID(f *testing.F) {
	for _, seed := range []string{"a", "..", "a/b", "a\n", "0123456789abcdef0123456789abcdef"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if names.RunID(id) != nil {
			return
		}
		if id == "" || path.Join("/root", id, "x") != "/root/"+id+"/x" || path.Base(id) != id {
			t.Errorf("accepted %q, which is not one path component", id)
		}
		if strings.ContainsAny(id, "%\\:.\x00\n ") {
			t.Errorf("accepted %q", id)
		}
		got, sub, err := names.RunsURI("runs:/" + id)
		if err != nil || got != id || sub != "" {
			t.Errorf("runs:/%s reads as %q, %q, %v", id, got, sub, err)
		}
	})
}
