package copying_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/cmd/mlstore/copying"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/plugins/file"
)

const at core.Millis = 1_700_000_000_000

// memory is a store in memory, with a default experiment as every store of MLflow's has it.
func memory() copying.End {
	return copying.End{Tracking: mem.NewTracking(), Registry: mem.NewRegistry()}
}

// folder is a store in a folder.
func folder(t *testing.T, root string) copying.End {
	t.Helper()
	tracking, err := file.NewTracking(root, file.TrackingOptions{})
	must(t, err)
	registry, err := file.NewRegistry(root, file.RegistryOptions{})
	must(t, err)
	t.Cleanup(func() { must(t, errors.Join(tracking.Close(), registry.Close())) })
	return copying.End{Tracking: tracking, Registry: registry, Artifacts: func(_ context.Context, location string) (core.ArtifactRepository, error) {
		return file.NewArtifacts(location, file.ArtifactsOptions{})
	}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill gives a store something of everything. Artifacts lie below location.
func fill(t *testing.T, end copying.End, location string) {
	t.Helper()
	ctx := t.Context()
	in, _ := core.As[core.Importer](end.Tracking)
	for i, id := range []core.ExperimentID{"7", "123456789012345678", "9"} {
		must(t, in.ImportExperiment(ctx, core.Experiment{
			ID: id, Name: "experiment " + string(id), ArtifactLocation: location + "/" + string(id), Lifecycle: core.Active,
			CreatedAt: at + core.Millis(i), UpdatedAt: at + 50, Tags: map[string]string{"team": "é"},
		}))
	}
	for i, id := range []core.ExperimentID{"7", "123456789012345678", "9", "7"} {
		model := core.ModelID(fmt.Sprintf("m-%032x", i))
		must(t, in.ImportLoggedModel(ctx, core.LoggedModel{
			ID: model, ExperimentID: id, Name: "net", Type: "onnx", Status: core.ModelReady, Lifecycle: core.Active,
			ArtifactURI: location + "/" + string(id) + "/models/" + string(model) + "/artifacts",
			CreatedAt:   at + 5, UpdatedAt: at + 6, Params: map[string]string{"depth": "3"}, Tags: map[string]string{"a": "b"},
		}))
		run := core.RunID(fmt.Sprintf("%032x", 100+i))
		must(t, in.ImportRun(ctx, core.Run{
			RunInfo: core.RunInfo{
				ID: run, ExperimentID: id, Name: fmt.Sprint("run ", i), User: "ann", Status: core.Finished, StartTime: at + core.Millis(i),
				EndTime: at + 100, ArtifactURI: location + "/" + string(id) + "/" + string(run) + "/artifacts", Lifecycle: core.Active,
			},
			RunData: core.RunData{
				Params: map[string]string{"lr": "0.1", "text": "line\nbreak"},
				Tags:   map[string]string{core.RunNameTag: fmt.Sprint("run ", i), "note": ""},
			},
			Inputs: core.Inputs{Datasets: []core.DatasetInput{{
				Dataset: core.Dataset{Name: "iris", Digest: "d1", SourceType: "local", Source: "{}"},
				Tags:    map[string]string{core.DataContextTag: "train"},
			}}},
			Outputs: []core.ModelOutput{{ModelID: model, Step: 4}},
		}))
		var points []core.Metric
		for step := range 2500 {
			points = append(points, core.Metric{Key: "loss", Value: 1 / float64(step+1), Timestamp: at + core.Millis(step/3), Step: int64(step)})
		}
		points = append(points, core.Metric{Key: "odd", Value: math.NaN(), Timestamp: at}, core.Metric{Key: "odd", Value: 2, Timestamp: at},
			core.Metric{Key: "odd", Value: 3, Timestamp: at, Step: -1})
		limits, err := end.Tracking.Describe(ctx)
		must(t, err)
		must(t, client.LogBatch(ctx, end.Tracking, run, core.Batch{Metrics: points}, limits.Limits))
		if i == 3 {
			must(t, client.DeleteRun(ctx, end.Tracking, run))
		}
	}
	must(t, end.Tracking.UpdateExperiment(ctx, "9", core.ExperimentChange{Lifecycle: core.Deleted}))
	models, _ := core.As[core.LoggedModels](end.Tracking)
	must(t, models.DeleteLoggedModel(ctx, core.ModelID(fmt.Sprintf("m-%032x", 3))))
	ofNoRun := core.ModelID(fmt.Sprintf("m-%032x", 4))
	must(t, in.ImportLoggedModel(ctx, core.LoggedModel{
		ID: ofNoRun, ExperimentID: "7", Name: "net", Status: core.ModelReady, Lifecycle: core.Deleted, CreatedAt: at, UpdatedAt: at + 1,
		ArtifactURI: location + "/7/models/" + string(ofNoRun) + "/artifacts",
	}))
	fillRegistry(t, end)
}

func fillRegistry(t *testing.T, end copying.End) {
	t.Helper()
	ctx := t.Context()
	registry, _ := core.As[core.RegistryImporter](end.Registry)
	for _, name := range []string{"iris", "pro'mpt"} {
		tags := map[string]string{"k": "v"}
		if name != "iris" {
			tags[core.PromptTag] = "true"
		}
		must(t, registry.ImportModel(ctx, core.Model{Name: name, Description: "d", CreatedAt: at, UpdatedAt: at + 9, Tags: tags}))
		for _, number := range []int{1, 3} {
			v := core.Version{
				Model: name, Number: number, CreatedAt: at + 1, UpdatedAt: at + 2, Source: "s3://b/c", RunLink: "http://l.example",
				Status: core.VersionReady, Stage: core.StageNone, Description: "e", Tags: tags, RunID: core.RunID(fmt.Sprintf("%032x", 100)),
			}
			if number == 3 {
				v.Aliases, v.Stage = []string{"best", "champion"}, core.StageProduction
			}
			must(t, registry.ImportVersion(ctx, v))
		}
	}
}

func copyAll(t *testing.T, from, to copying.End, o copying.Options) copying.Report {
	t.Helper()
	r, err := copying.Copy(t.Context(), from, to, o)
	if err != nil {
		t.Fatalf("copy: %v\n%+v", err, r)
	}
	return r
}

// everything is what fill makes, and the default experiment.
var everything = copying.Counts{Experiments: 4, Runs: 4, Points: 4 * 2503, LoggedModels: 5, Models: 2, Versions: 4}

func TestCopyIsEqualAndASecondOneWritesNothing(t *testing.T) {
	t.Parallel()
	source := memory()
	fill(t, source, "s3://bucket/root")
	for name, target := range map[string]copying.End{"mem": memory(), "file": folder(t, t.TempDir())} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := copyAll(t, source, target, copying.Options{})
			if diff := cmp.Diff(everything, first.Counts); diff != "" || !first.Verified {
				t.Errorf("counts (-want +got), verified %v:\n%s", first.Verified, diff)
			}
			second := copyAll(t, source, target, copying.Options{})
			if diff := cmp.Diff(copying.Counts{}, second.Written); diff != "" || !second.Verified {
				t.Errorf("written a second time, verified %v:\n%s", second.Verified, diff)
			}
			back := memory()
			copyAll(t, target, back, copying.Options{})
			if third := copyAll(t, source, back, copying.Options{DryRun: true}); third.Written != (copying.Counts{}) {
				t.Errorf("there and back again differs: %+v", third.Written)
			}
		})
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	t.Parallel()
	source, target := memory(), memory()
	fill(t, source, "s3://bucket/root")
	r := copyAll(t, source, target, copying.Options{DryRun: true})
	if r.Written.Runs != 4 || r.Written.Points != everything.Points || r.Verified {
		t.Errorf("report %+v", r)
	}
	all, err := client.Collect(client.Experiments(t.Context(), target.Tracking, core.ExperimentQuery{View: core.AllStages}))
	if err != nil || len(all) != 1 {
		t.Errorf("experiments %v, error %v, want the default one", all, err)
	}
}

