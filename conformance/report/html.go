package report

import (
	"fmt"
	"html/template"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/mlstore/mlstore/conformance"
)

// HTML writes the runs as one page that needs nothing else: no network, no other file. It shows the verdicts of each run as
// a bar and by topic, and every case, which can be filtered by verdict; what failed is open.
func HTML(w io.Writer, reports ...conformance.Report) error {
	t, err := template.New("report").Parse(page)
	if err != nil {
		return err
	}
	view := pageView{Verdict: string(Worst(reports...)), Verdicts: conformance.Verdicts()}
	for _, r := range reports {
		view.Runs = append(view.Runs, runViewOf(r))
	}
	return t.Execute(w, view)
}

// The page as its template sees it.
type (
	pageView struct {
		Verdict  string
		Verdicts []conformance.Verdict
		Runs     []runView
	}
	runView struct {
		conformance.Report
		Took   string
		Level  string
		Counts []count
		Topics []topic
		Cases  []caseView
	}
	count struct {
		Verdict conformance.Verdict
		Cases   int
		X, W    string // of its part of the bar, in hundredths of the whole
	}
	topic struct {
		Name   string
		Counts []count
	}
	caseView struct {
		conformance.Result
		Level string
		Took  string
		Needs string // capabilities and hooks
		Open  bool
	}
)

func runViewOf(r conformance.Report) runView {
	v := runView{Report: r, Took: r.Duration.Round(time.Millisecond).String(), Level: r.Level.String(), Counts: countsOf(r.Results)}
	topics := map[string][]conformance.Result{}
	var names []string
	v.Problems, v.Leftovers = allClean(r.Problems), allClean(r.Leftovers)
	for _, result := range r.Results {
		name := path.Dir(result.Name)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		topics[name] = append(topics[name], result)
		result.Message, result.Reason, result.Log = clean(result.Message), clean(result.Reason), allClean(result.Log)
		var needs []string
		for _, c := range result.Needs {
			needs = append(needs, string(c))
		}
		for _, h := range result.Hooks {
			needs = append(needs, string(h))
		}
		v.Cases = append(v.Cases, caseView{
			Result: result, Level: result.Level.String(), Took: result.Duration.Round(time.Millisecond).String(),
			Needs: strings.Join(needs, ", "), Open: result.Verdict == conformance.Fail || result.Verdict == conformance.Broken,
		})
	}
	for _, name := range names {
		v.Topics = append(v.Topics, topic{name, countsOf(topics[name])})
	}
	return v
}

func allClean(texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = clean(text)
	}
	return all
}

// countsOf counts the verdicts, those that there are, and lays them out as parts of a bar.
func countsOf(results []conformance.Result) []count {
	var all []count
	at := 0
	for _, verdict := range conformance.Verdicts() {
		n := 0
		for _, r := range results {
			if r.Verdict == verdict {
				n++
			}
		}
		if n > 0 {
			share := func(n int) string { return fmt.Sprintf("%.3f", 100*float64(n)/float64(len(results))) }
			all = append(all, count{verdict, n, share(at), share(n)})
			at += n
		}
	}
	return all
}
