package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/report"
)

func htmlOf(t *testing.T, reports ...conformance.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.HTML(&b, reports...); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHTMLShowsEveryCase(t *testing.T) {
	t.Parallel()
	text := htmlOf(t, mixed())
	for _, wanted := range []string{
		"<h1>Conformance: error</h1>", "broken &lt;store&gt;", "seed 7", "level", "1 error, 1 fail, 1 skipped, 1 n/a, 1 pass",
		"the rule of TS-002", "want &lt;1&gt; &amp; got", "repeat TS-002", "a line", "because", "the decoy was touched",
	} {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(wanted)) {
			t.Errorf("the page lacks %q:\n%s", wanted, text)
		}
	}
	var got []string
	for _, m := range regexp.MustCompile(`<details class="(\w+)"( open)?>\s*<summary>.*?<b>(TS-\d+)</b>`).FindAllStringSubmatch(text, -1) {
		got = append(got, m[3]+" "+m[1]+m[2])
	}
	want := []string{"TS-001 pass", "TS-002 fail open", "TS-003 error open", "TS-004 na", "TS-005 skipped"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cases (-want +got):\n%s", diff)
	}
}

// The page is well-formed, every verdict can be filtered, and it asks for nothing from elsewhere.
func TestHTMLIsOfOnePiece(t *testing.T) {
	t.Parallel()
	text := htmlOf(t, mixed(), mixed())
	for _, elsewhere := range []string{"http:", "https:", "src=", "url(", "@import", "<script", "<link"} {
		if strings.Contains(text, elsewhere) {
			t.Errorf("the page has %q, which may lead elsewhere", elsewhere)
		}
	}
	for _, verdict := range []string{"pass", "fail", "error", "na", "skipped"} {
		if !strings.Contains(text, `id="show-`+verdict+`"`) || !strings.Contains(text, "#show-"+verdict+":not(:checked)) details."+verdict) {
			t.Errorf("the cases that are %q cannot be filtered", verdict)
		}
	}
	decoder := xml.NewDecoder(strings.NewReader(text))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var open []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v within %v", err, open)
		}
		switch x := token.(type) {
		case xml.StartElement:
			open = append(open, x.Name.Local)
		case xml.EndElement:
			if last := open[len(open)-1]; last != x.Name.Local {
				t.Fatalf("%s ends within %s", x.Name.Local, last)
			}
			open = open[:len(open)-1]
		}
	}
}

func TestHTMLBars(t *testing.T) {
	t.Parallel()
	text := htmlOf(t, mixed())
	_, bar, _ := strings.Cut(text, "<svg")
	bar, _, _ = strings.Cut(bar, "</svg>")
	var got []string
	for _, m := range regexp.MustCompile(`class="(\w+)" x="([\d.]+)" width="([\d.]+)"`).FindAllStringSubmatch(bar, -1) {
		got = append(got, strings.Join(m[1:], " "))
	}
	want := []string{"error 0.000 20.000", "fail 20.000 20.000", "skipped 40.000 20.000", "na 60.000 20.000", "pass 80.000 20.000"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parts of the bar (-want +got):\n%s", diff)
	}
	if err := report.HTML(&full{500}, mixed()); err == nil {
		t.Error("HTML ignores a full disk")
	}
}
