package names_test

import (
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mlstore/mlstore/core/names"
)

func TestKey(t *testing.T) {
	t.Parallel()
	accepts(
		t, names.Key,
		"a", "a/b", "a/b/c", "a b", " a", "a ", " ", "a..b", "a/..b", "a/b..", ".hidden", "a/.hidden", "a.", "-", "_", "0", ":", "a:b", "C:x",
		"é", "日本語", "ключ", "x²", "Ⅷ", "٣", // numbers of any script are word characters, superscripts too
		"Loss", "loss", "system/gpu_0_memory_usage_megabytes", "mlflow.runName",
		strings.Repeat("k", 10_000), // core knows the limit
	)
	refuses(t, names.Key, refusal{"", "must not be empty"})
	refuses(t, names.Key, because("resolve to another name", ".", "a/", "a//b", "./a", "a/.", "a/./b", "a/../b", "a/..", "a/b/")...)
	refuses(t, names.Key, because(`start with ".."`, "..", "...", "..a", "../x", "../../etc/passwd")...)
	refuses(t, names.Key, because(`start with "/"`, "/", "/a", "//a", "/abs/..")...)
	refuses(t, names.Key, because("may only contain",
		"a\n", "\n", "a\nb", "a\x00b", "a\tb", `a\b`, "a%b", "a*b", "a?b", "a#b", "a@b", "a,b", "a;b", "a'b", `a"b`, "a(b)", "a+b", "a=b", "a~b", "a|b",
		"😀", "e\u0301", "a\u200db", "a\u00a0b", "a\u2028b", // a combining mark, a joiner and other spaces are no word characters
	)...)
	refuses(t, names.Key, because("UTF-8", "\xff", "a\xc3", "\xc0\xae", "\xed\xa0\x80")...)
}

// An accepted key is its own cleaned path and stays below whatever it is joined to.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{"a/b", "..", "a/../b", "a//b", "/a", "é", "a\n", "C:x", `a\b`, "...", " "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if names.Key(key) != nil {
			return
		}
		if !utf8.ValidString(key) || key == "" || path.Clean(key) != key {
			t.Errorf("accepted %q, whose path is %q", key, path.Clean(key))
		}
		if joined := path.Join("/root/x", key); joined != "/root/x/"+key {
			t.Errorf("accepted %q, which leads to %q", key, joined)
		}
		if strings.ContainsAny(key, "\\\x00\n%") {
			t.Errorf("accepted %q", key)
		}
	})
}
