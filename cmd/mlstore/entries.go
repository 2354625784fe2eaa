package main

import (
	"bufio"
	"io"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

type entryView struct {
	Kind  string            `json:"kind"`
	ID    string            `json:"id"`
	Name  string            `json:"name"`
	Level string            `json:"level"`
	Needs []core.Capability `json:"needs,omitempty"`
	Since string            `json:"since,omitempty"`
	Rule  string            `json:"rule"`
	Why   string            `json:"why,omitempty"`
}

func entryObject(e conformance.Entry) any {
	return entryView{e.Kind, e.ID, e.Name, e.Level.String(), e.Needs, e.Since, e.Rule, e.Why}
}

func needs(e conformance.Entry) string {
	var all []string
	for _, c := range e.Needs {
		all = append(all, string(c))
	}
	return strings.Join(all, ", ")
}

// entryListing shows many cases, a line each.
func entryListing() listing[conformance.Entry] {
	return listing[conformance.Entry]{
		columns: []column[conformance.Entry]{
			{"id", func(e conformance.Entry) string { return e.ID }},
			{"kind", func(e conformance.Entry) string { return e.Kind }},
			{"level", func(e conformance.Entry) string { return e.Level.String() }},
			{"name", func(e conformance.Entry) string { return e.Name }},
			{"rule", func(e conformance.Entry) string { return e.Rule }},
		},
		object: entryObject,
	}
}

// entryDetails shows one case with all that is known of it.
func entryDetails(e conformance.Entry) listing[conformance.Entry] {
	l := entryListing()
	if len(e.Needs) > 0 {
		l.columns = append(l.columns, column[conformance.Entry]{"needs", needs})
	}
	if e.Since != "" {
		l.columns = append(l.columns, column[conformance.Entry]{"since", func(e conformance.Entry) string { return e.Since }})
	}
	if e.Why != "" {
		l.columns = append(l.columns, column[conformance.Entry]{"why", func(e conformance.Entry) string { return e.Why }})
	}
	repeat := func(e conformance.Entry) string {
		return "mlstore conformance run URI --level " + e.Level.String() + " --only " + e.ID
	}
	l.columns = append(l.columns, column[conformance.Entry]{"run it", repeat})
	return l
}

// writeMarkdown writes the catalogue of cases.
func writeMarkdown(w io.Writer, entries []conformance.Entry) error {
	out := bufio.NewWriter(w)
	cell := func(text string) string { return strings.ReplaceAll(visible(text, false), "|", `\|`) }
	_, _ = out.WriteString("| id | kind | level | name | needs | rule |\n|---|---|---|---|---|---|\n")
	for _, e := range entries {
		row := []string{e.ID, e.Kind, e.Level.String(), e.Name, needs(e), e.Rule}
		for i := range row {
			row[i] = cell(row[i])
		}
		_, _ = out.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	return out.Flush()
}
