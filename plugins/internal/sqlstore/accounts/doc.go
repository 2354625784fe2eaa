// Package accounts keeps users, roles and tokens in a database of the schema of MLflow's basic-auth app, which may be one of
// its own or lie beside MLflow's other tables. What MLflow has written is used as it is, and MLflow goes on with what is
// written here. Tokens, which MLflow does not have, are in a table of their own, mlstore_tokens.
//
// The files below sql are the steps of MLflow's schema. Their source is what its migrations leave in the catalogue, which the
// tests compare with ours.
package accounts
