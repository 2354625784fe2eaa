// Package sqldb is the thin layer between a store on MLflow's schema and a database: transactions, pipelined batches and
// bulk inserts. Package litedb implements it for SQLite, package pgdb for Postgres.
//
// Statements are written once for both wherever their languages agree. Placeholders are $1, $2 … in both. A slice as an
// argument is an array in Postgres and a JSON array in SQLite; Dialect.In writes the condition that reads either.
//
// Arguments are nil, string, []byte, int, int64, float64, bool, pointers to these (nil is NULL), and as arrays []string,
// []int64, []float64 and []bool.
package sqldb
