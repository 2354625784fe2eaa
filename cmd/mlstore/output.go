package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"iter"
	"os"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"

	"github.com/mlstore/mlstore/core"
)

// formats are the values of --output.
func formats() []string { return []string{"table", "json", "jsonl", "csv"} }

// column is one column of a table of T.
type column[T any] struct {
	name string
	text func(T) string
}

// listing says how entities are shown: as rows of columns, or as JSON objects.
type listing[T any] struct {
	columns []column[T]
	object  func(T) any
}

// show writes all items in the format that was asked for. Only a table waits for the last one.
func (l listing[T]) show(a *app, items iter.Seq2[T, error]) error {
	out := bufio.NewWriter(a.stdout)
	var err error
	switch a.output {
	case "json":
		err = l.writeJSON(out, items)
	case "jsonl":
		err = l.writeLines(out, items)
	case "csv":
		err = l.writeCSV(out, items)
	default:
		err = l.writeTable(out, items, a.colour())
	}
	return joined(err, out.Flush())
}

// showOne writes one item: a single object, or a line for each column.
func (l listing[T]) showOne(a *app, item T) error {
	switch a.output {
	case "json":
		return writeObject(a.stdout, l.object(item))
	case "jsonl", "csv":
		return l.show(a, func(yield func(T, error) bool) { yield(item, nil) })
	}
	var rows [][]string
	for _, c := range l.columns {
		rows = append(rows, []string{c.name, c.text(item)})
	}
	out := bufio.NewWriter(a.stdout)
	align(out, rows, false)
	return out.Flush()
}

// writeObject writes one JSON value, indented.
func writeObject(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

func (l listing[T]) writeJSON(out *bufio.Writer, items iter.Seq2[T, error]) error {
	separator := "[\n  "
	for item, err := range items {
		if err != nil {
			return err
		}
		_, _ = out.WriteString(separator)
		separator = ",\n  "
		var b strings.Builder
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("  ", "  ")
		if err := encoder.Encode(l.object(item)); err != nil {
			return err
		}
		_, _ = out.WriteString(strings.TrimSuffix(b.String(), "\n"))
	}
	if separator != ",\n  " {
		_, err := out.WriteString("[]\n")
		return err
	}
	_, err := out.WriteString("\n]\n")
	return err
}

func (l listing[T]) writeLines(out *bufio.Writer, items iter.Seq2[T, error]) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for item, err := range items {
		if err != nil {
			return err
		}
		if err := encoder.Encode(l.object(item)); err != nil {
			return err
		}
	}
	return nil
}

func (l listing[T]) writeCSV(out *bufio.Writer, items iter.Seq2[T, error]) error {
	w := csv.NewWriter(out)
	header := l.header()
	if err := w.Write(header); err != nil {
		return err
	}
	for item, err := range items {
		if err != nil {
			return err
		}
		if err := w.Write(l.row(item)); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func (l listing[T]) writeTable(out *bufio.Writer, items iter.Seq2[T, error], colour bool) error {
	header := l.header()
	for i := range header {
		header[i] = strings.ToUpper(header[i])
	}
	rows := [][]string{header}
	for item, err := range items {
		if err != nil {
			return err
		}
		rows = append(rows, l.row(item))
	}
	align(out, rows, colour)
	return nil
}

func (l listing[T]) header() []string {
	var names []string
	for _, c := range l.columns {
		names = append(names, c.name)
	}
	return names
}

func (l listing[T]) row(item T) []string {
	var texts []string
	for _, c := range l.columns {
		texts = append(texts, c.text(item))
	}
	return texts
}

// align writes rows as columns, two blanks apart, the first row in bold when bold says so.
func align(out *bufio.Writer, rows [][]string, bold bool) {
	var widths []int
	for _, row := range rows {
		for i := range row {
			row[i] = visible(row[i], false)
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], runewidth.StringWidth(row[i]))
		}
	}
	for n, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-runewidth.StringWidth(cell)+2))
			}
		}
		text := strings.TrimRight(line.String(), " ")
		if n == 0 && bold {
			text = "\x1b[1m" + text + "\x1b[0m"
		}
		_, _ = out.WriteString(text + "\n") // a bufio.Writer keeps its first error until Flush
	}
}

// visible shows control characters as question marks: names come from anybody, and must not steer the terminal.
func visible(text string, lines bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines:
			return r
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return '?'
		}
		return r
	}, text)
}

// colour reports whether standard output is a terminal that may be written to in bold.
func (a *app) colour() bool {
	return !a.noColor && a.env("NO_COLOR") == "" && a.env("TERM") != "dumb" && isTerminal(a.stdout)
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// stamp is a point in time in UTC; empty when there is none.
func stamp(t core.Millis) string {
	if t == 0 {
		return ""
	}
	return t.Time().Format("2006-01-02T15:04:05Z")
}
