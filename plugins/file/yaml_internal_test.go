package file

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/internal/testenv"
)

// trickyTexts are texts that YAML 1.1 would read as something else, or not at all, were they not quoted.
func trickyTexts() []string {
	return []string{
		"", " ", "plain", "two words", "yes", "No", "on", "OFF", "true", "y", "N", "null", "Null", "~", "0", "1", "-1", "+1", "017",
		"0x1f", "0b11", "0o17", "1_000", "1:30", "-1:30:00", "1.5", "1.", ".5", "1e3", "1.0e+3", "-.inf", ".nan", "2020-01-01",
		"2020-01-01 10:00:00", "=", "<<", "- a", "? a", ": a", "a: b", "a:", "a #b", "#a", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a",
		"'", "''", "it's", `"`, `a\nb`, "a\nb", "\n", "a\r\nb", "\t", "\x00", "\x07", "\x7f", "\u0085", "\u00a0", "\u2028", "\u2029",
		"\ufeff", "\ufffd", "\ue000", "é", "日本", "😀", "{a: b}", "[a]", "a, b", " lead", "trail ", "---", "...", "%YAML",
		strings.Repeat("long words ", 30), "file:///a/b%20c", "s3://b/p?x=1#f", "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
		"12345678901234567890123456789012", "0b010101010101010101010101010101", "1e111111111111111111111111111111",
	}
}

// TestYAMLAgreesWithPython writes every tricky text for PyYAML to read, and reads what PyYAML writes of it.
func TestYAMLAgreesWithPython(t *testing.T) {
	t.Parallel()
	type exchange struct {
		Texts   []string
		Written []string // by document.bytes
	}
	x := exchange{Texts: trickyTexts()}
	for _, text := range x.Texts {
		x.Written = append(x.Written, string(document{"a": text, "n": int64(7), "z": nil, "tags": map[string]string{text + "k": text}}.bytes()))
	}
	request, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	out := testenv.MLflow(t, "3.18.0").Run(t, `
import json, sys, yaml
x = json.loads(sys.argv[1])
for text, written in zip(x["Texts"], x["Written"]):
    want = {"a": text, "n": 7, "z": None, "tags": {text + "k": text}}
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        assert yaml.load(written, Loader=loader) == want, (text, written)
out = []
for dumper, loader in (yaml.CSafeDumper, yaml.CSafeLoader), (yaml.SafeDumper, yaml.SafeLoader):
    for text in x["Texts"]:
        dump = yaml.dump({"a": text, "n": 7, "z": None, "tags": {text + "k": text}}, default_flow_style=False,
                         allow_unicode=True, sort_keys=True, Dumper=dumper)
        out.append([dump, yaml.load(dump, Loader=loader)["a"]])  # not always text: see U+0085
print(json.dumps(out))
`, string(request))
	var dumps [][2]string
	if err := json.Unmarshal([]byte(out), &dumps); err != nil {
		t.Fatal(err)
	}
	for _, dump := range dumps {
		got, err := parseYAML([]byte(dump[0]))
		if err != nil || got["a"] != dump[1] || got["n"] != int64(7) || got["z"] != nil {
			t.Errorf("%q: read as %v, %v, want %q", dump[0], got, err, dump[1])
		}
	}
}

func TestYAMLReadsNumbersAsVersion11(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		"1": int64(1), "017": int64(15), "0x1F": int64(31), "1_000": int64(1000), "1:30": int64(90), "-1:30": int64(-90), "0": int64(0),
		"0b11": int64(3), "1e3": "1e3", "0o17": "0o17", "yes": "yes", "1.5": "1.5", "~": nil, "null": nil, "": nil, "089": "089",
		"_1": "_1", "1:99": "1:99", "-": nil,
	} {
		if text == "-" {
			continue // begins a list
		}
		got, err := parseYAML([]byte("a: " + text + "\nb: |\n  x\n")) // the second key keeps the simple reader out
		if err != nil || !cmp.Equal(want, got["a"]) {
			t.Errorf("%q: got %v (%T), %v, want %v", text, got["a"], got["a"], err, want)
		}
	}
}

func TestYAMLRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " \n", "a", "- a\n", "a: 1\na: 2\n", "a: 'x\n", "a: &x 1\nb: *x\n", "{", "\x00", "a: b: c\n", "? [a]\n: b\n",
		"a: " + strings.Repeat("[", 100000),
	} {
		if got, err := parseYAML([]byte(text)); err == nil {
			t.Errorf("%.40q: read as %v", text, got)
		}
	}
}

// FuzzYAML reads back what was written, and reads anything without a panic: with and without the simple reader alike.
func FuzzYAML(f *testing.F) {
	for _, text := range trickyTexts() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if simple, ok := parseSimple(text); ok {
			slow, err := parseYAML([]byte(text + "\nzzz: |\n  x\n"))
			if err != nil {
				t.Fatalf("%q: read simply as %v, but not at all: %v", text, simple, err)
			}
			delete(slow, "zzz")
			if diff := cmp.Diff(slow, simple); diff != "" {
				t.Errorf("%q read simply (-slow +simple):\n%s", text, diff)
			}
		}
		_, _ = parseYAML([]byte(text))
		if !utf8.ValidString(text) {
			return
		}
		want := document{"name": text, "tags": map[string]string{"k": text}}
		got, err := parseYAML(want.bytes())
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q written as %q: %v (-want +got):\n%s", text, want.bytes(), err, diff)
		}
	})
}
