package tracking

import (
	"slices"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/model"
	"github.com/mlstore/mlstore/core"
)

// Short names of what every case deals in.
type (
	store = core.TrackingStore
	env   = conformance.Env[core.TrackingStore]
	entry = conformance.Case[core.TrackingStore]
	check = conformance.T
)

// Harness tells the suite how to reach a tracking store. A store without native search is completed by the caller
// (core/client.Complete).
type Harness = conformance.Harness[core.TrackingStore]

// Suite is the table of cases with what belongs to it.
func Suite() conformance.Suite[core.TrackingStore] {
	return conformance.Suite[core.TrackingStore]{Kind: "tracking", Cases: Cases(), Refuses: refusals()}
}

// Cases lists all cases, by topic.
func Cases() []conformance.Case[core.TrackingStore] {
	return slices.Concat(
		experimentCases(), experimentChangeCases(), experimentTagCases(), experimentSearchCases(), experimentPageCases(),
		runCases(), runChangeCases(), runDeletionCases(),
		metricCases(), latestCases(), metricKeyCases(), historyCases(),
		paramCases(), tagCases(), batchCases(), refusedBatchCases(), metamorphicCases(),
		lineageCases(), samplingCases(), loggedModelCases(), importCases(), purgeCases(),
		filterCases(), attributeCases(), literalCases(), orderCases(), pageCases(), movingPageCases(),
		concurrencyCases(), linearCases(), concurrentModelCases(), closingCases(),
		contextCases(), repeatCases(), durabilityCases(), errorCases(), faultCases(), performanceCases(), wholeRunCases(),
		accountCases(), model.TrackingCases(),
	)
}

// Test holds a store to the suite, as parallel subtests of t.
func Test(t *testing.T, h Harness, options ...func(*conformance.Options)) {
	t.Helper()
	var o conformance.Options
	for _, option := range options {
		option(&o)
	}
	conformance.RunTests(t, Suite(), h, o)
}
