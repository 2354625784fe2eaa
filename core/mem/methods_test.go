package mem_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// call is one method with harmless arguments.
type call struct {
	name    string
	changes bool
	do      func(context.Context) error
}

func drop[T any](_ T, err error) error { return err }

const someRun core.RunID = "0123456789abcdef0123456789abcdef"

const someModel core.ModelID = "m-0123456789abcdef0123456789abcdef"

type trackingStore interface {
	core.TrackingStore
	core.Lineage
	core.LoggedModels
	core.BulkHistory
	core.SampledHistory
	core.Importer
	core.Purger
}

func trackingCalls(s trackingStore) []call {
	type C = context.Context
	experiment := core.Experiment{ID: "7", Name: "seven", Lifecycle: core.Active}
	run := core.Run{RunInfo: core.RunInfo{ID: someRun, ExperimentID: "0", Status: core.Running, Lifecycle: core.Active}}
	model := core.LoggedModel{ID: someModel, ExperimentID: "0", Status: core.ModelReady, Lifecycle: core.Active}
	return []call{
		{"Describe", false, func(ctx C) error { return drop(s.Describe(ctx)) }},
		{"CreateExperiment", true, func(ctx C) error { return drop(s.CreateExperiment(ctx, core.ExperimentSpec{Name: "e"})) }},
		{"Experiment", false, func(ctx C) error { return drop(s.Experiment(ctx, core.ExperimentRef{ID: "0"})) }},
		{"UpdateExperiment", true, func(ctx C) error { return s.UpdateExperiment(ctx, "0", core.ExperimentChange{Name: new("n")}) }},
		{"ChangeExperimentTags", true, func(ctx C) error { return s.ChangeExperimentTags(ctx, "0", core.TagChange{}) }},
		{"SearchExperiments", false, func(ctx C) error { return drop(s.SearchExperiments(ctx, core.ExperimentQuery{})) }},
		{"CreateRun", true, func(ctx C) error { return drop(s.CreateRun(ctx, "0", core.RunSpec{})) }},
		{"Run", false, func(ctx C) error { return drop(s.Run(ctx, someRun)) }},
		{"UpdateRun", true, func(ctx C) error { return drop(s.UpdateRun(ctx, someRun, core.RunChange{})) }},
		{"ChangeRunTags", true, func(ctx C) error { return s.ChangeRunTags(ctx, someRun, core.TagChange{}) }},
		{"SearchRuns", false, func(ctx C) error { return drop(s.SearchRuns(ctx, core.RunQuery{})) }},
		{"LogBatch", true, func(ctx C) error { return s.LogBatch(ctx, someRun, core.Batch{}) }},
		{"MetricHistory", false, func(ctx C) error { return drop(s.MetricHistory(ctx, someRun, "k", core.HistoryOptions{})) }},
		{"LogInputs", true, func(ctx C) error { return s.LogInputs(ctx, someRun, core.Inputs{}) }},
		{"LogOutputs", true, func(ctx C) error { return s.LogOutputs(ctx, someRun, nil) }},
		{"SearchDatasets", false, func(ctx C) error { return drop(s.SearchDatasets(ctx, []core.ExperimentID{"0"})) }},
		{"CreateLoggedModel", true, func(ctx C) error { return drop(s.CreateLoggedModel(ctx, "0", core.LoggedModelSpec{})) }},
		{"LoggedModel", false, func(ctx C) error { return drop(s.LoggedModel(ctx, someModel)) }},
		{"UpdateLoggedModel", true, func(ctx C) error {
			return drop(s.UpdateLoggedModel(ctx, someModel, core.LoggedModelChange{}))
		}},
		{"DeleteLoggedModel", true, func(ctx C) error { return s.DeleteLoggedModel(ctx, someModel) }},
		{"SearchLoggedModels", false, func(ctx C) error { return drop(s.SearchLoggedModels(ctx, core.LoggedModelQuery{})) }},
		{"MetricHistories", false, func(ctx C) error {
			return drop(s.MetricHistories(ctx, core.HistoriesQuery{Runs: []core.RunID{someRun}, Key: "k"}))
		}},
		{"SampleHistory", false, func(ctx C) error {
			return drop(s.SampleHistory(ctx, core.SampleQuery{Runs: []core.RunID{someRun}, Key: "k"}))
		}},
		{"ImportExperiment", true, func(ctx C) error { return s.ImportExperiment(ctx, experiment) }},
		{"ImportRun", true, func(ctx C) error { return s.ImportRun(ctx, run) }},
		{"ImportLoggedModel", true, func(ctx C) error { return s.ImportLoggedModel(ctx, model) }},
		{"PurgeRun", true, func(ctx C) error { return s.PurgeRun(ctx, someRun) }},
		{"PurgeExperiment", true, func(ctx C) error { return s.PurgeExperiment(ctx, "7") }},
		{"PurgeLoggedModel", true, func(ctx C) error { return s.PurgeLoggedModel(ctx, someModel) }},
	}
}

