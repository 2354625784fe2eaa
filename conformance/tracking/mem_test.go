package tracking_test

import (
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/reference"
	"github.com/mlstore/mlstore/conformance/tracking"
)

func TestMem(t *testing.T) {
	t.Parallel()
	tracking.Test(t, reference.Tracking(), func(o *conformance.Options) { o.Level, o.ForbidSkip = conformance.Extended, true })
}
