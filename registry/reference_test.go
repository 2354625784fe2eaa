package registry_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry"
)

// world is a tracking store and a registry at mem://t and mem://r with a run that logged the file model/weights.
type world struct {
	*registry.Resolver
	settings registry.Settings
	tracking core.TrackingStore
	models   core.RegistryStore
	run      core.Run
}

func newWorld(t *testing.T) world {
	t.Helper()
	r, _ := newResolver(t)
	w := world{Resolver: r, settings: registry.Settings{Tracking: uri(t, "mem://t"), Registry: uri(t, "mem://r")}}
	var err error
	w.tracking, err = r.Tracking(t.Context(), w.settings.Tracking, w.settings)
	check(t, err)
	w.models, err = r.Registry(t.Context(), w.settings.Registry, w.settings)
	check(t, err)
	t.Cleanup(func() {
		check(t, w.tracking.Close())
		check(t, w.models.Close())
	})
	w.run, err = w.tracking.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{})
	check(t, err)
	repo := w.artifacts(t, w.run.ArtifactURI)
	put(t, repo, "model/weights", "run")
	return w
}

func (w world) artifacts(t *testing.T, text string) core.ArtifactRepository {
	t.Helper()
	repo, err := w.Artifacts(t.Context(), uri(t, text), w.settings)
	check(t, err)
	t.Cleanup(func() { check(t, repo.Close()) })
	return repo
}

func (w world) version(t *testing.T, model, source string) {
	t.Helper()
	if _, err := w.models.Model(t.Context(), model); err != nil {
		_, err = w.models.CreateModel(t.Context(), core.ModelSpec{Name: model})
		check(t, err)
	}
	_, err := w.models.CreateVersion(t.Context(), model, core.VersionSpec{Source: source})
	check(t, err)
}

func TestReferencesLeadToArtifacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	put(t, w.artifacts(t, "mem://other/place"), "f", "other")
	w.version(t, "m", "runs:/"+string(w.run.ID)+"/model")
	w.version(t, "m", "mem://other/place")
	w.version(t, "copy", "models:/m/1")
	aliases, _ := core.As[core.Aliases](w.models)
	check(t, aliases.SetAlias(t.Context(), core.VersionRef{Model: "m", Number: 1}, "champion"))
	stages, _ := core.As[core.Stages](w.models)
	_, err := stages.SetStage(t.Context(), core.VersionRef{Model: "m", Number: 2}, core.StageChange{Stage: core.StageStaging})
	check(t, err)
	run := "runs:/" + string(w.run.ID)
	for _, test := range []struct{ uri, path, want string }{
		{run, "model/weights", "run"},
		{run + "/model", "weights", "run"},
		{run + "/", "model/weights", "run"},
		{"models:/m/1", "weights", "run"},
		{"models:/m@champion", "weights", "run"},
		{"models:/m/Staging", "f", "other"},
		{"models:/m/latest", "f", "other"},
		{"models:/copy/1", "weights", "run"},
	} {
		if got := get(t, w.artifacts(t, test.uri), test.path); got != test.want {
			t.Errorf("%s in %s is %q, want %q", test.path, test.uri, got, test.want)
		}
	}
	s := w.settings
	s.Options = map[string]string{"of": "the reference, not of the stores behind it"}
	repo, err := w.Artifacts(t.Context(), uri(t, run), s)
	check(t, err)
	check(t, repo.Close())
	put(t, w.artifacts(t, run+"/new/dir"), "f", "written")
	if got := get(t, w.artifacts(t, w.run.ArtifactURI), "new/dir/f"); got != "written" {
		t.Errorf("written through runs:/: %q", got)
	}
	readOnly := w.artifacts(t, "models:/m/1")
	_, err = readOnly.Put(t.Context(), "x", strings.NewReader("x"), core.PutOptions{})
	wantIs(t, err, core.ErrPermission)
	wantIs(t, readOnly.Delete(t.Context(), "weights", core.DeleteOptions{}), core.ErrPermission)
}

func TestLoggedModelsByIDAndThroughTheirRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	models, _ := core.As[core.LoggedModels](w.tracking)
	other, err := w.tracking.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{})
	check(t, err)
	var last core.LoggedModel
	for _, name := range []string{"net", "net", "model"} {
		m, err := models.CreateLoggedModel(t.Context(), core.DefaultExperimentID, core.LoggedModelSpec{Name: name, SourceRunID: w.run.ID})
		check(t, err)
		put(t, w.artifacts(t, "models:/"+string(m.ID)), "weights", name)
		last = m
	}
	importer, _ := core.As[core.Importer](w.tracking)
	newer := last
	newer.ID, newer.Name, newer.SourceRunID, newer.CreatedAt = core.NewModelID(), "net", other.ID, last.CreatedAt+1000
	check(t, importer.ImportLoggedModel(t.Context(), newer))
	run := "runs:/" + string(w.run.ID)
	for _, test := range []struct{ uri, want string }{
		{"models:/" + string(last.ID), "model"},
		{run + "/net", "net"},
		{run + "/model", "run"}, // the run has it itself
	} {
		if got := get(t, w.artifacts(t, test.uri), "weights"); got != test.want {
			t.Errorf("weights in %s are %q, want %q", test.uri, got, test.want)
		}
	}
	e, err := w.Explain(t.Context(), uri(t, run+"/net/deep"), w.settings)
	check(t, err)
	if len(e.Hops) != 2 || !strings.HasSuffix(e.Prefix, "/artifacts/deep") || e.ReadOnly {
		t.Errorf("explained as %+v", e)
	}
}

func TestReferencesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.version(t, "self", "models:/self/1")
	w.version(t, "a", "models:/b/1")
	w.version(t, "b", "models:/a/1")
	w.version(t, "gone", "runs:/0123456789abcdef0123456789abcdef/x")
	w.version(t, "alien", "gopher://x/y")
	w.version(t, "end", "mem://end/place")
	w.version(t, "chain9", "models:/end/1")
	for i := range 9 {
		w.version(t, "chain"+string(rune('0'+i)), "models:/chain"+string(rune('1'+i))+"/1")
	}
	tests := []struct {
		uri  string
		err  error
		text []string
	}{
		{"models:/self/1", core.ErrInvalid, []string{"models:/self/1 → models:/self/1", "cycle"}},
		{"models:/a/1", core.ErrInvalid, []string{"models:/a/1 → models:/b/1 → models:/a/1", "cycle"}},
		{"models:/chain0/1", core.ErrInvalid, []string{"chain0/1 → models:/chain1/1 → models:/chain2/1 → models:/chain3/1 → models:/chain4/1", "more than 4"}},
		{"models:/gone/1", core.ErrNotFound, []string{"models:/gone/1 → runs:/0123456789abcdef0123456789abcdef/x", "not found"}},
		{"models:/alien/1", core.ErrInvalid, []string{"models:/alien/1 → gopher://x/y", "known schemes: mem"}},
		{"models:/nobody/1", core.ErrNotFound, []string{"nobody"}},
		{"models:/a/7", core.ErrNotFound, []string{"a"}},
		{"models:/a@nobody", core.ErrNotFound, []string{"nobody"}},
		{"models:/a", core.ErrNotFound, nil},
		{"models:", core.ErrInvalid, []string{"models:/<name>"}},
		{"models:a/1", core.ErrInvalid, nil},
		{"runs:/", core.ErrInvalid, []string{"run id"}},
		{"runs:/../x", core.ErrInvalid, nil},
		{"runs:/" + string(w.run.ID) + "/../../y", core.ErrInvalid, nil},
		{"runs:/" + string(w.run.ID) + "/%2e%2e/y", core.ErrInvalid, nil},
		{"runs:/" + string(w.run.ID) + "/" + strings.Repeat("x", 10_000), core.ErrInvalid, nil},
		{"runs:/0123456789abcdef0123456789abcdef", core.ErrNotFound, []string{"0123456789abcdef0123456789abcdef"}},
	}
	for _, test := range tests {
		_, err := w.Artifacts(t.Context(), uri(t, test.uri), w.settings)
		wantIs(t, err, test.err)
		wantText(t, err, test.text...)
		_, err = w.Explain(t.Context(), uri(t, test.uri), w.settings)
		wantIs(t, err, test.err)
	}
	check(t, w.artifacts(t, "models:/chain7/1").Close()) // 4 references: chain7, 8, 9 and end
	_, err := w.Artifacts(t.Context(), uri(t, "models:/chain6/1"), w.settings)
	wantIs(t, err, core.ErrInvalid)
	for _, text := range []string{"runs:/" + string(w.run.ID), "models:/a/1"} {
		_, err := w.Artifacts(t.Context(), uri(t, text), registry.Settings{})
		wantIs(t, err, core.ErrInvalid)
		wantText(t, err, text, "none is set")
	}
}

