package server

import (
	"context"
	"io"
	"strconv"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/rest"
)

func TestCirclesAreNoticed(t *testing.T) {
	t.Parallel()
	for before := range 20 {
		for length := 1; length < 20; length++ {
			var c circle
			steps := 0
			for token := 1; c.step(strconv.Itoa(token)) == nil; steps++ {
				if token++; token > before+length {
					token = before + 1
				}
				if steps > 10*(before+length) {
					t.Fatalf("a circle of %d after %d was not noticed in %d steps", length, before, steps)
				}
			}
			if steps < length {
				t.Fatalf("a circle of %d after %d was seen after %d steps", length, before, steps)
			}
		}
	}
	var c circle
	for token := range 1000 {
		if err := c.step(strconv.Itoa(token)); err != nil {
			t.Fatalf("there is no circle: %v", err)
		}
	}
}

// endless lists the same page again and again.
type endless struct{ core.ArtifactRepository }

func (endless) List(context.Context, string, core.ListOptions) (core.Page[core.Artifact], error) {
	return core.Page[core.Artifact]{Items: []core.Artifact{{Path: "f"}}, Next: "again"}, nil
}

// Row U34, where the server is the client of a store.
func TestAnswersOfEndlessPagesEnd(t *testing.T) {
	t.Parallel()
	l, err := list(t.Context(), endless{mem.NewArtifacts()}, listing{})
	check(t, err)
	if err := l.stream(io.Discard); err == nil {
		t.Error("a listing of endless pages has ended well")
	}
	page := core.Page[core.Metric]{Items: []core.Metric{{Key: "m"}}, Next: "again"}
	h := pieces[core.Metric]{
		size: 1, read: func(core.PageOptions) (core.Page[core.Metric], error) { return page, nil }, write: rest.AppendMetrics, first: page,
	}
	if err := h.stream(io.Discard); err == nil {
		t.Error("a history of endless pages has ended well")
	}
}
