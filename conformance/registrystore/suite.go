package registrystore

import (
	"slices"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/model"
	"github.com/mlstore/mlstore/core"
)

// Short names of what every case deals in.
type (
	store = core.RegistryStore
	env   = conformance.Env[core.RegistryStore]
	entry = conformance.Case[core.RegistryStore]
	check = conformance.T
)

// The abilities that cases need, as core.AbilityNames has them.
const (
	aliases  core.Capability = "aliases"
	stages   core.Capability = "stages"
	importer core.Capability = "registry_importer"
)

// Harness tells the suite how to reach a registry. A store without native search is completed by the caller
// (core/client.CompleteRegistry).
type Harness = conformance.Harness[core.RegistryStore]

// Suite is the table of cases with what belongs to it.
func Suite() conformance.Suite[core.RegistryStore] {
	return conformance.Suite[core.RegistryStore]{Kind: "registry", Cases: Cases(), Refuses: refusals()}
}

// Cases lists all cases, by topic.
func Cases() []conformance.Case[core.RegistryStore] {
	return slices.Concat(
		modelCases(), modelChangeCases(), modelDeletionCases(),
		versionCases(), versionChangeCases(), versionSourceCases(),
		tagCases(), aliasCases(), aliasNameCases(), stageCases(), webhookCases(),
		modelSearchCases(), modelOrderCases(), versionSearchCases(), pageCases(), tokenCases(),
		concurrencyCases(), raceCases(), contextCases(), handleCases(), importCases(), faultCases(), lifeCases(), model.RegistryCases(),
		wholeRunCases(),
	)
}

// Test holds a registry to the suite, as parallel subtests of t.
func Test(t *testing.T, h Harness, options ...func(*conformance.Options)) {
	t.Helper()
	var o conformance.Options
	for _, option := range options {
		option(&o)
	}
	conformance.RunTests(t, Suite(), h, o)
}
