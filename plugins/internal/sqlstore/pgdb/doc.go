// Package pgdb is package sqldb's layer for Postgres and the engines that speak its protocol, by pgx: a pool, pipelined
// batches that cost one round trip, and arrays for bulk inserts.
//
// It keeps no session state, so that it works behind a pooler that hands out server connections by transaction, and it
// repeats transactions that failed to serialize, so that it works under default_transaction_isolation=serializable.
package pgdb
