// Package server speaks MLflow's REST API over any stores, for unmodified clients and MLflow's web page.
//
// There is one table of routes (routes.go). Each says what it serves and what its caller must be allowed to do; a request
// passes limits, checks of its origin, authentication, decoding, authorisation, its handler and encoding, in this order.
// Source: mlflow/server/handlers.py.
package server
