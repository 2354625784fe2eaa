// Package http is a client of MLflow's servers and ours: http://host:5000 as tracking store and registry, and the files that
// a server keeps for its clients, at mlflow-artifacts:/path and http://host:5000/api/2.0/mlflow-artifacts/artifacts/path.
//
// What a server promises it asks once: ours tell by themselves, those of MLflow by their version. A remote MLflow promises
// less than our own stores do, such as page tokens that count (see remote.go), so that its claim is the lower one of D-19.
package http
