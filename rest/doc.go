// Package rest holds the vocabulary of MLflow's REST API: its calls, the messages that they carry, the names of its errors
// and what MLflow makes of sloppy JSON. The server and the stores that speak the API share it.
//
// Messages look as on the wire. Each entity converts to that of package core and back. Source: mlflow/protos/service.proto,
// model_registry.proto and mlflow/server/handlers.py.
package rest
