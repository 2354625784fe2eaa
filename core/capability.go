package core

import "slices"

// Capability is the name of an ability (an optional interface) or of a promise that not every medium can keep.
type Capability string

// Promises. A store declares those it keeps; the suite holds it to them, and to nothing that it does not declare.
const (
	AtomicBatch       Capability = "atomic.batch"            // a batch or change is all or nothing, also for readers (D-7)
	PagesKeyset       Capability = "pages.keyset"            // tokens are bound to their query and stable under changes (D-10)
	PutIfAbsent       Capability = "put.if_absent"           // PutOptions.IfAbsent has one winner
	PutAtomic         Capability = "put.atomic"              // a file appears at one moment, whoever else writes (D-16)
	ArtifactMtime     Capability = "artifact.mtime"          // Artifact.ModTime is filled
	ArtifactVerbatim  Capability = "artifact.names.verbatim" // names with %, +, ? and the like survive
	FloatInf          Capability = "float.inf"               // ±Inf survives (D-2)
	FloatNegativeZero Capability = "float.negative_zero"     // −0.0 keeps its sign (D-2)
	IdempotentCreate  Capability = "idempotent.create"       // IdempotencyKey is honoured
	HistoryMissingRun Capability = "history.missing_run"     // the history of an unknown run is ErrNotFound
	SearchNative      Capability = "search.native"           // the store evaluates filters and orders itself
	DefaultExperiment Capability = "experiments.default"     // experiment "0" exists and cannot be deleted
	MetricDataset     Capability = "metric.dataset"          // a point in a history keeps the dataset that it names
	MetricNaNOrder    Capability = "metric.nan_order"        // NaN never beats a number in the latest value (D-3)
	VersionUser       Capability = "version.user"            // Version.User is kept

	ModelStatusMessage  Capability = "logged_model.status_message" // a logged model's StatusMessage can be set, else ErrUnsupported
	ExperimentTagDelete Capability = "experiment_tag.delete"       // tags of experiments can be deleted, else ErrUnsupported
	VersionVerbatim     Capability = "version.verbatim"            // Source, Location and ModelID are kept whatever they name
	VersionTouchesModel Capability = "version.touches_model"       // a change of a version advances its model's UpdatedAt
)

// ability ties the name of an optional interface to a question for it, so that what a store declares is what it has.
type ability struct {
	name Capability
	of   func(Store) bool
}

func has[T any](s Store) bool {
	_, ok := As[T](s)
	return ok
}

// abilities lists every optional interface of the contract.
func abilities() []ability {
	return []ability{
		{"accounts", has[Accounts]},
		{"aliases", has[Aliases]},
		{"bulk_history", has[BulkHistory]},
		{"importer", has[Importer]},
		{"lineage", has[Lineage]},
		{"logged_models", has[LoggedModels]},
		{"multipart", has[Multipart]},
		{"path_transfer", has[PathTransfer]},
		{"presigner", has[Presigner]},
		{"purger", has[Purger]},
		{"registry_importer", has[RegistryImporter]},
		{"sampled_history", has[SampledHistory]},
		{"schema_keeper", has[SchemaKeeper]},
		{"secret_updater", has[SecretUpdater]},
		{"stages", has[Stages]},
		{"webhooks", has[Webhooks]},
	}
}

// AbilityNames returns the names of all optional interfaces of the contract, sorted.
func AbilityNames() []Capability {
	var names []Capability
	for _, a := range abilities() {
		names = append(names, a.name)
	}
	return names
}

// PromiseNames returns the names of all promises of the contract, sorted.
func PromiseNames() []Capability {
	return []Capability{
		ArtifactMtime, ArtifactVerbatim, AtomicBatch, ExperimentTagDelete, DefaultExperiment, FloatInf, FloatNegativeZero,
		HistoryMissingRun, IdempotentCreate, ModelStatusMessage, MetricDataset, MetricNaNOrder, PagesKeyset, PutAtomic, PutIfAbsent,
		SearchNative, VersionTouchesModel, VersionUser, VersionVerbatim,
	}
}

// CapabilitiesOf returns what belongs into Info.Capabilities: the abilities that s has, found by As, and the promises
// given, sorted and each once.
func CapabilitiesOf(s Store, promises ...Capability) []Capability {
	all := slices.Clone(promises)
	for _, a := range abilities() {
		if a.of(s) {
			all = append(all, a.name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
