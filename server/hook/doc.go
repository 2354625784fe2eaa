// Package hook delivers webhooks: signed, repeated when it makes sense, and to no address that only the server can reach (R6).
//
// Source: mlflow/webhooks/delivery.py. Unlike MLflow it follows no redirect, and it asks no proxy.
package hook
