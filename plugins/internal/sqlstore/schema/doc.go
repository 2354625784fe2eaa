// Package schema knows MLflow's SQL schema: it creates it in an empty database, tells which of MLflow's revisions a database
// has and whether the stores can use it, and brings an older one forward.
//
// The files below sql are the schema of MLflow's newest revision that we know (head.sql) and one file for each step towards
// it, for SQLite and for Postgres. Statements are separated by an empty line. Their source is what MLflow's own migrations
// leave in the catalogue, which the tests compare with ours.
package schema
