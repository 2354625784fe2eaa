// Package restclient sends the requests of stores that speak MLflow's REST API: it authenticates, repeats what may be
// repeated, bounds what it reads, and turns answers into errors of package core. It trusts no answer.
package restclient