func TestCopyTakesWhatIsNew(t *testing.T) {
	t.Parallel()
	source, target := memory(), memory()
	fill(t, source, "s3://bucket/root")
	copyAll(t, source, target, copying.Options{})
	run := core.RunID(fmt.Sprintf("%032x", 100))
	must(t, client.LogMetric(t.Context(), source.Tracking, run, core.Metric{Key: "loss", Value: 7, Timestamp: at - 1, Step: 1}))
	must(t, client.SetTag(t.Context(), source.Tracking, run, core.Tag{Key: "new", Value: "tag"}))
	want := copying.Counts{Runs: 1, Points: 1}
	if got := copyAll(t, source, target, copying.Options{}); got.Written != want || !got.Verified {
		t.Errorf("written %+v, verified %v, want %+v", got.Written, got.Verified, want)
	}
}

func TestPointsOfTheTargetAloneAreFound(t *testing.T) {
	t.Parallel()
	source, target := memory(), memory()
	fill(t, source, "s3://bucket/root")
	copyAll(t, source, target, copying.Options{})
	run := core.RunID(fmt.Sprintf("%032x", 100))
	must(t, client.LogMetric(t.Context(), target.Tracking, run, core.Metric{Key: "loss", Value: 7, Timestamp: at, Step: 1}))
	r, err := copying.Copy(t.Context(), source, target, copying.Options{})
	if !errors.Is(err, core.ErrDataLoss) || len(r.Differences) != 1 || !strings.Contains(r.Differences[0].What, "loss") {
		t.Errorf("error %v, differences %+v", err, r.Differences)
	}
}

