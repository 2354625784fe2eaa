// Package client holds what callers of the contract find convenient on top of its interfaces: single values, split
// batches, iterators over all pages, experiments and versions found by several names, polling, whole directories of
// artifacts, an io/fs view, and the completion of stores that do not search by themselves.
//
// Everything here works with every store, because it knows the interfaces of package core alone. Adding to it breaks no
// store. Functions take the smallest interface that they need.
package client
