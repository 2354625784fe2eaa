package names_test

import (
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core/names"
)

func TestAlias(t *testing.T) {
	t.Parallel()
	accepts(t, names.Alias, "champion", "Champion", "a-b_c", "-", "_", "0", "1", "é", "日本", "latest", "v1", strings.Repeat("a", 256))
	refuses(t, names.Alias, refusal{"", "must not be empty"})
	refuses(t, names.Alias, because("may only contain", "a b", "a.b", "a/b", "a:b", "a@b", "a\n", "\n", "a\x00", "😀", "e\u0301", "..", "a%b")...)
	refuses(t, names.Alias, because("UTF-8", "\xff", "a\xc3")...)
}

func TestAliasReserved(t *testing.T) {
	t.Parallel()
	accepts(t, names.AliasReserved, "champion", "v", "V", "version1", "v1a", "va1", "v-1", "1", "vv1", "v1.0", "latest1", "the-latest", "x1", "w2", "v²", "")
	refuses(t, names.AliasReserved, because(`must not be "latest"`, "latest", "Latest", "LATEST", "lAtEsT")...)
	refuses(t, names.AliasReserved, because("reads as a version", "v1", "V1", "V12", "v0", "v001", "v99999999999999999999", "v٣", "V１")...)
}

// Whoever may set an alias may also read it, and a models:/ URI finds it again.
func FuzzAlias(f *testing.F) {
	for _, seed := range []string{"a", "latest", "v1", "a@b", "a\n", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, alias string) {
		if names.Alias(alias) != nil {
			return
		}
		ref, err := names.ModelsURI("models:/a@b@" + alias)
		if want := (names.ModelsRef{Name: "a@b", Alias: alias}); err != nil || ref != want {
			t.Errorf("got %+v, %v, want %+v", ref, err, want)
		}
	})
}
