package query

import "strings"

// either writes a search in two ways, of which SQLite does the one that suits. It keeps no statistics that would tell, as
// Postgres does. Where few items are searched it looks at each of them. Where most are, and the order begins with a metric,
// it goes along the metric's values and stops when the page is full; there that costs at most four times as much.
//
// Either way alone has a limit above 0, which SQLite works out before it looks at any row.
func (c *compiler) either(b *strings.Builder, terms []term, first *pair, limit string) {
	b.WriteString("SELECT * FROM (")
	c.selected(b, c.shape.id+" AS id", terms)
	c.found(b, terms, nil, "CASE WHEN "+c.most+" THEN 0 ELSE "+limit+" END")
	b.WriteString(") UNION ALL SELECT * FROM (")
	c.selected(b, c.shape.id+" AS id", terms)
	c.found(b, terms, first, "CASE WHEN "+c.most+" THEN "+limit+" ELSE 0 END")
	b.WriteString(")")
}

// mostRuns writes that a quarter of all runs or more meet a condition, judged by 64 of them that lie evenly among all. That
// takes no time, since rows are numbered, and it is done before the search begins.
func mostRuns(condition string) string {
	return "((SELECT count(*) FROM (WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 63) " +
		"SELECT i FROM n) s CROSS JOIN runs r ON r.rowid = (SELECT max(rowid) FROM runs) * s.i / 64 + 1 WHERE " + condition + ") >= 16)"
}
