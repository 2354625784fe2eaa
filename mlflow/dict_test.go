package mlflow

import (
	"testing"

	"github.com/mlstore/mlstore/core"
)

// The JSON is what Python's json.dump(…, indent=2) writes, but for floats (1e-09 there); PyYAML 6 reads the YAML back to the
// same value.
func TestEncodeDict(t *testing.T) {
	t.Parallel()
	value := map[string]any{
		"lr": 1e-9, "layers": []any{64, []any{}, map[string]any{}}, "name": "é <b> 😀", "on": true, "none": nil,
		"nested": map[string]any{"no": "no", "1": "1e5", "text": "two\nlines", "list": []any{map[string]any{"a": 1, "b": 2}}},
	}
	const wantJSON = `{
  "layers": [
    64,
    [],
    {}
  ],
  "lr": 1e-9,
  "name": "\u00e9 <b> \ud83d\ude00",
  "nested": {
    "1": "1e5",
    "list": [
      {
        "a": 1,
        "b": 2
      }
    ],
    "no": "no",
    "text": "two\nlines"
  },
  "none": null,
  "on": true
}`
	const wantYAML = `layers:
  - 64
  - []
  - {}
lr: 1.0e-9
name: "é <b> 😀"
nested:
  "1": "1e5"
  list:
    -
      a: 1
      b: 2
  "no": "no"
  text: "two\u000alines"
none: null
"on": true
`
	for extension, want := range map[string]string{".json": wantJSON, "": wantJSON, ".yml": wantYAML, ".yaml": wantYAML} {
		got, err := encodeDict(value, extension)
		if err != nil || string(got) != want {
			t.Errorf("%q: %v\n%s", extension, err, got)
		}
	}
	for value, want := range map[any]string{"": "\"\"\n", 3: "3\n", true: "true\n"} {
		if got, err := encodeDict(value, ".yaml"); err != nil || string(got) != want {
			t.Errorf("%v: %q, %v", value, got, err)
		}
	}
	if _, err := encodeDict(func() {}, ".yaml"); core.CodeOf(err) != core.InvalidArgument {
		t.Error(err)
	}
}
