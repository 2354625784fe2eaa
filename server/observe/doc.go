// Package observe tells operators what a server is asked: a line of log for each request, and metrics that Prometheus reads.
// Neither holds anything of a request's body or query.
package observe
