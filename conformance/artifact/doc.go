// Package artifact is the conformance suite of artifact repositories.
package artifact