func artifactCalls(s core.ArtifactRepository) []call {
	type C = context.Context
	return []call{
		{"Describe", false, func(ctx C) error { return drop(s.Describe(ctx)) }},
		{"Stat", false, func(ctx C) error { return drop(s.Stat(ctx, "a")) }},
		{"List", false, func(ctx C) error { return drop(s.List(ctx, "", core.ListOptions{})) }},
		{"Open", false, func(ctx C) error { return drop(s.Open(ctx, "a", core.ReadOptions{})) }},
		{"Put", true, func(ctx C) error { return drop(s.Put(ctx, "b", strings.NewReader("b"), core.PutOptions{})) }},
		{"Delete", true, func(ctx C) error { return s.Delete(ctx, "a", core.DeleteOptions{}) }},
	}
}

type registryStore interface {
	core.RegistryStore
	core.Aliases
	core.Stages
	core.RegistryImporter
	core.Webhooks
}

func registryCalls(s registryStore) []call {
	type C = context.Context
	ref := core.VersionRef{Model: "m", Number: 1}
	version := core.Version{Model: "m", Number: 1, Source: "s3://b/k", Status: core.VersionReady}
	hook := core.WebhookSpec{Name: "w", URL: "https://h", Events: core.WebhookEvents()}
	return []call{
		{"Describe", false, func(ctx C) error { return drop(s.Describe(ctx)) }},
		{"CreateModel", true, func(ctx C) error { return drop(s.CreateModel(ctx, core.ModelSpec{Name: "m"})) }},
		{"Model", false, func(ctx C) error { return drop(s.Model(ctx, "m")) }},
		{"UpdateModel", true, func(ctx C) error { return drop(s.UpdateModel(ctx, "m", core.ModelChange{})) }},
		{"DeleteModel", true, func(ctx C) error { return s.DeleteModel(ctx, "m") }},
		{"SearchModels", false, func(ctx C) error { return drop(s.SearchModels(ctx, core.ModelQuery{})) }},
		{"CreateVersion", true, func(ctx C) error { return drop(s.CreateVersion(ctx, "m", core.VersionSpec{Source: "s3://b/k"})) }},
		{"Version", false, func(ctx C) error { return drop(s.Version(ctx, ref)) }},
		{"UpdateVersion", true, func(ctx C) error { return drop(s.UpdateVersion(ctx, ref, core.VersionChange{})) }},
		{"DeleteVersion", true, func(ctx C) error { return s.DeleteVersion(ctx, ref) }},
		{"SearchVersions", false, func(ctx C) error { return drop(s.SearchVersions(ctx, core.VersionQuery{})) }},
		{"SetAlias", true, func(ctx C) error { return s.SetAlias(ctx, ref, "a") }},
		{"DeleteAlias", true, func(ctx C) error { return s.DeleteAlias(ctx, "m", "a") }},
		{"VersionByAlias", false, func(ctx C) error { return drop(s.VersionByAlias(ctx, "m", "a")) }},
		{"SetStage", true, func(ctx C) error { return drop(s.SetStage(ctx, ref, core.StageChange{Stage: core.StageStaging})) }},
		{"LatestVersions", false, func(ctx C) error { return drop(s.LatestVersions(ctx, "m", nil)) }},
		{"ImportModel", true, func(ctx C) error { return s.ImportModel(ctx, core.Model{Name: "m"}) }},
		{"ImportVersion", true, func(ctx C) error { return s.ImportVersion(ctx, version) }},
		{"CreateWebhook", true, func(ctx C) error { return drop(s.CreateWebhook(ctx, hook)) }},
		{"Webhook", false, func(ctx C) error { return drop(s.Webhook(ctx, "w")) }},
		{"UpdateWebhook", true, func(ctx C) error { return drop(s.UpdateWebhook(ctx, "w", core.WebhookChange{})) }},
		{"DeleteWebhook", true, func(ctx C) error { return s.DeleteWebhook(ctx, "w") }},
		{"SearchWebhooks", false, func(ctx C) error { return drop(s.SearchWebhooks(ctx, core.WebhookQuery{})) }},
	}
}

func projectCalls(s core.ProjectBackend, dir string) []call {
	type C = context.Context
	project := core.Project{Dir: dir, EntryPoint: "main", Command: "true"}
	return []call{
		{"Describe", false, func(ctx C) error { return drop(s.Describe(ctx)) }},
		{"Submit", true, func(ctx C) error { return drop(s.Submit(ctx, project, core.SubmitOptions{})) }},
		{"Job", false, func(ctx C) error { return drop(s.Job(ctx, "j")) }},
		{"Cancel", true, func(ctx C) error { return s.Cancel(ctx, "j") }},
		{"Logs", false, func(ctx C) error { return drop(s.Logs(ctx, "j", core.LogOptions{})) }},
	}
}

