package artifact

import (
	"context"
	"fmt"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func wholeRunCases() []entry {
	return []entry{{
		ID: "AR-095", Name: "sandbox/decoy", Rule: "What the run does not touch is the same after it.", Around: decoy,
	}}
}

// decoy plants files beside those of the run and compares them afterwards.
func decoy(t check, e *env) func() {
	y := newYard(t, e, e.Store)
	contents := map[string]string{
		"d/f": noise(e.Rand, 5_000), "empty": "", ".hidden": "x", "d.txt": "beside d", "d/deep/er/f": "deep",
	}
	for name, content := range contents {
		y.put(name, content)
	}
	before, err := list(t.Context(), e.Store, y.dir, core.ListOptions{Recursive: true})
	conformance.NoError(t, "List", err)
	return func() {
		y.env.Observe(t, func(ctx context.Context, s store) error {
			after, err := list(ctx, s, y.dir, core.ListOptions{Recursive: true})
			if err == nil && !conformance.Same(after, before) {
				err = fmt.Errorf("the decoy's files were %+v, and are %+v", before, after)
			}
			return err
		})
		for name, content := range contents {
			y.holds(name, content)
		}
	}
}
