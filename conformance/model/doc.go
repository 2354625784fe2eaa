// Package model holds stores to the reference store in core/mem by random sequences of operations: after each of them
// both stores must answer alike. A sequence that shows a difference is made as short as possible before it is reported.
// The cases belong to the suites of their kinds, at the extended level.
package model
