package embedded

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/discover"
)

// asked keeps the options that it was asked for.
type asked struct{ options map[string]string }

func (a *asked) Open(_ context.Context, request core.OpenRequest) (core.Backend, error) {
	a.options = request.Options
	return core.Backend{}, nil
}

// A plugin's process works elsewhere: ./mlruns must be that of the program.
func TestLocalOptionsOfPluginsAreThoseOfTheProgram(t *testing.T) {
	t.Parallel()
	manifest := core.Manifest{Name: "a", Schemes: []core.ManifestScheme{{
		Scheme: "ex", Kinds: []string{"tracking"},
		Options: []core.ManifestOption{{Name: "root", Default: "./mlruns"}, {Name: "region", Default: "eu"}},
	}}}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		uri     string
		options map[string]string
		want    map[string]string
	}{
		{"ex://b", nil, map[string]string{"root": filepath.Join(dir, "mlruns")}},
		{"ex://b?root=art&x=y", nil, map[string]string{"root": filepath.Join(dir, "art")}},
		{"ex://b?root=s3%3A%2F%2Fbucket", nil, map[string]string{"root": "s3://bucket"}},
		{"ex://b", map[string]string{"root": "/art", "region": "us"}, map[string]string{"root": "/art", "region": "us"}},
	} {
		uri, err := core.ParseURI(c.uri)
		if err != nil {
			t.Fatal(err)
		}
		opener := &asked{}
		rule := ruleOf(discover.Candidate{Manifest: manifest}, "ex", opener)
		if _, err := rule.Opener.Open(t.Context(), core.OpenRequest{URI: uri, Options: c.options}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, opener.options); diff != "" {
			t.Errorf("%s, options %v (-want +got):\n%s", c.uri, c.options, diff)
		}
	}
}
