package project

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func logCases(drive Drive) []entry {
	return []entry{
		{
			ID: "PB-039", Name: "logs/complete", Rule: "Every line is there once, in the order of its stream, in pages of any length.",
			Run: played(drive, logComplete),
		},
		{ID: "PB-040", Name: "logs/stdout-stderr", Rule: "The streams can be told apart.", Run: played(drive, logStreams)},
		{
			ID: "PB-041", Name: "logs/follow", Level: conformance.Extended,
			Rule: "While a job may write more, a page has a Next, even if it is empty; the last page of an ended job has none.",
			Run:  played(drive, logFollow),
		},
		{
			ID: "PB-042", Name: "logs/stop-early", Rule: "Who stops reading does not disturb the job, and may begin again.",
			Run: played(drive, logStopEarly),
		},
		{
			ID: "PB-056", Name: "logs/limits-and-tokens",
			Rule: "A page limit of 0 is the default; a bad limit or a foreign token is ErrInvalid (D-21).", Run: played(drive, logLimits),
		},
	}
}

func longLogCases(drive Drive) []entry {
	return []entry{
		{
			ID: "PB-043", Name: "logs/huge-line-and-flood", Level: conformance.Extended,
			Rule: "Long lines and many lines come whole, or marked as truncated.", Run: played(drive, logFlood),
		},
		{
			ID: "PB-044", Name: "logs/binary", Level: conformance.Extended,
			Rule: "Bytes that are no text survive, or are visibly replaced.", Run: played(drive, logBinary),
		},
	}
}

func logComplete(s *stage) {
	const n = 23
	id := s.running()
	var out, errs []string
	for i := range n {
		text := fmt.Sprintf("line %d", i/2) // repeated lines are lines too
		if i%3 == 2 {
			s.write(id, core.Stderr, text)
			errs = append(errs, text)
		} else {
			s.write(id, core.Stdout, text)
			out = append(out, text)
		}
	}
	s.write(id, core.Stdout, "")
	out = append(out, "")
	s.finish(id, 0)
	for _, limit := range []int{0, 1, 2, 7, n, n + 1, n + 2} {
		lines := s.read(id, limit)
		what := fmt.Sprintf(" in pages of %d", limit)
		conformance.Equal(s, "stdout"+what, texts(lines, core.Stdout), out)
		conformance.Equal(s, "stderr"+what, texts(lines, core.Stderr), errs)
	}
}

func logStreams(s *stage) {
	id := s.running()
	s.write(id, core.Stdout, "to stdout")
	s.write(id, core.Stderr, "to stderr")
	s.finish(id, 0)
	lines := s.read(id, 0)
	conformance.Equal(s, "number of lines", len(lines), 2)
	conformance.Equal(s, "stdout", texts(lines, core.Stdout), []string{"to stdout"})
	conformance.Equal(s, "stderr", texts(lines, core.Stderr), []string{"to stderr"})
}

func logFollow(s *stage) {
	id := s.submit()
	var seen []string
	token := ""
	follow := func(want ...string) {
		s.Helper()
		for range 3 { // also when there is nothing new
			page, err := s.env.Second().Logs(s.Context(), id, core.LogOptions{PageOptions: core.PageOptions{Token: token}})
			conformance.NoError(s, "Logs", err)
			if page.Next == "" {
				s.Fatalf("a job that may write more has a page without Next")
			}
			token = page.Next
			seen = append(seen, texts(page.Items, core.Stdout)...)
		}
		conformance.Equal(s, "lines so far", seen, want)
	}
	follow()
	s.start(id)
	follow()
	s.write(id, core.Stdout, "one")
	s.write(id, core.Stdout, "two")
	follow("one", "two")
	s.write(id, core.Stdout, "three")
	follow("one", "two", "three")
	s.write(id, core.Stdout, "four")
	s.finish(id, 0)
	for token != "" {
		page, err := s.env.Second().Logs(s.Context(), id, core.LogOptions{PageOptions: core.PageOptions{Token: token}})
		conformance.NoError(s, "Logs", err)
		seen = append(seen, texts(page.Items, core.Stdout)...)
		token = page.Next
	}
	conformance.Equal(s, "all lines", seen, []string{"one", "two", "three", "four"})
}

