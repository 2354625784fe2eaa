// Package report writes the outcome of conformance runs for people (Text, HTML), for programs (JSON) and for CI systems
// (JUnit), and compares runs over several transports (Differences).
package report
