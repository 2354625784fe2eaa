package names_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core/names"
)

func TestModelsURI(t *testing.T) {
	t.Parallel()
	const id = "m-0123456789abcdef0123456789abcdef"
	tests := []struct {
		uri  string
		want names.ModelsRef
	}{
		{"models:/m/1", names.ModelsRef{Name: "m", Version: 1}},
		{"models:/m/01", names.ModelsRef{Name: "m", Version: 1}},
		{"models:/m/2147483648", names.ModelsRef{Name: "m", Version: 2147483648}},
		{"models:/m/٣", names.ModelsRef{Name: "m", Version: 3}},
		{"models:/m/٩٠", names.ModelsRef{Name: "m", Version: 90}},
		{"models:/m/𝟎𝟡𝟿", names.ModelsRef{Name: "m", Version: 99}},
		{"models:/m/１𝟗𝟘", names.ModelsRef{Name: "m", Version: 190}},
		{"models:/my model/1", names.ModelsRef{Name: "my model", Version: 1}},
		{"models:/ m /1", names.ModelsRef{Name: " m ", Version: 1}},
		{"models:/a%2Fb/1", names.ModelsRef{Name: "a%2Fb", Version: 1}}, // nothing is decoded
		{"models:/m/1/a", names.ModelsRef{Name: "m", Version: 1, Path: "a"}},
		{"models:/m/1/sub/pa th", names.ModelsRef{Name: "m", Version: 1, Path: "sub/pa th"}},
		{"models:/m/latest", names.ModelsRef{Name: "m", Latest: true}},
		{"models:/m/LaTeSt/a/b", names.ModelsRef{Name: "m", Latest: true, Path: "a/b"}},
		{"models:/m/Production", names.ModelsRef{Name: "m", Stage: "Production"}},
		{"models:/m/staging/a", names.ModelsRef{Name: "m", Stage: "staging", Path: "a"}},
		{"models:/m/None", names.ModelsRef{Name: "m", Stage: "None"}},
		{"models:/m@champion", names.ModelsRef{Name: "m", Alias: "champion"}},
		{"models:/m@Champion/a/b", names.ModelsRef{Name: "m", Alias: "Champion", Path: "a/b"}},
		{"models:/m@1/2", names.ModelsRef{Name: "m", Alias: "1", Path: "2"}},
		{"models:/a@b@c", names.ModelsRef{Name: "a@b", Alias: "c"}},
		{"models:/m@latest", names.ModelsRef{Name: "m", Alias: "latest"}},
		{"models:/me@example.com/3", names.ModelsRef{Name: "me@example.com", Version: 3}},
		{"models:/m/1/a@b", names.ModelsRef{Name: "m", Version: 1, Path: "a@b"}},
		{"models:/" + id, names.ModelsRef{ModelID: id}},
		{"models:/" + id + "/a/b", names.ModelsRef{ModelID: id, Path: "a/b"}},
		{"models:/" + id + "/1", names.ModelsRef{ModelID: id, Path: "1"}},
		{"models:/" + id + "@a", names.ModelsRef{Name: id, Alias: "a"}},
		{"models:/" + id + "0/1", names.ModelsRef{Name: id + "0", Version: 1}},
		{"models:/m-abc", names.ModelsRef{ModelID: "m-abc"}},
		{"models:/m", names.ModelsRef{ModelID: "m"}},
		{"models:/1", names.ModelsRef{ModelID: "1"}},
		{"models:///m/1", names.ModelsRef{Name: "m", Version: 1}},
		{"models:////m/1", names.ModelsRef{Name: "m", Version: 1}},
		{"MODELS:/m/1", names.ModelsRef{Name: "m", Version: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.uri, func(t *testing.T) {
			t.Parallel()
			got, err := names.ModelsURI(tt.uri)
			if err != nil {
				t.Fatalf("refused: %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("reference differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestModelsURIRefused(t *testing.T) {
	t.Parallel()
	check := func(uri string) error {
		ref, err := names.ModelsURI(uri)
		if err != nil && ref != (names.ModelsRef{}) {
			t.Errorf("%q is refused, but gives %+v", uri, ref)
		}
		return err
	}
	refuses(t, check, refusal{"", "must not be empty"})
	refuses(t, check, because("must have the form", "models", "models:", "models:/", "models:m/1", "models:m", "models://", "model:/m/1", "runs:/R", "/m/1", "models:/m/", "models:/m//", "models:/m//a")...)
	refuses(t, check, because("must not name an authority", "models://name/1", "models://profile@databricks/m/1", "models://scope:prefix@databricks/m/1", "models://databricks")...)
	refuses(t, check, because("version that", "models:/m/0", "models:/m/000", "models:/m/99999999999999999999")...)
	refuses(t, check, because("stage that", "models:/m/..", "models:/m/.", "models:/m/%2e%2e", "models:/m/-1.5", "models:/m/../x", "models:/m/a b", "models:/m/1 /a")...)
	refuses(t, check, because("model name that", "models:/../1", "models:/./1", "models:/..a/1", "models:/a:b/1", "models:/ /1", "models:/@a", "models:/..@a", "models:/@a/1")...)
	refuses(t, check, because("alias that", "models:/m@", "models:/m@a.b", "models:/m@a b", "models:/me@example.com")...)
	refuses(t, check, because("model id that", "models:/my model", "models:/..", "models:/.", "models:/%2e%2e", "models:/a.b", "models:/m\\1", "models:/-m", "models:/"+strings.Repeat("x", 10<<10))...)
	refuses(t, check, because("path that", "models:/m/1/", "models:/m/1/a/", "models:/m/1/..", "models:/m/1/../2", "models:/m/1//a", "models:/m/1/%2e%2e/a", "models:/m@a/", "models:/m@a/../b", "models:/m-0123456789abcdef0123456789abcdef/..", "models:/m/latest/./a", `models:/m/1/a\b`)...)
	refuses(t, check, because(`"?" or "#"`, "models:/m/1?a", "models:/a?b/1", "models:/m/1#a", "models:/m#/1", "models:/m@a?")...)
	refuses(t, check, because("white space", " models:/m/1", "models:/m/1 ", "models:/m@a\u200b")...)
	refuses(t, check, because("control", "models:/m/1\n", "models:/m\x00/1")...)
	refuses(t, check, refusal{"models:/\xff/1", "UTF-8"})
}

// spell writes a reference in its one canonical form.
func spell(ref names.ModelsRef) string {
	uri := "models:/" + ref.Name + ref.ModelID
	switch {
	case ref.Version > 0:
		uri += "/" + strconv.Itoa(ref.Version)
	case ref.Stage != "":
		uri += "/" + ref.Stage
	case ref.Latest:
		uri += "/latest"
	case ref.Alias != "":
		uri += "@" + ref.Alias
	}
	if ref.Path != "" {
		uri += "/" + ref.Path
	}
	return uri
}

// An accepted reference names exactly one thing, is made of accepted parts and survives being spelled again.
func FuzzModelsURI(f *testing.F) {
	for _, seed := range []string{"models:/m/1", "models:/m@a/b", "models:/m-0123456789abcdef0123456789abcdef/x", "models:///m/latest", "models://x/m/1", "models:/m/٣", "models:/a@b.c/1", "models:/m/../1", "models:/m/0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		ref, err := names.ModelsURI(uri)
		if err != nil {
			return
		}
		choices := 0
		for _, chosen := range []bool{ref.Version > 0, ref.Stage != "", ref.Alias != "", ref.Latest, ref.ModelID != ""} {
			if chosen {
				choices++
			}
		}
		if choices != 1 || (ref.Name == "") != (ref.ModelID != "") || ref.Version < 0 {
			t.Errorf("%q reads as %+v", uri, ref)
		}
		if ref.Name != "" && names.ModelName(ref.Name) != nil || ref.ModelID != "" && names.LoggedModelID(ref.ModelID) != nil ||
			ref.Alias != "" && names.Alias(ref.Alias) != nil || ref.Path != "" && names.ArtifactPath(ref.Path) != nil {
			t.Errorf("%q has parts that are refused by themselves: %+v", uri, ref)
		}
		again, err := names.ModelsURI(spell(ref))
		if err != nil || again != ref {
			t.Errorf("%q reads as %+v, then %q as %+v, %v", uri, ref, spell(ref), again, err)
		}
	})
}