// stores opens all kinds on one set of data, with a file in the repository.
func stores(t *testing.T, opener *mem.Opener, readOnly bool) (core.Backend, map[string][]call) {
	t.Helper()
	uri := got(core.ParseURI("mem:"))(t)
	b := got(opener.Open(t.Context(), core.OpenRequest{URI: uri, ReadOnly: readOnly}))(t)
	return b, map[string][]call{
		"tracking":  trackingCalls(b.Tracking.(*mem.Tracking)),
		"artifacts": artifactCalls(b.Artifacts),
		"registry":  registryCalls(b.Registry.(*mem.Registry)),
		"projects":  projectCalls(b.Projects, t.TempDir()),
	}
}

// eachCall runs check on every method of every kind.
func eachCall(t *testing.T, kinds map[string][]call, check func(*testing.T, call)) {
	t.Helper()
	for kind, calls := range kinds {
		for _, c := range calls {
			t.Run(kind+"/"+c.name, func(t *testing.T) {
				check(t, c)
			})
		}
	}
}

func TestEndedContext(t *testing.T) {
	t.Parallel()
	opener := mem.NewOpener()
	b, kinds := stores(t, opener, false)
	got(b.Artifacts.Put(t.Context(), "a", strings.NewReader("a"), core.PutOptions{}))(t)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	eachCall(t, kinds, func(t *testing.T, c call) {
		t.Helper()
		refused(t, c.do(canceled), context.Canceled, "")
		refused(t, c.do(expired), context.DeadlineExceeded, "")
	})
	unchanged(t, b)
}

// unchanged wants a store on which nothing has been done but to put the file a.
func unchanged(t *testing.T, b core.Backend) {
	t.Helper()
	refused(t, drop(b.Tracking.Experiment(t.Context(), core.ExperimentRef{Name: "e"})), core.ErrNotFound, "e")
	refused(t, drop(b.Tracking.Run(t.Context(), someRun)), core.ErrNotFound, string(someRun))
	refused(t, drop(b.Artifacts.Stat(t.Context(), "b")), core.ErrNotFound, "b")
	got(b.Artifacts.Stat(t.Context(), "a"))(t)
	refused(t, drop(b.Registry.Model(t.Context(), "m")), core.ErrNotFound, "m")
}

func TestClosed(t *testing.T) {
	t.Parallel()
	b, kinds := stores(t, mem.NewOpener(), false)
	ok(t, b.Close())
	ok(t, b.Close())
	eachCall(t, kinds, func(t *testing.T, c call) {
		t.Helper()
		err := c.do(t.Context())
		refused(t, err, core.ErrClosed, "closed")
		if !errors.Is(err, core.ErrState) {
			t.Errorf("%v is not ErrState", err)
		}
	})
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	opener := mem.NewOpener()
	writable, _ := stores(t, opener, false)
	got(writable.Artifacts.Put(t.Context(), "a", strings.NewReader("a"), core.PutOptions{}))(t)
	b, kinds := stores(t, opener, true)
	eachCall(t, kinds, func(t *testing.T, c call) {
		t.Helper()
		err := c.do(t.Context())
		if denied := errors.Is(err, core.ErrPermission); denied != c.changes {
			t.Errorf("got %v, want ErrPermission: %v", err, c.changes)
		}
	})
	unchanged(t, b)
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	b, _ := stores(t, mem.NewOpener(), false)
	var all []core.Capability
	for _, s := range b.Stores() {
		info := got(s.Describe(t.Context()))(t)
		if info.Contract != core.ContractVersion || info.Name != "mem" || info.Limits != core.DefaultLimits() {
			t.Errorf("unexpected description %+v", info)
		}
		all = append(all, info.Capabilities...)
	}
	abilities := slices.DeleteFunc(core.AbilityNames(), func(c core.Capability) bool {
		// Memory has no files, no secrets, no service that others could ask, and no schema.
		return c == "path_transfer" || c == "secret_updater" || c == "presigner" || c == "multipart" || c == "schema_keeper"
	})
	for _, want := range append(abilities,
		core.AtomicBatch, core.PagesKeyset, core.PutIfAbsent, core.PutAtomic, core.ArtifactMtime, core.ArtifactVerbatim, core.FloatInf,
		core.FloatNegativeZero, core.IdempotentCreate, core.HistoryMissingRun, core.SearchNative, core.DefaultExperiment,
		core.MetricDataset, core.MetricNaNOrder, core.VersionUser) {
		if !(core.Info{Capabilities: all}).Has(want) {
			t.Errorf("no store declares %s", want)
		}
	}
}
