package sqldb

// Batch is a list of statements that cross to the database together. The zero value is an empty one.
type Batch struct {
	// Last says that the transaction of Tx.Do ends with this batch, so that on Postgres its end needs no round trip of its
	// own. What functions of the batch return undoes nothing then.
	Last bool

	statements []Statement
}

// Statement is one statement of a batch.
type Statement struct {
	SQL  string
	Args []any
	Read func(Rows) error // reads what the statement answers; nil when that is nothing. It need not close the rows.

	// Weighed says that the best plan depends on the arguments, so that Postgres must not keep one plan for all of them. It
	// counts in Tx.Do alone.
	Weighed bool
}

// Exec adds a statement whose answer does not matter.
func (b *Batch) Exec(sql string, args ...any) { b.Query(nil, sql, args...) }

// Query adds a statement whose rows read reads.
func (b *Batch) Query(read func(Rows) error, sql string, args ...any) {
	b.statements = append(b.statements, Statement{SQL: sql, Args: args, Read: read})
}

// Weigh adds a query whose best plan depends on its arguments.
func (b *Batch) Weigh(read func(Rows) error, sql string, args ...any) {
	b.statements = append(b.statements, Statement{SQL: sql, Args: args, Read: read, Weighed: true})
}

// Insert adds a bulk insert.
func (b *Batch) Insert(d Dialect, in Insert) {
	for sql, args := range in.Statements(d) {
		b.Exec(sql, args...)
	}
}

// Len is the number of statements.
func (b *Batch) Len() int { return len(b.statements) }

// Statements are the statements of the batch in order.
func (b *Batch) Statements() []Statement { return b.statements }

// Each returns a function for Batch.Query that calls scan for every row.
func Each(scan func(Rows) error) func(Rows) error {
	return func(rows Rows) error {
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

// One returns a function for Batch.Query that scans the first row, if there is one, and says so in found.
func One(found *bool, dest ...any) func(Rows) error {
	return func(rows Rows) error {
		if *found = rows.Next(); *found {
			return rows.Scan(dest...)
		}
		return rows.Err()
	}
}
