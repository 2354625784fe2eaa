package core

// Limits are the sizes that a store takes, counted in Unicode code points unless said otherwise. A value at the limit MUST
// be accepted and one above MUST be refused with ErrInvalid and without effect (D-12). A zero means that the store takes
// any length. Values are refused, never cut (D-22).
type Limits struct {
	ExperimentName int
	RunName        int
	Key            int // of metrics, params and tags of runs and experiments
	ParamValue     int
	RunTag         int // value
	ExperimentTag  int // value

	BatchMetrics int // items of one LogBatch
	BatchParams  int
	BatchTags    int
	BatchTotal   int

	DatasetName    int
	DatasetDigest  int
	DatasetSource  int
	DatasetSchema  int
	DatasetProfile int
	InputTagKey    int
	InputTagValue  int

	ModelName       int // of registered models
	RegistryTagKey  int
	ModelTag        int // value
	VersionTag      int // value
	Alias           int
	ModelDesc       int // description of a model or version
	VersionSource   int
	LoggedModelName int

	ExperimentPage Bound
	RunPage        Bound
	HistoryPage    Bound // also of bulk histories
	SampledHistory Bound // points a run of SampleHistory
	HistoryRuns    int   // runs of one bulk or sampled history
	ModelPage      Bound
	VersionPage    Bound
	LoggedPage     Bound
	ArtifactPage   Bound
	LogPage        Bound // lines of a job's log

	ArtifactSize int64 // bytes; 0 is any
}

// DefaultLimits are MLflow 3.18's (mlflow/utils/validation.py, mlflow/store/tracking/__init__.py), so that what one of our
// stores takes, MLflow's stores take too.
func DefaultLimits() Limits {
	return Limits{
		ExperimentName: 500, RunName: 250, Key: 250, ParamValue: 6000, RunTag: 8000, ExperimentTag: 20000,
		BatchMetrics: 1000, BatchParams: 100, BatchTags: 100, BatchTotal: 1000,
		DatasetName: 500, DatasetDigest: 36, DatasetSource: 65535, DatasetSchema: 1048575, DatasetProfile: 16777215,
		InputTagKey: 255, InputTagValue: 500,
		ModelName: 256, RegistryTagKey: 250, ModelTag: 100000, VersionTag: 100000, Alias: 255, ModelDesc: 5000,
		VersionSource: 2048, LoggedModelName: 500,
		ExperimentPage: Bound{1000, 50000}, RunPage: Bound{1000, 50000}, HistoryPage: Bound{25000, 50000},
		SampledHistory: Bound{2500, 2500}, HistoryRuns: 100,
		ModelPage: Bound{100, 1000}, VersionPage: Bound{10000, 200000}, LoggedPage: Bound{100, 1000},
		ArtifactPage: Bound{1000, 10000}, LogPage: Bound{1000, 10000},
	}
}
