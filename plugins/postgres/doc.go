// Package postgres keeps experiments, runs and models in a Postgres database of MLflow's schema: a database that MLflow
// made is read and written as it is, and MLflow reads what this package writes. It also works on engines that speak
// Postgres' protocol, under serializable isolation, and behind a pooler that hands out connections by transaction.
//
// It is built as a program: cmd/mlstore-plugin-postgres.
package postgres
