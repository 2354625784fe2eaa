// Package serverbench holds the benchmarks of mlstore server beside MLflow's own server: make bench-server runs them.
package serverbench
