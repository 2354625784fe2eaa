package names_test

import (
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mlstore/mlstore/core/names"
)

func TestArtifactPathLiteral(t *testing.T) {
	t.Parallel()
	accepts(
		t, names.ArtifactPath,
		"a", "a/b", "model/MLmodel", "a b", "a+b", "a&b=c", "a=b", "a,b", "'", `"`, "<x>", "a?b", "a;b", "a|b", "a*b", "[a]", "{a}", "!", "@", "^", "`", "$(x)", "${HOME}",
		"~", "~/x", "~root/.ssh/id_rsa", "-rf", "--help", "-o/x",
		"%", "100%", "a%2Fb", "a%2fb", "a%20b", "a%2Bb", "a%2520b", "%zz", "%2", "%u002e", "50%-60%", "a%3fb",
		":", "ab:c", "a/b:c", "a/C:/x", "x/s3:/y", "1:2", "12:/x", "file:a",
		"...", "....", ".hidden", "a..b", "a/..b", "a/b..", "..a", "a/.../b", "a.", "a ", " a", "a/ /b",
		"é", "e\u0301", "😀.bin", "日本語/ファイル", "\u202eabc", "a\u200db", "\u200b", "\u2028",
		"\uff0e\uff0e/x", "\u2025/x", "\u2024\u2024", "a\uff0fb", "\u2215", // look like dots and slashes, are none
		"NUL", "con", "aux.txt", "COM1", "lpt9.log",
		strings.Repeat("s", 255), strings.Repeat("s/", 99)+"s", strings.Repeat(strings.Repeat("s", 203)+"/", 5)+"last",
	)
}

func TestArtifactPathRefused(t *testing.T) {
	t.Parallel()
	refuses(t, names.ArtifactPath, refusal{"", "must not be empty"})
	refuses(t, names.ArtifactPath, because(`".." segment`,
		"..", "../x", "a/..", "a/../b", "a/../../x", strings.Repeat("../", 8)+"etc/passwd",
		"%2e%2e/a", "%2E%2E", ".%2e/x", "..%2f", "..%2fcanary", "a%2f..%2fb", "a/%2e%2e", "%252e%252e/a", "%252e%252e%252fcanary", "%25252e%25252e",
		encode("../canary", 1), encode("../canary", 9), encode("..", 10),
		"%%32%65%%32%65/x", // decodes to %2e%2e, then to ..
	)...)
	refuses(t, names.ArtifactPath, because("more than ten times", encode("../x", 11), encode("a", 12))...)
	refuses(t, names.ArtifactPath, because("relative", "/", "/x", "//x", "/etc/passwd", "%2fetc%2fpasswd", "%252fetc", "//?/C:/x", "//h/share")...)
	refuses(t, names.ArtifactPath, because("backslash", `a\b`, `..\x`, `\x`, `C:\x`, `\\host\share\x`, `\\?\C:\x`, `\\.\PhysicalDrive0`, "a%5c..%5cb", "a%255cb")...)
	refuses(t, names.ArtifactPath, because("drive letter", "C:/x", "C:x", "c:", "a:b", "C%3a/x", "%43:/x")...)
	refuses(t, names.ArtifactPath, because("not a URL", "file:/x", "file:///etc/passwd", "FILE:/x", "http://169.254.169.254/latest", "s3://other/k", "s3+http://x", "http%3a//x", "a.b-c+d:/x")...)
	refuses(t, names.ArtifactPath, because("control", "a\x00b", "\x00", "a\nb", "a\n", "a\tb", "a\x7fb", "a\u0085b", "a%00b", "a%0d%0aSet-Cookie: s=1", "a%2500b", "%2\t52e%2\t52e/canary")...)
	refuses(t, names.ArtifactPath, because(`"#"`, "#", "a#b", "a#", "a%23b", "a%2523b")...)
	refuses(t, names.ArtifactPath, because("UTF-8", "\xff\xfe", "a\xc3", "\xc0\xae\xc0\xae/canary", "\xe0\x80\xae/", "\xed\xa0\x80", "%ff%fe", "%c0%ae%c0%ae/canary")...)
	refuses(t, names.ArtifactPath, because(`"." segment`, ".", "./a", "a/.", "a/./b")...)
	refuses(t, names.ArtifactPath, because("empty segment", "a//b", "....//canary", "a///b")...)
	refuses(t, names.ArtifactPath, because(`end with "/"`, "a/", "a/b/", "a//")...)
	refuses(t, names.ArtifactPath,
		refusal{strings.Repeat(strings.Repeat("s", 203)+"/", 5) + "last5", "longer than 1024 bytes"},
		refusal{strings.Repeat("x", 4097), "longer than 1024 bytes"},
		refusal{"a/" + strings.Repeat("s", 256), "segment longer than 255 bytes"},
		refusal{strings.Repeat("é", 128), "segment longer than 255 bytes"},
		refusal{strings.Repeat("s/", 100) + "s", "more than 100 segments"})
}

