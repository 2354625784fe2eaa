package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mlstore/mlstore/conformance"
)

// The elements of JUnit's report, as CI systems read it.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name      string       `xml:"name,attr"`
		ClassName string       `xml:"classname,attr"`
		Time      string       `xml:"time,attr"`
		Failure   *junitDetail `xml:"failure,omitempty"`
		Error     *junitDetail `xml:"error,omitempty"`
		Skipped   *junitDetail `xml:"skipped,omitempty"`
	}
	junitDetail struct {
		Message string `xml:"message,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the runs as JUnit XML, one suite a run. What broke apart from any case is a case of its own, so that a reader
// that counts elements sees it.
func JUnit(w io.Writer, reports ...conformance.Report) error {
	var all junitSuites
	for _, r := range reports {
		s := junitSuiteOf(r)
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Skipped += s.Skipped
		all.Suites = append(all.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitSuiteOf(r conformance.Report) junitSuite {
	s := junitSuite{
		Name: "conformance." + r.Kind, Time: seconds(r.Duration), Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{
			{"store", clean(r.Store.Name)},
			{"level", r.Level.String()},
			{"seed", strconv.FormatUint(r.Seed, 10)},
		},
	}
	for _, result := range r.Results {
		c := junitCase{Name: result.ID + " " + result.Name, ClassName: s.Name, Time: seconds(result.Duration)}
		text := clean(result.Explain() + strings.Join(result.Log, "\n"))
		switch result.Verdict {
		case conformance.Pass:
		case conformance.Fail:
			c.Failure = &junitDetail{Message: result.Rule, Text: text}
			s.Failures++
		case conformance.Broken:
			c.Error = &junitDetail{Message: "the suite or its harness broke", Text: text}
			s.Errors++
		case conformance.NotApplicable, conformance.Skipped:
			c.Skipped = &junitDetail{Message: clean(string(result.Verdict) + ": " + result.Reason)}
			s.Skipped++
		}
		s.Cases = append(s.Cases, c)
	}
	for i, problem := range r.Problems {
		s.Cases = append(s.Cases, junitCase{
			Name: fmt.Sprintf("run %d", i+1), ClassName: s.Name, Time: "0",
			Error: &junitDetail{Message: "the run broke", Text: clean(problem)},
		})
		s.Errors++
	}
	s.Tests = len(s.Cases)
	return s
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// clean drops what XML 1.0 and HTML cannot hold.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r != utf8.RuneError && r != 0xFFFE && r != 0xFFFF {
			return r
		}
		return '?'
	}, text)
}
