package main

import (
	"bufio"
	"fmt"
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
	Hooks []string          `json:"hooks,omitempty"`
	Since string            `json:"since,omitempty"`
	Rule  string            `json:"rule"`
	Why   string            `json:"why,omitempty"`
}

func entryObject(e conformance.Entry) any {
	var hooks []string
	for _, h := range e.Hooks {
		hooks = append(hooks, string(h))
	}
	return entryView{e.Kind, e.ID, e.Name, e.Level.String(), e.Needs, hooks, e.Since, e.Rule, e.Why}
}

// needs lists the capabilities of the store and the hooks of the harness without which a case is n/a.
func needs(e conformance.Entry) string {
	var all []string
	for _, c := range e.Needs {
		all = append(all, string(c))
	}
	for _, h := range e.Hooks {
		all = append(all, string(h)+" (harness)")
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
	if len(e.Needs)+len(e.Hooks) > 0 {
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

// writeMarkdown writes the catalogue of cases, a table for each kind.
func writeMarkdown(w io.Writer, entries []conformance.Entry) error {
	out := bufio.NewWriter(w)
	_, _ = out.WriteString(catalogueHead)
	for len(entries) > 0 {
		kind, n := entries[0].Kind, 0
		for n < len(entries) && entries[n].Kind == kind {
			n++
		}
		_, _ = fmt.Fprintf(out, "\n## %s: %d cases\n\n", kind, n)
		_, _ = out.WriteString("| id | level | name | needs | promise |\n|---|---|---|---|---|\n")
		for _, e := range entries[:n] {
			row := []string{e.ID, e.Level.String(), e.Name, needs(e), e.Rule}
			for i := range row {
				row[i] = strings.ReplaceAll(visible(row[i], false), "|", `\|`)
			}
			_, _ = out.WriteString("| " + strings.Join(row, " | ") + " |\n")
		}
		entries = entries[n:]
	}
	return out.Flush() // a bufio.Writer keeps its first error until here
}

const catalogueHead = `# Catalogue of conformance cases

Every case that mlstore conformance run and the packages below conformance hold a store to, made from their code. What a case
needs is a capability that the store declares, or something that the harness must offer; without it the case is n/a, and a
report says so. The ids stand in the comments of package core at the promise that they check.
How to run them: [conformance.md](conformance.md).
`