func TestArtifactDir(t *testing.T) {
	t.Parallel()
	tests := []struct{ input, want, rule string }{
		{"", "", ""},
		{"a", "a", ""},
		{"a/b", "a/b", ""},
		{"a/b/", "a/b", ""},
		{"a%2F", "a%2F", ""}, // a name, not a slash
		{strings.Repeat("s", 255) + "/", strings.Repeat("s", 255), ""},
		{"/", "", "relative"},
		{"//", "", "relative"},
		{"a//", "", `end with "/"`},
		{".", "", `"." segment`},
		{"./", "", `"." segment`},
		{"../", "", `".." segment`},
		{"a/../", "", `".." segment`},
		{"%2e%2e/", "", `".." segment`},
	}
	for _, tt := range tests {
		t.Run(tt.input, func(t *testing.T) {
			t.Parallel()
			got, err := names.ArtifactDir(tt.input)
			if tt.rule != "" {
				wantRule(t, err, tt.rule)
			} else if err != nil {
				t.Errorf("refused: %v", err)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// The decision of our Go API: a path is the name itself, so texts that decode alike are accepted side by side.
func TestArtifactPathsThatLookEncodedAreDistinct(t *testing.T) {
	t.Parallel()
	pair := []string{"a%2Fb", "a/b"}
	accepts(t, names.ArtifactPath, pair...)
	for _, name := range pair {
		if dir, err := names.ArtifactDir(name); dir != name || err != nil {
			t.Errorf("%q is listed as %q, %v", name, dir, err)
		}
	}
}

// An accepted path is in normal form and stays below its root, whoever joins it, also after decoding it with the standard library.
func FuzzArtifactPath(f *testing.F) {
	for _, seed := range []string{"a/b", "..", "%2e%2e/a", "%252e", "a//b", "a/", "/a", "C:/x", `a\b`, "a#b", "a%", "s3://x", "\xff", "%%32%65", "a%2Fb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		dir, dirErr := names.ArtifactDir(name)
		if err := names.ArtifactPath(name); err != nil {
			if dirErr == nil && dir != "" && names.ArtifactPath(dir) != nil {
				t.Errorf("listing %q leads to the refused path %q", name, dir)
			}
			return
		}
		if dirErr != nil || dir != name {
			t.Errorf("%q is a path, but listed as %q, %v", name, dir, dirErr)
		}
		if path.Clean(name) != name || !filepath.IsLocal(name) || name == "." || !utf8.ValidString(name) {
			t.Errorf("accepted %q, which is not in normal form", name)
		}
		if len(name) > 1024 || strings.Count(name, "/") > 99 {
			t.Errorf("accepted %d bytes and %d slashes", len(name), strings.Count(name, "/"))
		}
		for decoded, rounds := name, 0; rounds < 12; rounds++ {
			if !strings.HasPrefix(path.Join("/root", decoded)+"/", "/root/") || strings.ContainsAny(decoded, "\\#\x00\n") {
				t.Errorf("accepted %q, which decodes to %q", name, decoded)
			}
			next, err := url.PathUnescape(decoded)
			if err != nil {
				break
			}
			decoded = next
		}
	})
}
