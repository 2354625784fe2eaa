// Package sqlite keeps experiments, runs and models in a SQLite database of MLflow's schema: a database that MLflow made is
// read and written as it is, and MLflow reads what this package writes.
//
// Many processes may use one database. It is in WAL mode, so it must lie on a local disk; commits reach the disk before a
// call returns, and writes of many callers share commits. No C compiler is needed.
package sqlite
