package mem

import (
	"testing"

	"github.com/mlstore/mlstore/core"
)

// Who logs the same points for ever must not fill the memory, also if nobody reads.
func TestRepeatedPointsTakeNoRoom(t *testing.T) {
	t.Parallel()
	var h history
	for i := range 100_000 {
		h.add(core.Metric{Key: "k", Step: int64(i % 2)})
	}
	if len(h.points) > 2000 {
		t.Errorf("two distinct points take the room of %d", len(h.points))
	}
}
