package mlflow

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

// what is to be compared of a version.
func essence(v core.Version) core.Version {
	return core.Version{
		Model: v.Model, Number: v.Number, Source: v.Source, RunID: v.RunID, ModelID: v.ModelID, Status: v.Status, Tags: v.Tags,
	}
}

func TestRegisterModel(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t, nil), t.Context()
	run := start(t, c, RunOptions{})
	must(t, run.LogText(ctx, "m", "model/MLmodel"))
	loggedModels, ok := core.As[core.LoggedModels](c.Tracking())
	if !ok {
		t.Fatal("the store keeps no logged models")
	}
	logged, err := loggedModels.CreateLoggedModel(ctx, "0", core.LoggedModelSpec{Name: "net", SourceRunID: run.ID()})
	must(t, err)
	lineage, ok := core.As[core.Lineage](c.Tracking())
	if !ok {
		t.Fatal("the store keeps no lineage")
	}
	for step, from := range []core.RunID{run.ID(), "other"} { // of an earlier step, and of another run at the latest
		decoy, err := loggedModels.CreateLoggedModel(ctx, "0", core.LoggedModelSpec{Name: "net", SourceRunID: from})
		must(t, err)
		must(t, lineage.LogOutputs(ctx, run.ID(), []core.ModelOutput{{ModelID: decoy.ID, Step: int64(9 * step)}}))
	}
	must(t, lineage.LogOutputs(ctx, run.ID(), []core.ModelOutput{{ModelID: logged.ID, Step: 5}}))
	runs, models := "runs:/"+string(run.ID())+"/", "models:/"+string(logged.ID)
	tags := map[string]string{"a": "1"}
	for i, test := range []struct {
		uri  string
		want core.Version
		from string // where the files are
	}{
		{runs + "model", core.Version{Source: run.ArtifactURI("model"), RunID: run.ID()}, run.ArtifactURI("model")},
		{runs + "net", core.Version{Source: models, RunID: run.ID(), ModelID: logged.ID}, logged.ArtifactURI},
		{models, core.Version{Source: models, RunID: run.ID(), ModelID: logged.ID}, logged.ArtifactURI},
		{"models:/iris/1", core.Version{Source: "models:/iris/1", RunID: run.ID()}, run.ArtifactURI("model")},
		{"s3://bucket/m", core.Version{Source: "s3://bucket/m"}, "s3://bucket/m"},
	} {
		got, err := c.RegisterModel(ctx, test.uri, "iris", RegisterOptions{Tags: tags})
		if err != nil {
			t.Errorf("%s: %v", test.uri, err)
			continue
		}
		test.want.Model, test.want.Number, test.want.Status, test.want.Tags = "iris", i+1, core.VersionReady, tags
		if diff := cmp.Diff(test.want, essence(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.uri, diff)
		}
		if got.DownloadURI() != test.from || got.User != "ada" && got.User != "" {
			t.Errorf("%s: files at %s, by %s", test.uri, got.DownloadURI(), got.User)
		}
	}
	linked, err := loggedModels.LoggedModel(ctx, logged.ID)
	must(t, err)
	const want = `[{"name":"iris","version":"2"},{"name":"iris","version":"3"}]`
	if linked.Tags[core.ModelVersionsTag] != want {
		t.Errorf("the logged model is linked as %s", linked.Tags[core.ModelVersionsTag])
	}
}

func TestRegisterModelRefuses(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t, nil), t.Context()
	run := start(t, c, RunOptions{})
	must(t, run.LogText(ctx, "w", "weights/w.json"))
	for uri, want := range map[string]error{
		"runs:/" + string(run.ID()) + "/weights":   core.ErrNotFound, // no MLmodel in it
		"runs:/" + string(run.ID()):                core.ErrNotFound,
		"runs:/0123456789abcdef0123456789abcdef/m": core.ErrNotFound,
		"runs:/" + string(run.ID()) + "/it's\"so":  core.ErrNotFound,
		"runs:/../m":     core.ErrInvalid,
		"models:/none/1": core.ErrNotFound,
		"models:/m-0123456789abcdef0123456789abcdef": core.ErrNotFound,
		"models:bad":           core.ErrInvalid,
		"s3://bucket/../other": core.ErrInvalid,
	} {
		if _, err := c.RegisterModel(ctx, uri, "iris", RegisterOptions{}); !errors.Is(err, want) {
			t.Errorf("%s: %v", uri, err)
		}
	}
	if _, err := c.RegisterModel(ctx, "s3://b/m", "a/b", RegisterOptions{}); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("a bad name: %v", err)
	}
}

// slow is a registry whose versions are pending at first.
type slow struct {
	core.RegistryStore
	asked  int
	status core.VersionStatus
}

func (s *slow) CreateVersion(ctx context.Context, model string, spec core.VersionSpec) (core.Version, error) {
	v, err := s.RegistryStore.CreateVersion(ctx, model, spec)
	v.Status = core.VersionPending
	return v, err
}

func (s *slow) Version(ctx context.Context, ref core.VersionRef) (core.Version, error) {
	v, err := s.RegistryStore.Version(ctx, ref)
	s.asked++
	v.Status = core.VersionPending
	if s.asked > 1 {
		v.Status = s.status
	}
	return v, err
}

func TestRegisterModelWaits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status core.VersionStatus
		await  time.Duration
		want   core.VersionStatus
		err    error
	}{
		{core.VersionReady, 0, core.VersionReady, nil},
		{core.VersionFailed, 0, core.VersionFailed, core.ErrState},
		{core.VersionReady, -1, core.VersionPending, nil},
		{core.VersionPending, time.Millisecond, core.VersionPending, context.DeadlineExceeded},
	} {
		c := clientOf(t, inMemory(t, func(b core.Backend) core.Backend {
			b.Registry = &slow{RegistryStore: b.Registry, status: test.status}
			return b
		}), nil)
		v, err := c.RegisterModel(t.Context(), "s3://b/m", "iris", RegisterOptions{Await: test.await})
		if !errors.Is(err, test.err) || err == nil && v.Status != test.want {
			t.Errorf("%+v: %v, %v", test, v.Status, err)
		}
	}
}
