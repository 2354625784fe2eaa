package sqldb

import "strconv"

// Dialect is the language of a database.
type Dialect int

// The dialects.
const (
	SQLite Dialect = iota
	Postgres
)

func (d Dialect) String() string {
	if d == Postgres {
		return "postgresql"
	}
	return "sqlite"
}

// In writes the condition that a column is one of the values of the n-th argument, a slice: "key = ANY($2)".
func (d Dialect) In(column string, n int) string {
	arg := "$" + strconv.Itoa(n)
	if d == Postgres {
		return column + " = ANY(" + arg + ")"
	}
	return column + " IN (SELECT value FROM json_each(" + arg + "))"
}

// ForUpdate is the clause that locks the rows that a SELECT of a Postgres transaction finds, until it ends; empty on
// SQLite, whose writing transactions exclude each other. The rows must be found in a fixed order, else two transactions
// can wait for each other.
func (d Dialect) ForUpdate() string {
	if d == Postgres {
		return " FOR NO KEY UPDATE"
	}
	return ""
}
