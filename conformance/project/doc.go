// Package project is the conformance suite of project backends.
package project
