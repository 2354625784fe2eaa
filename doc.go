// Package mlstore is the root of a module that keeps MLflow's experiments, artifacts, models and project runs in any
// store, chosen by URI. It holds no code: package core has the contract between callers and stores, package embedded
// a resolver from URI to store, package mlflow the fluent API, and cmd/mlstore the operator's command.
package mlstore
