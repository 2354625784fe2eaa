package sqldb

import (
	"iter"
	"strconv"
	"strings"
)

// Insert is a bulk insert: rows given as columns.
type Insert struct {
	Table   string
	Columns []Column
	Suffix  string // what follows the rows, such as "ON CONFLICT DO NOTHING"
}

// Column is one column of a bulk insert.
type Column struct {
	Name   string
	Type   string // of one value in Postgres, such as "text" or "bigint"
	Values Values
}

// Values are the values of a column, all columns of an insert having as many.
type Values interface {
	Len() int
	At(i int) any // the i-th value, as an argument
	Array() any   // all of them, as one argument
}

// List is a list of values that are never NULL.
type List[T string | int64 | float64 | bool] []T

// Len is the number of values.
func (l List[T]) Len() int { return len(l) }

// At is the i-th value.
func (l List[T]) At(i int) any { return l[i] }

// Array is the list as one argument.
func (l List[T]) Array() any { return []T(l) }

// Nullable is a list of values that are NULL where they are nil.
type Nullable[T string | int64 | float64 | bool] []*T

// Len is the number of values.
func (l Nullable[T]) Len() int { return len(l) }

// At is the i-th value.
func (l Nullable[T]) At(i int) any {
	if l[i] == nil {
		return nil
	}
	return *l[i]
}

// Array is the list as one argument.
func (l Nullable[T]) Array() any { return []*T(l) }

// Rows is the number of rows of the insert.
func (in Insert) Rows() int {
	if len(in.Columns) == 0 {
		return 0
	}
	return in.Columns[0].Values.Len()
}

// rowsPerStatement is how many rows one statement of SQLite inserts at most: beyond it longer statements gain nothing.
const rowsPerStatement = 50

// Statements are the statements that do the insert: one on Postgres, whose arguments are the columns; on SQLite one for
// every few rows.
func (in Insert) Statements(d Dialect) iter.Seq2[string, []any] {
	if d == Postgres {
		return in.arrays
	}
	return in.values
}

func (in Insert) arrays(yield func(string, []any) bool) {
	if in.Rows() == 0 {
		return
	}
	var types strings.Builder
	args := make([]any, len(in.Columns))
	for i, c := range in.Columns {
		if i > 0 {
			types.WriteString(", ")
		}
		types.WriteString("$" + strconv.Itoa(i+1) + "::" + c.Type + "[]")
		args[i] = c.Values.Array()
	}
	yield(in.head()+" SELECT * FROM unnest("+types.String()+") "+in.Suffix, args)
}

// values inserts rowsPerStatement rows at a time, and the rest one by one, so that few different statements are prepared.
func (in Insert) values(yield func(string, []any) bool) {
	many, one := "", ""
	for row := 0; row < in.Rows(); {
		n, text := 1, &one
		if in.Rows()-row >= rowsPerStatement {
			n, text = rowsPerStatement, &many
		}
		if *text == "" {
			*text = in.text(n)
		}
		args := make([]any, 0, n*len(in.Columns))
		for range n {
			for _, c := range in.Columns {
				args = append(args, c.Values.At(row))
			}
			row++
		}
		if !yield(*text, args) {
			return
		}
	}
}

func (in Insert) text(rows int) string {
	var b strings.Builder
	b.WriteString(in.head() + " VALUES ")
	row := "(" + strings.Repeat("?, ", len(in.Columns)-1) + "?)"
	b.WriteString(row + strings.Repeat(", "+row, rows-1) + " " + in.Suffix)
	return b.String()
}

func (in Insert) head() string {
	names := make([]string, len(in.Columns))
	for i, c := range in.Columns {
		names[i] = c.Name
	}
	return "INSERT INTO " + in.Table + " (" + strings.Join(names, ", ") + ")"
}
