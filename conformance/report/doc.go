// Package report writes the outcome of conformance runs for people (Text), for programs (JSON) and for CI systems (JUnit).
package report
