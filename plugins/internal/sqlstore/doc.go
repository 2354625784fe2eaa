// Package sqlstore keeps experiments, runs and models in MLflow's SQL schema, above the layer of package sqldb: what
// MLflow wrote is read, and what is written MLflow reads.
//
// A call costs one statement or one round trip where that can be, two where something must be read first. Whatever writes
// to a run locks the row of the run first, so that two writers of a run never wait for each other, whatever the order of
// their keys.
package sqlstore
