// Package registry leads from a URI to a store.
//
// A Resolver knows a rule for each scheme: which opener serves it and what it offers. It opens each store once, however
// many callers ask for it, and closes it when the last of them has closed. Many artifact roots below one bucket are views of
// one opened store. `runs:/` and `models:/` URIs are followed through the tracking store and the model registry.
//
// Nothing is guessed: a scheme that nobody serves, a kind of store that a scheme does not offer, and a URI that names only
// a scheme are errors that say what to do. No credential shows up in an error, a key or an explanation.
package registry
