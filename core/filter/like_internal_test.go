package filter

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"
)

// TestLikeIsWhatTheRegexpSays compares with Go's regular expressions, whose (?i) folds as Unicode's simple folding does.
func TestLikeIsWhatTheRegexpSays(t *testing.T) {
	t.Parallel()
	letters := rapid.SampledFrom([]rune("aAbBkK\u212asSſßẞ%_.\\\n İıäÄΣσς"))
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(letters, 0, 12, -1).Draw(t, "text")
		like := rapid.StringOfN(rapid.OneOf(letters, rapid.SampledFrom([]rune("%_%_"))), 0, 8, -1).Draw(t, "pattern")
		if rapid.Bool().Draw(t, "near") {
			like = near(t, text)
		}
		for _, folds := range []bool{false, true} {
			p, ok := newPattern(like, folds)
			if !ok {
				t.Fatal("refused")
			}
			flags := "(?s)"
			if folds {
				flags = "(?si)"
			}
			oracle := strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(like))
			if want := regexp.MustCompile(flags + "^" + oracle + "$").MatchString(text); p.matches(text) != want {
				t.Fatalf("%q LIKE %q (folding: %t) is %t, want %t", text, like, folds, !want, want)
			}
		}
	})
}

// near draws a pattern that the text fits when case does not count.
func near(t *rapid.T, text string) string {
	var b strings.Builder
	for _, r := range text {
		switch rapid.IntRange(0, 5).Draw(t, "change") {
		case 0:
			b.WriteByte('_')
		case 1:
			b.WriteByte('%')
		case 2:
			b.WriteRune(unicode.SimpleFold(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func TestILikeFoldsAllScripts(t *testing.T) {
	t.Parallel()
	for text, like := range map[string]string{
		"Ärger": "ärger", "k": "\u212a", "\u212a": "K", "ſ": "S", "ΣΑΣ": "σας", "ẞ": "ß", "Джон": "дЖОН",
	} {
		for _, form := range []string{like, "%" + like, like + "%", "%" + like + "%", "%" + like + "%_%"} {
			folds, _ := newPattern(form, true)
			exact, _ := newPattern(form, false)
			long := strings.HasSuffix(form, "_%")
			if !folds.matches(text) == !long || exact.matches(text) {
				t.Errorf("%q ILIKE %q: %t, LIKE: %t", text, form, folds.matches(text), exact.matches(text))
			}
		}
	}
	for text, like := range map[string]string{"İ": "i", "ı": "I", "ss": "ß"} { // not simple folding
		if p, _ := newPattern(like, true); p.matches(text) {
			t.Errorf("%q ILIKE %q", text, like)
		}
	}
}

func TestLikeOnLongPieces(t *testing.T) {
	t.Parallel()
	for _, length := range []int{63, 64, 65, 128, 1000, 1024} {
		piece := strings.Repeat("x", length-2) + "_y"
		text := strings.Repeat("x", 3*length) + "zy" + strings.Repeat("x", length)
		p, ok := newPattern("%"+piece+"%", true)
		if !ok || !p.matches(text) || p.matches(strings.ReplaceAll(text, "y", "z")) {
			t.Errorf("a piece of %d characters is not found rightly", length)
		}
	}
}

func TestLikeTakesBytesThatAreNoText(t *testing.T) {
	t.Parallel()
	for _, like := range []string{"%_a%", "%_", "_a", "%\uFFFD_%", "a%"} {
		p, _ := newPattern(like, true)
		for _, text := range []string{"\xff", "\xffa", "a\xff", "\xc3", "\xe2\x82"} {
			p.matches(text) // must not panic
		}
	}
}

func TestLikeIsLinear(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("a", 100_000)
	began := time.Now()
	for _, like := range []string{
		strings.Repeat("%a", 20_000) + "%b%", "%" + strings.Repeat("a", 500) + "_" + strings.Repeat("a", 500) + "b%",
		strings.Repeat("%a_", 9_000) + "b",
	} {
		for _, folds := range []bool{false, true} {
			p, _ := newPattern(like, folds)
			if p.matches(text) {
				t.Errorf("%.20s… fits", like)
			}
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