func logStopEarly(s *stage) {
	id := s.running()
	var want []string
	for i := range 10 {
		want = append(want, fmt.Sprintf("line %d", i))
		s.write(id, core.Stdout, want[i])
	}
	for range 5 {
		page, err := s.store.Logs(s.Context(), id, core.LogOptions{PageOptions: core.PageOptions{Limit: 3}})
		conformance.NoError(s, "Logs", err)
		conformance.Equal(s, "the first page", texts(page.Items, core.Stdout), want[:3])
	}
	s.becomes(id, core.Running)
	s.finish(id, 0)
	conformance.Equal(s, "all lines", texts(s.read(id, 4), core.Stdout), want)
}

func logLimits(s *stage) {
	id := s.running()
	s.write(id, core.Stdout, "line")
	most := s.env.Limits.LogPage.Max
	for _, limit := range []int{0, 1, most} {
		page, err := s.store.Logs(s.Context(), id, core.LogOptions{PageOptions: core.PageOptions{Limit: limit}})
		conformance.NoError(s, fmt.Sprintf("Logs with a limit of %d", limit), err)
		conformance.Equal(s, "lines", texts(page.Items, core.Stdout), []string{"line"})
	}
	for _, o := range []core.PageOptions{
		{Limit: -1}, {Limit: most + 1}, {Token: "garbage"}, {Token: "%%%"}, {Token: strings.Repeat("A", 5000)}, {Token: "\x00"},
	} {
		_, err := s.store.Logs(s.Context(), id, core.LogOptions{PageOptions: o})
		conformance.Refused(s, fmt.Sprintf("Logs with %.60q and limit %d", o.Token, o.Limit), err, core.ErrInvalid)
	}
	if !s.env.Info.Has(core.PagesKeyset) { // only a keyset's tokens are bound to their query
		return
	}
	page, err := s.store.Logs(s.Context(), id, core.LogOptions{})
	conformance.NoError(s, "Logs", err)
	_, err = s.store.Logs(s.Context(), s.running(), core.LogOptions{PageOptions: core.PageOptions{Token: page.Next}})
	conformance.Refused(s, "Logs with the token of another job", err, core.ErrInvalid)
}

func logFlood(s *stage) {
	const lines, long = 5_000, 10 << 20
	id := s.running()
	huge := strings.Repeat("x", long)
	s.write(id, core.Stderr, huge)
	var want []string
	for i := range lines {
		want = append(want, fmt.Sprintf("line %d", i))
		s.write(id, core.Stdout, want[i])
	}
	s.finish(id, 0)
	got := s.read(id, 0)
	if !slices.Equal(texts(got, core.Stdout), want) {
		s.Errorf("of %d lines %d came back, or in another order", lines, len(texts(got, core.Stdout)))
	}
	at := slices.IndexFunc(got, func(l core.LogLine) bool { return l.Stream == core.Stderr })
	switch {
	case at < 0:
		s.Error("the long line is missing")
	case got[at].Truncated && strings.HasPrefix(huge, got[at].Text):
	case got[at].Text != huge:
		s.Errorf("the long line has %d bytes instead of %d and is not marked as truncated", len(got[at].Text), long)
	}
}

func logBinary(s *stage) {
	id := s.running()
	const text = "a\xffb\xc3"
	s.write(id, core.Stdout, text)
	s.write(id, core.Stdout, "after")
	s.finish(id, 0)
	got := texts(s.read(id, 0), core.Stdout)
	if len(got) != 2 || got[1] != "after" {
		s.Fatalf("got %q, want two lines", got)
	}
	if got[0] != text && got[0] != strings.ToValidUTF8(text, "\ufffd") && !strings.Contains(got[0], `\x`) {
		s.Errorf("got %q for %q", got[0], text)
	}
}
