// Package litedb is package sqldb's layer for SQLite, by modernc.org/sqlite, which needs no C compiler. It works on the
// driver itself: every connection keeps its prepared statements, one connection writes, others read.
//
// The database is in WAL mode, so that readers and the writer do not wait for each other. Writes of several callers that
// come while another one is committed share the next commit: each in a savepoint of its own, so that one that fails takes
// nothing with it.
package litedb
