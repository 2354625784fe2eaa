// Package access decides who sends a request and what they may do: by users with passwords, roles and grants as MLflow's
// basic-auth app keeps them, and by tokens. Source: mlflow/server/auth of 3.18.0.
//
// Passwords are hashed as werkzeug does, so that MLflow and this server may take turns on one database. What was found out is
// remembered for a few seconds; what this server changes, it knows at once.
package access
