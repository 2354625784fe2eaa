package artifact

import (
	"slices"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/model"
	"github.com/mlstore/mlstore/core"
)

// Short names of what every case deals in.
type (
	store = core.ArtifactRepository
	env   = conformance.Env[core.ArtifactRepository]
	entry = conformance.Case[core.ArtifactRepository]
	check = conformance.T
)

// Harness tells the suite how to reach an artifact repository.
type Harness = conformance.Harness[core.ArtifactRepository]

// Root tells where on this machine the files of a repository are.
type Root func(core.ArtifactRepository) (dir string)

// inFolder is what the cases need that look at a repository from below. No store declares it: LocalSuite grants it.
const inFolder core.Capability = "a folder of this machine"

// Suite is the table of cases with what belongs to it. The cases that look at the files themselves are not applicable.
func Suite() conformance.Suite[core.ArtifactRepository] {
	return conformance.Suite[core.ArtifactRepository]{Kind: "artifact", Cases: Cases(), Refuses: refusals()}
}

// LocalSuite is Suite for repositories that keep their files in folders of this machine.
func LocalSuite(root Root) conformance.Suite[core.ArtifactRepository] {
	return conformance.Suite[core.ArtifactRepository]{Kind: "artifact", Cases: casesAt(root), Refuses: refusals()}
}

// Cases lists all cases, by topic.
func Cases() []conformance.Case[core.ArtifactRepository] { return casesAt(nil) }

func casesAt(root Root) []entry {
	return slices.Concat(
		putCases(), brokenPutCases(), readCases(), rangeCases(),
		statCases(), listCases(), pageCases(), bigPageCases(),
		deleteCases(), keyCases(), pathCases(), localCases(root),
		concurrencyCases(), contextCases(), handleCases(), faultCases(), attributeCases(), transferCases(),
		presignCases(), multipartCases(), performanceCases(),
		model.ArtifactCases(), wholeRunCases(),
	)
}

// Test holds a repository to the suite, as parallel subtests of t.
func Test(t *testing.T, h Harness, options ...func(*conformance.Options)) {
	t.Helper()
	run(t, Suite(), h, options)
}

// TestLocal is Test for repositories that keep their files in folders of this machine.
func TestLocal(t *testing.T, h Harness, root Root, options ...func(*conformance.Options)) {
	t.Helper()
	run(t, LocalSuite(root), h, options)
}

func run(t *testing.T, s conformance.Suite[core.ArtifactRepository], h Harness, options []func(*conformance.Options)) {
	t.Helper()
	var o conformance.Options
	for _, option := range options {
		option(&o)
	}
	conformance.RunTests(t, s, h, o)
}