// narrow is a store that takes ids of at most 32 bits, and no infinite values, as databases of MLflow's do.
type narrow struct {
	*mem.Tracking

	next int
}

func (n *narrow) Describe(ctx context.Context) (core.Info, error) {
	info, err := n.Tracking.Describe(ctx)
	var kept []core.Capability
	for _, c := range info.Capabilities {
		if c != core.FloatInf && c != core.FloatNegativeZero {
			kept = append(kept, c)
		}
	}
	info.Capabilities = kept
	return info, err
}

func (n *narrow) ImportExperiment(ctx context.Context, e core.Experiment) error {
	if len(e.ID) > 9 {
		return core.Invalid("experiment_id", "%q does not fit", string(e.ID))
	}
	return n.Tracking.ImportExperiment(ctx, e)
}

func (n *narrow) CreateExperiment(ctx context.Context, spec core.ExperimentSpec) (core.Experiment, error) {
	n.next++
	e := core.Experiment{
		ID: core.ExperimentID(strconv.Itoa(1000 + n.next)), Name: spec.Name, ArtifactLocation: spec.ArtifactLocation, Tags: spec.Tags,
		Lifecycle: core.Active, CreatedAt: at, UpdatedAt: at,
	}
	return e, n.Tracking.ImportExperiment(ctx, e)
}

func TestIdsThatDoNotFitAreMappedAndMappedBack(t *testing.T) {
	t.Parallel()
	source, back := memory(), memory()
	target := copying.End{Tracking: &narrow{Tracking: mem.NewTracking()}, Registry: mem.NewRegistry()}
	fill(t, source, "s3://bucket/root")
	want := []copying.Mapping{{From: "123456789012345678", To: "1001", Name: "experiment 123456789012345678"}}
	for pass, written := range []copying.Counts{everything, {}} {
		r := copyAll(t, source, target, copying.Options{})
		if pass == 0 {
			written.Experiments = r.Written.Experiments // the default one may be equal already
		}
		if diff := cmp.Diff(want, r.Mapped); diff != "" || r.Written != written {
			t.Errorf("pass %d: written %+v, mapped (-want +got):\n%s", pass, r.Written, diff)
		}
	}
	if r := copyAll(t, target, back, copying.Options{}); len(r.Mapped) != 1 || r.Mapped[0].To != "123456789012345678" {
		t.Errorf("mapped back: %+v", r.Mapped)
	}
	if r := copyAll(t, source, back, copying.Options{DryRun: true}); r.Written != (copying.Counts{}) {
		t.Errorf("there and back again differs: %+v", r.Written)
	}
}

func TestAnotherExperimentOfTheSameIdIsLeftAlone(t *testing.T) {
	t.Parallel()
	source, target := memory(), memory()
	fill(t, source, "s3://bucket/root")
	in, _ := core.As[core.Importer](target.Tracking)
	stranger := core.Experiment{ID: "7", Name: "stranger", ArtifactLocation: "s3://x", Lifecycle: core.Active, CreatedAt: 1, UpdatedAt: 1}
	must(t, in.ImportExperiment(t.Context(), stranger))
	r := copyAll(t, source, target, copying.Options{})
	if len(r.Mapped) != 1 || r.Mapped[0].From != "7" || !r.Verified {
		t.Errorf("report %+v", r)
	}
	if e, err := target.Tracking.Experiment(t.Context(), core.ExperimentRef{ID: "7"}); err != nil || e.Name != "stranger" {
		t.Errorf("experiment %+v, error %v", e, err)
	}
}

func TestLossesAreListedBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	source := memory()
	target := copying.End{Tracking: &narrow{Tracking: mem.NewTracking()}}
	fill(t, source, "s3://bucket/root")
	run := core.RunID(fmt.Sprintf("%032x", 100))
	must(t, source.Tracking.LogBatch(t.Context(), run, core.Batch{Metrics: []core.Metric{
		{Key: "peak", Value: math.Inf(1), Timestamp: 1}, {Key: "peak", Value: math.Copysign(0, -1), Timestamp: 2},
	}}))
	r, err := copying.Copy(t.Context(), source, target, copying.Options{})
	want := []copying.Loss{
		{Kind: "metric", Key: string(run) + " peak", Why: "1 infinite values become the largest float"},
		{Kind: "metric", Key: string(run) + " peak", Why: "1 zeros lose their sign"},
	}
	if diff := cmp.Diff(want, r.Losses); diff != "" || !errors.Is(err, core.ErrState) || r.Written != (copying.Counts{}) {
		t.Errorf("error %v, written %+v, losses (-want +got):\n%s", err, r.Written, diff)
	}
	if r := copyAll(t, source, target, copying.Options{Lossy: true}); !r.Verified || len(r.Losses) != 2 {
		t.Errorf("report %+v", r)
	}
	history, err := client.Collect(client.History(t.Context(), target.Tracking, run, "peak", core.HistoryOptions{}))
	if err != nil || len(history) != 2 || history[0].Value != math.MaxFloat64 || math.Signbit(history[1].Value) {
		t.Errorf("history %v, error %v", history, err)
	}
}

func TestArtifactsMoveBelowTheTarget(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	source, target := folder(t, from), folder(t, to)
	fill(t, source, from)
	run, err := source.Tracking.Run(t.Context(), core.RunID(fmt.Sprintf("%032x", 100)))
	must(t, err)
	put := func(content string) {
		r, err := source.Artifacts(t.Context(), run.ArtifactURI)
		must(t, err)
		for _, path := range []string{"model/data.bin", "a b%20.txt"} {
			_, err = r.Put(t.Context(), path, strings.NewReader(content), core.PutOptions{})
			must(t, err)
		}
	}
	put("one")
	options := copying.Options{Relocate: copying.Relocation{From: from, To: to}}
	if r := copyAll(t, source, target, options); !r.Verified || r.Written.Files != 2 || r.Written.Bytes != 6 {
		t.Errorf("report %+v", r)
	}
	moved, err := target.Tracking.Run(t.Context(), run.ID)
	must(t, err)
	if want := filepath.ToSlash(to) + strings.TrimPrefix(run.ArtifactURI, from); moved.ArtifactURI != want {
		t.Errorf("artifact location %s, want %s", moved.ArtifactURI, want)
	}
	if r := copyAll(t, source, target, options); r.Written != (copying.Counts{}) {
		t.Errorf("written a second time: %+v", r.Written)
	}
	put("two")
	if r := copyAll(t, source, target, options); r.Written.Files != 2 {
		t.Errorf("files that changed, though not their size: %+v", r.Written)
	}
}

func TestLocationsMoveInTheFormThatTheyHave(t *testing.T) {
	t.Parallel()
	below := copying.Relocation{From: "/a b", To: "/c d"}
	all := copying.Relocation{From: "/a b", To: "s3://bucket/x", All: true}
	for _, c := range []struct {
		relocation     copying.Relocation
		location, want string
	}{
		{below, "/a b/7", "/c d/7"},
		{below, "file:///a%20b/7/r%25/artifacts", "file:///c%20d/7/r%25/artifacts"},
		{below, "/a bc/7", "/a bc/7"},
		{below, "s3://bucket/7", "s3://bucket/7"},
		{all, "file:///a%20b/7", "s3://bucket/x/7"},
		{all, "gs://other/deep", "s3://bucket/x/9"},
		{copying.Relocation{}, "/a b/7", "/a b/7"},
	} {
		if got := c.relocation.Move(c.location, "9"); got != c.want {
			t.Errorf("%+v moves %s to %s, want %s", c.relocation, c.location, got, c.want)
		}
	}
}

func TestCutOffCopyGoesOn(t *testing.T) {
	t.Parallel()
	source, target := memory(), memory()
	fill(t, source, "s3://bucket/root")
	for cut := range 6 {
		ctx, cancel := context.WithCancel(t.Context())
		left := cut * 2
		_, err := copying.Copy(ctx, source, target, copying.Options{Progress: func(e copying.Event) {
			if e.Pass == copying.Write {
				if left--; left < 0 {
					cancel()
				}
			}
		}})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cut off: error %v", err)
		}
	}
	if r := copyAll(t, source, target, copying.Options{}); !r.Verified {
		t.Errorf("report %+v", r)
	}
}
