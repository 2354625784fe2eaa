package tracking_test

import (
	"context"
	"fmt"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// In a test it is one call: tracking.Test(t, harness).
func ExampleSuite() {
	harness := tracking.Harness{Open: func(conformance.T) core.TrackingStore { return mem.NewTracking() }}
	report := conformance.Run(context.Background(), tracking.Suite(), harness, conformance.Options{Only: []string{"run"}})
	fmt.Println(report.Verdict(), report.Count(conformance.Fail))
	// Output: pass 0
}
