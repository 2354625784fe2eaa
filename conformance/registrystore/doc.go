// Package registrystore is the conformance suite of model registries.
package registrystore
