// Package tracking is the conformance suite of tracking stores.
package tracking