func TestBadArtifactURIs(t *testing.T) {
	t.Parallel()
	r, opener := newResolver(t)
	for _, bad := range []string{
		"mem://bucket/../other", "mem://bucket/a/%2e%2e/b", "mem://bucket/a/%252e%252e/b", "mem://KEY:SECRET@bucket/p", "mem://b/x#y",
		"mem://b/x;y", "mem://b/a//b", "mem://b/a?x=..",
	} {
		_, err := r.Artifacts(t.Context(), uri(t, bad), registry.Settings{})
		wantIs(t, err, core.ErrInvalid)
		if strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%v", err)
		}
	}
	if n := opener.opened.Load(); n != 0 {
		t.Errorf("opened %d stores", n)
	}
}

// A place that a store answers with is checked like one that a user gives.
func TestAnswersOfStoresAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	check(t, w.Handle("file", folders()))
	importer, _ := core.As[core.Importer](w.tracking)
	for _, bad := range []string{"mem://t/../other", "s3://key:secret@b/x", "file://elsewhere/x", "\tfile:///etc", "/data/../etc", "file:///data/%2e%2e/etc"} {
		run := w.run
		run.ID, run.ArtifactURI = core.NewRunID(), bad
		check(t, importer.ImportRun(t.Context(), run))
		_, err := w.Artifacts(t.Context(), uri(t, "runs:/"+string(run.ID)), w.settings)
		wantIs(t, err, core.ErrInvalid)
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	}
	run := w.run
	run.ID, run.ArtifactURI = core.NewRunID(), ""
	check(t, importer.ImportRun(t.Context(), run))
	_, err := w.Artifacts(t.Context(), uri(t, "runs:/"+string(run.ID)), w.settings)
	wantIs(t, err, core.ErrState)
}

func TestArtifactAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.version(t, "m", "runs:/"+string(w.run.ID)+"/model")
	run := "runs:/" + string(w.run.ID)
	for _, test := range []struct{ uri, path, inside string }{
		{run, "", "model/weights"},
		{run + "/model", "model", "model/weights"},
		{run + "/model/weights", "weights", "weights"},
		{"models:/m/1/weights", "weights", "weights"},
		{w.run.ArtifactURI + "/model/weights", "weights", "weights"},
		{"mem://t", "", string(w.run.ExperimentID) + "/" + string(w.run.ID) + "/artifacts/model/weights"},
	} {
		repo, path, err := w.ArtifactAt(t.Context(), uri(t, test.uri), w.settings)
		check(t, err)
		if path != test.path || get(t, repo, test.inside) != "run" {
			t.Errorf("%s is %q, want %q", test.uri, path, test.path)
		}
		check(t, repo.Close())
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.version(t, "m", "runs:/"+string(w.run.ID)+"/model")
	id := string(w.run.ID)
	got, err := w.Explain(t.Context(), uri(t, "models:/m/1"), w.settings)
	check(t, err)
	want := registry.Explanation{
		URI: "models:/m/1",
		Hops: []registry.Hop{
			{URI: "runs:/" + id + "/model", Why: "files of version 1 of model m"},
			{URI: w.run.ArtifactURI + "/model", Why: "artifacts of run " + id},
		},
		Scheme: "mem", Kinds: []registry.Kind{registry.Tracking, registry.Artifacts, registry.Registry, registry.Projects},
		About: "stores in memory", Origin: "linked in", Instance: "mem://t",
		Prefix: strings.TrimPrefix(w.run.ArtifactURI, "mem://t/") + "/model", Key: "mem://t registry=mem://r", ReadOnly: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Whoever serves others decides which roots are opened, wherever they were named.
func TestLocateDecidesOnEveryRoot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.settings
	direct, err := w.Artifacts(t.Context(), uri(t, w.run.ArtifactURI), s)
	check(t, err)
	put(t, direct, "dir/file", "text")
	check(t, direct.Close())
	var asked []string
	s.Locate = func(root core.URI) (core.URI, string, error) {
		asked = append(asked, root.Raw())
		if root.Scheme() == "proxied" {
			return uri(t, w.run.ArtifactURI), "dir", nil
		}
		return root, "", core.Errorf(core.PermissionDenied, "not this one")
	}
	for _, text := range []string{w.run.ArtifactURI, "runs:/" + string(w.run.ID) + "/dir"} {
		_, err = w.Artifacts(t.Context(), uri(t, text), s)
		wantIs(t, err, core.ErrPermission)
	}
	proxied, err := w.Artifacts(t.Context(), uri(t, "proxied:/x"), s)
	check(t, err)
	defer proxied.Close()
	if text := get(t, proxied, "file"); text != "text" {
		t.Errorf("the file has %q", text)
	}
	if want := []string{w.run.ArtifactURI, w.run.ArtifactURI, "proxied:/x"}; !slices.Equal(asked, want) {
		t.Errorf("asked about %q, want %q", asked, want)
	}
}
