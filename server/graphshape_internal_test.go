package server

import (
	"strings"
	"testing"
)

func FuzzGraphQL(f *testing.F) {
	f.Add(`query Q($d: I!) @c(n: "x") {mlflowGetRun(input: $d) {run {info {runId}}}}`)
	f.Add(`{mlflowGetRun(input: $d) {run {...F}}} # comment`)
	f.Add(`query "\\`)
	f.Fuzz(func(t *testing.T, query string) {
		shape, err := shapeOf(query)
		if err != nil {
			return
		}
		if shape.field == "" || !strings.Contains(query, shape.field) || !strings.Contains(query, "$") {
			t.Errorf("%q has the shape %+v", query, shape)
		}
	})
}
