package discover_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/discover"
)

func TestParseKeepsEverything(t *testing.T) {
	t.Parallel()
	want := manifest("a", "a", "b+c")
	want.Homepage, want.License, want.Command = "https://example.org", "Apache-2.0", []string{"bin/a", "serve"}
	want.Schemes[0].Form, want.Schemes[0].RootShared = "a://bucket", true
	want.Schemes[0].Capabilities = []core.Capability{core.PutIfAbsent}
	want.Schemes[0].Options = []core.ManifestOption{{Name: "region", Default: "eu"}, {Name: "token", Secret: true}}
	got, err := discover.Parse(encode(t, want))
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseIgnoresWhatANewerReleaseAdds(t *testing.T) {
	t.Parallel()
	var fields map[string]any
	must(t, json.Unmarshal(encode(t, manifest("a", "a")), &fields))
	fields["signature"] = map[string]any{"kind": "new"}
	text, err := json.Marshal(fields)
	must(t, err)
	_, err = discover.Parse(text)
	must(t, err)
}

// What Parse takes passes Check, and comes back as it is.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"format":1,"name":"a","version":"1","contract":"1.0","services":["x.v1"],"schemes":[{"scheme":"a","kinds":["artifacts"]}]}`))
	f.Add([]byte(`{"format":1,"command":["../x"],"env":["*"]}`))
	f.Add([]byte(`[[[[{"a":{}}]]]]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := discover.Parse(text)
		if err != nil {
			return
		}
		must(t, m.Check())
		again, err := discover.Parse(encode(t, m))
		must(t, err)
		if string(encode(t, m)) != string(encode(t, again)) {
			t.Errorf("%+v came back as %+v", m, again)
		}
	})
}
