package wire_test

import (
	"context"
	"io"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// recorder is a backend with every kind and ability that remembers what it was asked and what it answered. Its answers
// have all fields, and fit the question where the wire looks at that.
type recorder struct {
	mu     sync.Mutex
	n      int
	asked  []any
	answer any
}

func (r *recorder) note(asked ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked, r.answer = asked, nil
}

// last returns what the last call was asked, and what it answered.
func (r *recorder) last() (asked []any, answer any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked, r.answer
}

// say makes an answer; fit may adapt it to the question.
func say[T any](r *recorder, fit func(*T)) (T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	answer := filled[T](&r.n)
	if fit != nil {
		fit(&answer)
	}
	r.answer = answer
	return answer, nil
}

func (r *recorder) Describe(context.Context) (core.Info, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	info := filled[core.Info](&n)
	info.Limits.ExperimentPage.Max = 1 << 40
	return info, nil
}

func (r *recorder) Close() error { return nil }

func (r *recorder) UpdateSecrets(_ context.Context, secrets map[string]core.Secret) error {
	r.note(secrets)
	return nil
}

// The kinds have methods of the same names, so each is a type of its own.
type (
	trackingRecorder struct{ *recorder }
	artifactRecorder struct{ *recorder }
	registryRecorder struct{ *recorder }
	projectRecorder  struct{ *recorder }
)

func (r trackingRecorder) CreateExperiment(_ context.Context, spec core.ExperimentSpec) (core.Experiment, error) {
	r.note(spec)
	return say[core.Experiment](r.recorder, nil)
}

func (r trackingRecorder) Experiment(_ context.Context, ref core.ExperimentRef) (core.Experiment, error) {
	r.note(ref)
	return say(r.recorder, func(e *core.Experiment) { e.ID, e.Name = ref.ID, ref.Name })
}

func (r trackingRecorder) UpdateExperiment(_ context.Context, id core.ExperimentID, change core.ExperimentChange) error {
	r.note(id, change)
	return nil
}

func (r trackingRecorder) ChangeExperimentTags(_ context.Context, id core.ExperimentID, change core.TagChange) error {
	r.note(id, change)
	return nil
}

func (r trackingRecorder) SearchExperiments(_ context.Context, q core.ExperimentQuery) (core.Page[core.Experiment], error) {
	r.note(q)
	return say[core.Page[core.Experiment]](r.recorder, nil)
}

func (r trackingRecorder) CreateRun(_ context.Context, in core.ExperimentID, spec core.RunSpec) (core.Run, error) {
	r.note(in, spec)
	return say[core.Run](r.recorder, nil)
}

func (r trackingRecorder) Run(_ context.Context, id core.RunID) (core.Run, error) {
	r.note(id)
	return say(r.recorder, func(run *core.Run) { run.ID = id })
}

func (r trackingRecorder) UpdateRun(_ context.Context, id core.RunID, change core.RunChange) (core.RunInfo, error) {
	r.note(id, change)
	return say(r.recorder, func(info *core.RunInfo) { info.ID = id })
}

func (r trackingRecorder) ChangeRunTags(_ context.Context, id core.RunID, change core.TagChange) error {
	r.note(id, change)
	return nil
}

func (r trackingRecorder) SearchRuns(_ context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	r.note(q)
	return say(r.recorder, func(p *core.Page[core.Run]) {
		for i := range p.Items {
			p.Items[i].ExperimentID = q.Experiments[0]
		}
	})
}

func (r trackingRecorder) LogBatch(_ context.Context, id core.RunID, b core.Batch) error {
	r.note(id, b)
	return nil
}

func (r trackingRecorder) MetricHistory(
	_ context.Context, id core.RunID, key string, o core.HistoryOptions,
) (core.Page[core.Metric], error) {
	r.note(id, key, o)
	return say(r.recorder, func(p *core.Page[core.Metric]) {
		for i := range p.Items {
			p.Items[i].Key = key
		}
	})
}

func (r trackingRecorder) MetricHistories(_ context.Context, q core.HistoriesQuery) ([]core.RunMetric, error) {
	r.note(q)
	return say(r.recorder, func(points *[]core.RunMetric) { fitPoints(*points, q.Runs, q.Key) })
}

func (r trackingRecorder) SampleHistory(_ context.Context, q core.SampleQuery) ([]core.RunMetric, error) {
	r.note(q)
	return say(r.recorder, func(points *[]core.RunMetric) { fitPoints(*points, q.Runs, q.Key) })
}

func fitPoints(points []core.RunMetric, runs []core.RunID, key string) {
	for i := range points {
		points[i].RunID, points[i].Key = runs[i], key
	}
}

func (r trackingRecorder) LogInputs(_ context.Context, id core.RunID, in core.Inputs) error {
	r.note(id, in)
	return nil
}

func (r trackingRecorder) LogOutputs(_ context.Context, id core.RunID, out []core.ModelOutput) error {
	r.note(id, out)
	return nil
}

func (r trackingRecorder) SearchDatasets(_ context.Context, in []core.ExperimentID) ([]core.DatasetSummary, error) {
	r.note(in)
	return say[[]core.DatasetSummary](r.recorder, nil)
}

func (r trackingRecorder) CreateLoggedModel(
	_ context.Context, in core.ExperimentID, spec core.LoggedModelSpec,
) (core.LoggedModel, error) {
	r.note(in, spec)
	return say[core.LoggedModel](r.recorder, nil)
}

func (r trackingRecorder) LoggedModel(_ context.Context, id core.ModelID) (core.LoggedModel, error) {
	r.note(id)
	return say(r.recorder, func(m *core.LoggedModel) { m.ID = id })
}

func (r trackingRecorder) UpdateLoggedModel(
	_ context.Context, id core.ModelID, change core.LoggedModelChange,
) (core.LoggedModel, error) {
	r.note(id, change)
	return say(r.recorder, func(m *core.LoggedModel) { m.ID = id })
}

func (r trackingRecorder) DeleteLoggedModel(_ context.Context, id core.ModelID) error {
	r.note(id)
	return nil
}

func (r trackingRecorder) SearchLoggedModels(
	_ context.Context, q core.LoggedModelQuery,
) (core.Page[core.LoggedModel], error) {
	r.note(q)
	return say[core.Page[core.LoggedModel]](r.recorder, nil)
}

func (r trackingRecorder) ImportExperiment(_ context.Context, e core.Experiment) error {
	r.note(e)
	return nil
}

func (r trackingRecorder) ImportRun(_ context.Context, run core.Run) error {
	r.note(run)
	return nil
}

func (r trackingRecorder) ImportLoggedModel(_ context.Context, m core.LoggedModel) error {
	r.note(m)
	return nil
}

func (r trackingRecorder) PurgeRun(_ context.Context, id core.RunID) error {
	r.note(id)
	return nil
}

func (r trackingRecorder) PurgeExperiment(_ context.Context, id core.ExperimentID) error {
	r.note(id)
	return nil
}

func (r trackingRecorder) PurgeLoggedModel(_ context.Context, id core.ModelID) error {
	r.note(id)
	return nil
}

func (r trackingRecorder) SchemaStatus(context.Context) (core.SchemaStatus, error) {
	r.note()
	return say[core.SchemaStatus](r.recorder, nil)
}

func (r trackingRecorder) SchemaSteps(context.Context) ([]core.SchemaStep, error) {
	r.note()
	return say[[]core.SchemaStep](r.recorder, nil)
}

func (r trackingRecorder) UpgradeSchema(_ context.Context, revision string) error {
	r.note(revision)
	return nil
}

func (r trackingRecorder) CheckSchema(context.Context) ([]core.SchemaFinding, error) {
	r.note()
	return say[[]core.SchemaFinding](r.recorder, nil)
}

func (r trackingRecorder) OptimizeSchema(_ context.Context, o core.OptimizeOptions) ([]string, error) {
	r.note(o)
	return say[[]string](r.recorder, nil)
}

func (r artifactRecorder) Presign(_ context.Context, path string, o core.PresignOptions) (core.PresignedRequest, error) {
	r.note(path, o)
	return say(r.recorder, fitPresigned)
}

func fitPresigned(p *core.PresignedRequest) {
	p.Method, p.URL = "PUT", core.NewSecret("https://host/key?signature=x")
}

func (r artifactRecorder) CreateUpload(_ context.Context, path string, o core.UploadOptions) (core.Upload, error) {
	r.note(path, o)
	return say(r.recorder, func(u *core.Upload) {
		for i := range u.Parts {
			fitPresigned(&u.Parts[i])
		}
	})
}

func (r artifactRecorder) CompleteUpload(_ context.Context, path string, id core.UploadID, parts []core.UploadedPart) error {
	r.note(path, id, parts)
	return nil
}

func (r artifactRecorder) AbortUpload(_ context.Context, path string, id core.UploadID) error {
	r.note(path, id)
	return nil
}

func (r artifactRecorder) Stat(_ context.Context, path string) (core.Artifact, error) {
	r.note(path)
	return say(r.recorder, func(a *core.Artifact) { fitArtifact(a, path) })
}

func fitArtifact(a *core.Artifact, path string) { a.Path, a.Dir, a.SHA256 = path, false, someDigest }

const someDigest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func (r artifactRecorder) List(_ context.Context, dir string, o core.ListOptions) (core.Page[core.Artifact], error) {
	r.note(dir, o)
	return say(r.recorder, func(p *core.Page[core.Artifact]) {
		for i := range p.Items {
			fitArtifact(&p.Items[i], dir+"/"+p.Items[i].Path)
		}
	})
}

func (r artifactRecorder) Open(_ context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	r.note(path, o)
	return io.NopCloser(io.LimitReader(zeroes{}, 3<<20)), nil
}

// zeroes never ends.
type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func (r artifactRecorder) Put(_ context.Context, path string, from io.Reader, o core.PutOptions) (core.Artifact, error) {
	n, err := io.Copy(io.Discard, from)
	r.note(path, o, n)
	if err != nil {
		return core.Artifact{}, err
	}
	return say(r.recorder, func(a *core.Artifact) {
		fitArtifact(a, path)
		a.Size, a.SHA256 = n, o.SHA256
	})
}

func (r artifactRecorder) Delete(_ context.Context, path string, o core.DeleteOptions) error {
	r.note(path, o)
	return nil
}

func (r registryRecorder) CreateModel(_ context.Context, spec core.ModelSpec) (core.Model, error) {
	r.note(spec)
	return say(r.recorder, func(m *core.Model) { m.Name = spec.Name })
}

func (r registryRecorder) Model(_ context.Context, name string) (core.Model, error) {
	r.note(name)
	return say(r.recorder, func(m *core.Model) { m.Name = name })
}

func (r registryRecorder) UpdateModel(_ context.Context, name string, change core.ModelChange) (core.Model, error) {
	r.note(name, change)
	return say(r.recorder, func(m *core.Model) { m.Name = *change.Name })
}

func (r registryRecorder) DeleteModel(_ context.Context, name string) error {
	r.note(name)
	return nil
}

func (r registryRecorder) SearchModels(_ context.Context, q core.ModelQuery) (core.Page[core.Model], error) {
	r.note(q)
	return say[core.Page[core.Model]](r.recorder, nil)
}

func (r registryRecorder) CreateVersion(_ context.Context, model string, spec core.VersionSpec) (core.Version, error) {
	r.note(model, spec)
	return say(r.recorder, func(v *core.Version) { v.Model = model })
}

func (r registryRecorder) fit(ref core.VersionRef) func(*core.Version) {
	return func(v *core.Version) { v.Model, v.Number = ref.Model, ref.Number }
}

func (r registryRecorder) Version(_ context.Context, ref core.VersionRef) (core.Version, error) {
	r.note(ref)
	return say(r.recorder, r.fit(ref))
}

func (r registryRecorder) UpdateVersion(
	_ context.Context, ref core.VersionRef, change core.VersionChange,
) (core.Version, error) {
	r.note(ref, change)
	return say(r.recorder, r.fit(ref))
}

func (r registryRecorder) DeleteVersion(_ context.Context, ref core.VersionRef) error {
	r.note(ref)
	return nil
}

func (r registryRecorder) SearchVersions(_ context.Context, q core.VersionQuery) (core.Page[core.Version], error) {
	r.note(q)
	return say[core.Page[core.Version]](r.recorder, nil)
}

func (r registryRecorder) SetAlias(_ context.Context, ref core.VersionRef, alias string) error {
	r.note(ref, alias)
	return nil
}

func (r registryRecorder) DeleteAlias(_ context.Context, model, alias string) error {
	r.note(model, alias)
	return nil
}

func (r registryRecorder) VersionByAlias(_ context.Context, model, alias string) (core.Version, error) {
	r.note(model, alias)
	return say(r.recorder, func(v *core.Version) { v.Model = model })
}

func (r registryRecorder) SetStage(_ context.Context, ref core.VersionRef, change core.StageChange) (core.Version, error) {
	r.note(ref, change)
	return say(r.recorder, r.fit(ref))
}

func (r registryRecorder) LatestVersions(_ context.Context, model string, stages []core.Stage) ([]core.Version, error) {
	r.note(model, stages)
	return say[[]core.Version](r.recorder, nil)
}

func (r registryRecorder) ImportModel(_ context.Context, m core.Model) error {
	r.note(m)
	return nil
}

func (r registryRecorder) ImportVersion(_ context.Context, v core.Version) error {
	r.note(v)
	return nil
}

func (r registryRecorder) CreateWebhook(_ context.Context, spec core.WebhookSpec) (core.Webhook, error) {
	r.note(spec)
	return say[core.Webhook](r.recorder, nil)
}

func (r registryRecorder) Webhook(_ context.Context, id core.WebhookID) (core.Webhook, error) {
	r.note(id)
	return say(r.recorder, func(w *core.Webhook) { w.ID = id })
}

func (r registryRecorder) UpdateWebhook(
	_ context.Context, id core.WebhookID, change core.WebhookChange,
) (core.Webhook, error) {
	r.note(id, change)
	return say(r.recorder, func(w *core.Webhook) { w.ID = id })
}

func (r registryRecorder) DeleteWebhook(_ context.Context, id core.WebhookID) error {
	r.note(id)
	return nil
}

func (r registryRecorder) SearchWebhooks(_ context.Context, q core.WebhookQuery) (core.Page[core.Webhook], error) {
	r.note(q)
	return say[core.Page[core.Webhook]](r.recorder, nil)
}

func (r projectRecorder) Submit(_ context.Context, p core.Project, o core.SubmitOptions) (core.JobID, error) {
	r.note(p, o)
	return say[core.JobID](r.recorder, nil)
}

func (r projectRecorder) Job(_ context.Context, id core.JobID) (core.Job, error) {
	r.note(id)
	return say(r.recorder, func(j *core.Job) { j.ID = id })
}

func (r projectRecorder) Cancel(_ context.Context, id core.JobID) error {
	r.note(id)
	return nil
}

func (r projectRecorder) Logs(_ context.Context, id core.JobID, o core.LogOptions) (core.Page[core.LogLine], error) {
	r.note(id, o)
	return say[core.Page[core.LogLine]](r.recorder, nil)
}

// opener answers with the recorder for every URI, and remembers the request.
func (r *recorder) opener() core.Opener {
	return core.OpenerFunc(func(_ context.Context, request core.OpenRequest) (core.Backend, error) {
		r.note(request)
		return core.Backend{
			Tracking: trackingRecorder{r}, Artifacts: artifactRecorder{r}, Registry: registryRecorder{r}, Projects: projectRecorder{r},
		}, nil
	})
}
