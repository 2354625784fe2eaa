package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/report"
	"github.com/mlstore/mlstore/core"
)

func result(id string, v conformance.Verdict) conformance.Result {
	r := conformance.Result{
		Entry: conformance.Entry{Kind: "tracking", ID: id, Name: "run/" + id, Rule: "the rule of " + id}, Verdict: v,
		Duration: 1500 * time.Millisecond,
	}
	switch v {
	case conformance.Fail, conformance.Broken:
		r.Message, r.Repro, r.Log = "want <1> & got \x01", "repeat "+id, []string{"a line"}
	case conformance.NotApplicable, conformance.Skipped:
		r.Reason = "because"
	case conformance.Pass:
	}
	return r
}

func mixed() conformance.Report {
	return conformance.Report{
		Kind: "tracking", Store: core.Info{Name: "broken <store>"}, Seed: 7, Started: time.Unix(0, 0), Duration: time.Minute,
		Results: []conformance.Result{
			result("TS-001", conformance.Pass), result("TS-002", conformance.Fail), result("TS-003", conformance.Broken),
			result("TS-004", conformance.NotApplicable), result("TS-005", conformance.Skipped),
		},
		Problems: []string{"the decoy was touched"},
	}
}

func TestTextNamesWhatDidNotPass(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := report.Text(&b, mixed()); err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []string{
		"TS-002", "the rule of TS-002", "repeat TS-002", "TS-003", "TS-004 run/TS-004: n/a (because)", "the decoy was touched",
		"1 pass, 1 fail, 1 error, 1 n/a, 1 skipped", "seed 7",
	} {
		if !strings.Contains(b.String(), wanted) {
			t.Errorf("the text lacks %q:\n%s", wanted, &b)
		}
	}
	if strings.Contains(b.String(), "TS-001") {
		t.Error("the text names a case that passed")
	}
}

func TestTextListsWhatWasNotAsked(t *testing.T) {
	t.Parallel()
	r := mixed()
	r.Transport = conformance.Wire
	for i := range r.Results {
		r.Results[i].Lacks = []conformance.Hook{conformance.FaultsHook} // but one that passed lacks nothing
	}
	r.Results = []conformance.Result{r.Results[0], r.Results[3], r.Results[3]}
	r.Results[2].ID = "TS-006"
	var b bytes.Buffer
	if err := report.Text(&b, r); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "n/a over the transport wire or with this harness: TS-004 TS-006\n") {
		t.Errorf("got %s", &b)
	}
}

func TestJSONReadsBack(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := report.JSON(&b, mixed()); err != nil {
		t.Fatal(err)
	}
	var got report.Document
	decoder := json.NewDecoder(&b)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(report.DocumentOf(mixed()), got); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
	want := map[string]int{"pass": 1, "fail": 1, "error": 1, "n/a": 1, "skipped": 1}
	if diff := cmp.Diff(want, got.Runs[0].Counts); diff != "" || got.Verdict != "error" {
		t.Errorf("verdict %s, counts (-want +got):\n%s", got.Verdict, diff)
	}
}

func TestJUnitHasRealElements(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := report.JUnit(&b, mixed()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Cases    []struct {
			Name    string  `xml:"name,attr"`
			Failure *string `xml:"failure"`
			Error   *string `xml:"error"`
			Skipped *struct {
				Message string `xml:"message,attr"`
			} `xml:"skipped"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v in\n%s", err, &b)
	}
	if got.Tests != 6 || got.Failures != 1 || got.Errors != 2 || got.Skipped != 2 || len(got.Cases) != 6 {
		t.Fatalf("the sums are wrong: %+v", got)
	}
	for i, c := range got.Cases {
		if (c.Failure != nil) != (i == 1) || (c.Error != nil) != (i == 2 || i == 5) || (c.Skipped != nil) != (i == 3 || i == 4) {
			t.Errorf("case %d has the wrong element: %+v", i, c)
		}
	}
	if text := *got.Cases[1].Failure; !strings.Contains(text, "want <1> & got ?") {
		t.Errorf("the failure says %q", text)
	}
}

func TestWorst(t *testing.T) {
	t.Parallel()
	of := func(v ...conformance.Verdict) conformance.Report {
		var r conformance.Report
		for _, v := range v {
			r.Results = append(r.Results, result("X", v))
		}
		return r
	}
	for want, reports := range map[conformance.Verdict][]conformance.Report{
		conformance.Broken: {of(conformance.Fail), of(conformance.Broken)},
		conformance.Fail:   {of(conformance.Pass), of(conformance.Fail)},
		conformance.Pass:   {of(conformance.Pass), of(conformance.Pass, conformance.NotApplicable)},
	} {
		if got := report.Worst(reports...); got != want {
			t.Errorf("the worst is %s, want %s", got, want)
		}
	}
	if report.Worst() != conformance.Broken {
		t.Error("no run at all is no error")
	}
}

type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errors.New("no space")
	}
	return len(p), nil
}

func TestWritersReportErrors(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"text": report.Text(&full{10}, mixed()), "json": report.JSON(&full{10}, mixed()), "junit": report.JUnit(&full{50}, mixed()),
	} {
		if err == nil {
			t.Errorf("%s ignores a full disk", name)
		}
	}
}
