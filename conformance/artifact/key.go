package artifact

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func keyCases() []entry {
	return []entry{
		{
			ID: "AR-063", Name: "key/alphabet", Needs: []core.Capability{core.ArtifactVerbatim},
			Rule: "Blanks, punctuation and what other tools take for syntax are plain characters of a name.",
			Run:  inYard(keyAlphabet),
		},
		{ID: "AR-064", Name: "key/unicode", Rule: "Names may hold all of Unicode's text.", Run: inYard(keyUnicode)},
		{
			ID: "AR-065", Name: "key/forms-distinct",
			Rule: "Names are bytes: case, Unicode form, and blanks or dots at the end make them differ.", Run: inYard(keyForms),
		},
		{
			ID: "AR-066", Name: "key/looks-encoded", Needs: []core.Capability{core.ArtifactVerbatim},
			Rule: "A name is not decoded: a%2Fb and a/b are two files.", Run: inYard(keyEncoded),
		},
		{
			ID: "AR-067", Name: "key/control-characters", Rule: "A control character is kept exactly, or the name is ErrInvalid.",
			Run: inYard(keyControl),
		},
		{ID: "AR-068", Name: "key/not-utf8", Rule: "A name that is not UTF-8 is ErrInvalid.", Run: inYard(keyNotUTF8)},
		{
			ID: "AR-069", Name: "key/length", Rule: "A component may have 255 bytes and a path 1024, and not one more.",
			Run: inYard(keyLength),
		},
		{
			ID: "AR-070", Name: "key/windows-names", Level: conformance.Extended,
			Rule: "Names that Windows reserves are kept exactly, or are ErrInvalid.", Run: inYard(keyWindows),
		},
	}
}

// keepAll stores a file under every name, the name being its content, then lists and reads all of them. A store that does
// not declare ArtifactVerbatim may refuse a name.
func (y *yard) keepAll(all []string) {
	y.Helper()
	var names []string
	for _, name := range all {
		if y.takes(name, "in "+name) {
			names = append(names, name)
		}
	}
	y.listsAll("", slices.Sorted(slices.Values(names))...)
	for _, name := range names {
		y.holds(name, "in "+name)
		conformance.Equal(y, fmt.Sprintf("Stat(%q): path", name), y.stat(name).Path, y.at(name))
	}
	for _, name := range names {
		y.remove(name)
	}
	y.listsAll("")
}

func keyAlphabet(y *yard) {
	y.keepAll([]string{
		"a b", " a", "a ", "a  b", "a+b", "+", "a%b", "%", "100%", "%zz", "%2", "a%20b", "a%2Bb", "a%2520b", "a%2Fb", "50%-60%",
		"?", "a?b=c", "a&b", "a=b", "=", "a;b", "a,b", "'", "it's", `"`, `"quoted"`, "`", "<x>", "a>b", "a|b", "*", "*.txt", "a*b",
		"ab:c", "1:2", ":", "~", "~root", "a~1", "$(x)", "${HOME}", "$HOME", "!", "@", "a@b", "^", "(a)", "[a]", "[a-z]", "{a}",
		"{a,b}", "-", "-rf", "--help", "_", ".a", "..a", "a..b", "a..", "...", "dir with blanks/file name", "a&amp;b",
	})
}

func keyUnicode(y *yard) {
	y.keepAll([]string{
		"é", "ß", "İ", "日本語", "ファイル/データ", "ไทย", "हिन्दी", "עברית", "العربية",
		"😀.bin", "👩‍👩‍👧", "e\u0301\u0323", "a\u200db", "\u200b", "\u202eabc",
		"\ufb01", "\u2028", "\uff0e\uff0e", "a\uff0fb", "𝒳", "\U0010fffd", "ǅ",
	})
}

func keyForms(y *yard) {
	pairs := [][2]string{
		{"caf\u00e9", "cafe\u0301"},
		{"Name", "name"},
		{"n", "n "},
		{"t", "t."},
		{" s", "s"},
		{"STRASSE", "straße"},
		{"\u212b", "\u00c5"},
		{"D/x", "d/x"},
	}
	var all []string
	for _, p := range pairs {
		all = append(all, p[:]...)
	}
	y.keepAll(all)
}

func keyEncoded(y *yard) {
	y.keepAll([]string{"a/b", "a%2Fb", "a%2fb", "a%252Fb", "c d", "c%20d", "c+d", "c%2Bd", "e", "%65"})
	y.put("a/b", "plain")
	y.lacks("a%2Fb")
	y.put("x%2Fy", "encoded")
	y.lacks("x/y")
	y.lacks("x")
}

// exactOrInvalid holds for names that a store may refuse, but must not change.
func (y *yard) exactOrInvalid(names []string) {
	y.Helper()
	for _, name := range names {
		_, err := y.store.Put(y.ctx, y.at(name), newText("in "+name), core.PutOptions{})
		if errors.Is(err, core.ErrInvalid) {
			y.listsAll("")
			continue
		}
		conformance.NoError(y, fmt.Sprintf("Put(%q), which is not ErrInvalid", name), err)
		y.holds(name, "in "+name)
		y.listsAll("", name)
		y.remove(name)
	}
}

func keyControl(y *yard) {
	var names []string
	for c := rune(1); c < 0x20; c++ {
		names = append(names, "a"+string(c)+"b")
	}
	y.exactOrInvalid(append(names, "a\x7fb", "a\u0085b", "\n", "a\r\nb", "tab\t"))
}

func keyNotUTF8(y *yard) {
	for _, name := range []string{"\xff", "a\xc3", "\xc0\xae\xc0\xae/x", "\xed\xa0\x80", "dir\xff/f"} {
		y.refusedEverywhere(y.at(name))
	}
	y.listsAll("")
}

func keyLength(y *yard) {
	component := strings.Repeat("c", 255)
	long := y.at("")
	for len(long) < 1024-201 {
		long += "/" + strings.Repeat("p", 199)
	}
	long += "/" + strings.Repeat("q", 1024-len(long)-1)
	for _, name := range []string{component, "d/" + component, long[len(y.dir)+1:]} {
		y.put(name, "x")
		y.holds(name, "x")
		y.listsAll("", name)
		y.remove(name)
	}
	y.refusedEverywhere(y.at(component + "c"))
	y.refusedEverywhere(y.at(strings.Repeat("é", 128)))
	y.refusedEverywhere(long + "q")
	y.refusedEverywhere(y.at(strings.Repeat("x/", 3000) + "x"))
	y.listsAll("")
}

func keyWindows(y *yard) {
	y.exactOrInvalid([]string{
		"con", "CON", "nul", "nul.txt", "prn", "aux", "com1", "lpt9.log", "a:b", `a\b`, "f:stream", "f::$DATA", "a.", "a ",
		"PROGRA~1", "a<b", "a|b", "?", "*",
	})
}
