package mlflow

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// files writes a tree of files into a new folder.
func files(t *testing.T, tree map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range tree {
		path := filepath.Join(dir, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

// artifacts are the paths and contents of a run's artifacts.
func artifacts(t *testing.T, run *Run) map[string]string {
	t.Helper()
	repo, err := run.client.artifactsOf(t.Context(), run.info)
	must(t, err)
	defer repo.Close()
	found := map[string]string{}
	for artifact, err := range client.Artifacts(t.Context(), repo, "", core.ListOptions{Recursive: true}) {
		must(t, err)
		r, err := repo.Open(t.Context(), artifact.Path, core.ReadOptions{})
		must(t, err)
		text, err := io.ReadAll(r)
		must(t, errors.Join(err, r.Close()))
		found[artifact.Path] = string(text)
	}
	return found
}

func TestLogArtifact(t *testing.T) {
	t.Parallel()
	run := start(t, newClient(t, nil), RunOptions{})
	ctx, dir := t.Context(), files(t, map[string]string{"model/MLmodel": "m", "model/data/w.bin": "w", "plot.png": "p"})
	must(t, run.LogArtifact(ctx, filepath.Join(dir, "plot.png"), ""))
	must(t, run.LogArtifact(ctx, filepath.Join(dir, "plot.png"), "plots/loss"))
	must(t, run.LogArtifact(ctx, filepath.Join(dir, "model")+string(filepath.Separator), "as"))
	must(t, run.LogArtifacts(ctx, filepath.Join(dir, "model"), "flat"))
	must(t, run.LogText(ctx, "über", "notes//a/../b.txt"))
	must(t, run.LogBytes(ctx, []byte{0, 1}, "raw"))
	want := map[string]string{
		"plot.png": "p", "plots/loss/plot.png": "p", "as/model/MLmodel": "m", "as/model/data/w.bin": "w",
		"flat/MLmodel": "m", "flat/data/w.bin": "w", "notes/b.txt": "über", "raw": "\x00\x01",
	}
	if diff := cmp.Diff(want, artifacts(t, run)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	must(t, run.End(ctx, core.Finished))
	must(t, run.LogText(ctx, "late", "late.txt")) // an ended run may be logged to
	if artifacts(t, run)["late.txt"] != "late" {
		t.Error("nothing was logged after the end")
	}
}

func TestBadArtifactsLeaveNothing(t *testing.T) {
	t.Parallel()
	run := start(t, newClient(t, nil), RunOptions{})
	ctx, dir := t.Context(), files(t, map[string]string{"f": "f"})
	file := filepath.Join(dir, "f")
	for name, test := range map[string]struct{ err, want error }{
		"a path that climbs":        {run.LogArtifact(ctx, file, "../x"), core.ErrInvalid},
		"an absolute path":          {run.LogArtifacts(ctx, dir, "/x"), core.ErrInvalid},
		"a path not in normal form": {run.LogArtifact(ctx, file, "a//b"), core.ErrInvalid},
		"text that climbs":          {run.LogText(ctx, "x", "a/../../x"), core.ErrInvalid},
		"text without a name":       {run.LogText(ctx, "x", ""), core.ErrInvalid},
		"text at the root":          {run.LogText(ctx, "x", "a/.."), core.ErrInvalid},
		"a missing file":            {run.LogArtifact(ctx, filepath.Join(dir, "none"), ""), core.ErrNotFound},
		"a missing directory":       {run.LogArtifacts(ctx, filepath.Join(dir, "none"), ""), core.ErrNotFound},
		"a file as directory":       {run.LogArtifacts(ctx, file, ""), core.ErrInvalid},
		"a channel":                 {run.LogDict(ctx, make(chan int), "c.json"), core.ErrInvalid},
		"NaN":                       {run.LogDict(ctx, math.NaN(), "c.json"), core.ErrInvalid},
	} {
		if !errors.Is(test.err, test.want) {
			t.Errorf("%s: %v", name, test.err)
		}
	}
	if got := artifacts(t, run); len(got) > 0 {
		t.Errorf("left behind: %v", got)
	}
}

func TestArtifactURI(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ root, path, want string }{
		{"mem://main/0/r/artifacts", "", "mem://main/0/r/artifacts"},
		{"s3://b/r/artifacts", "model/a b%", "s3://b/r/artifacts/model/a b%"},
		{"s3://b/r?versionId=1", "m", "s3://b/r/m?versionId=1"},
		{"/tmp/mlruns/0/r/artifacts", "m", "/tmp/mlruns/0/r/artifacts/m"},
	} {
		run := &Run{info: core.RunInfo{ArtifactURI: test.root}}
		if got := run.ArtifactURI(test.path); got != test.want {
			t.Errorf("%s + %s = %s, want %s", test.root, test.path, got, test.want)
		}
	}
}

func TestDownloadAndList(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	run := start(t, c, RunOptions{})
	ctx := t.Context()
	must(t, run.LogText(ctx, "a", "model/data/a.txt"))
	must(t, run.LogText(ctx, "b", "b.txt"))
	for _, test := range []struct {
		from ArtifactRef
		at   string // the file looked for below what was returned
		want string
	}{
		{ArtifactRef{RunID: run.ID(), Path: "model/data/a.txt"}, "", "a"},
		{ArtifactRef{RunID: run.ID(), Path: "model"}, "data/a.txt", "a"},
		{ArtifactRef{RunID: run.ID()}, "model/data/a.txt", "a"},
		{ArtifactRef{URI: "runs:/" + string(run.ID()) + "/model/data"}, "a.txt", "a"},
		{ArtifactRef{URI: run.ArtifactURI("b.txt")}, "", "b"},
	} {
		dst := filepath.Join(t.TempDir(), "new", "dir")
		got, err := c.DownloadArtifacts(ctx, test.from, dst)
		if err != nil {
			t.Errorf("%+v: %v", test.from, err)
			continue
		}
		if inside, err := filepath.Rel(dst, got); err != nil || inside == ".." {
			t.Errorf("%+v came to %s, not into %s", test.from, got, dst)
		}
		if text, err := os.ReadFile(filepath.Join(got, filepath.FromSlash(test.at))); err != nil || string(text) != test.want {
			t.Errorf("%+v: %q, %v", test.from, text, err)
		}
	}
	for _, test := range []struct {
		in   ArtifactRef
		want []string
	}{
		{ArtifactRef{RunID: run.ID()}, []string{"b.txt", "model"}},
		{ArtifactRef{RunID: run.ID(), Path: "model"}, []string{"model/data"}},
		{ArtifactRef{RunID: run.ID(), Path: "nothing"}, nil},
		{ArtifactRef{URI: "runs:/" + string(run.ID())}, []string{"b.txt", "model"}},
	} {
		listed, err := c.ListArtifacts(ctx, test.in)
		var paths []string
		for _, artifact := range listed {
			paths = append(paths, artifact.Path)
		}
		if err != nil || !slices.Equal(paths, test.want) {
			t.Errorf("%+v lists %v, %v", test.in, paths, err)
		}
	}
	for _, bad := range []ArtifactRef{{}, {URI: "mem://main", RunID: run.ID()}, {URI: "mem://main", Path: "x"}, {RunID: "../x"}} {
		if _, err := c.DownloadArtifacts(ctx, bad, t.TempDir()); !errors.Is(err, core.ErrInvalid) {
			t.Errorf("download %+v: %v", bad, err)
		}
		if _, err := c.ListArtifacts(ctx, bad); !errors.Is(err, core.ErrInvalid) {
			t.Errorf("list %+v: %v", bad, err)
		}
	}
}

func TestArtifactRef(t *testing.T) {
	t.Parallel()
	const id = "0123456789abcdef0123456789abcdef"
	for _, test := range []struct {
		ref  ArtifactRef
		want string // "" is ErrInvalid
	}{
		{ArtifactRef{URI: "s3://b/a//b"}, "s3://b/a//b"},
		{ArtifactRef{RunID: id}, "runs:/" + id},
		{ArtifactRef{RunID: id, Path: "."}, "runs:/" + id},
		{ArtifactRef{RunID: id, Path: ".hidden/"}, "runs:/" + id + "/.hidden"},
		{ArtifactRef{RunID: id, Path: "a//b/../c d%"}, "runs:/" + id + "/a/c d%"},
		{ArtifactRef{RunID: id, Path: "../../etc"}, ""},
		{ArtifactRef{RunID: id, Path: "/etc"}, ""},
		{ArtifactRef{RunID: "../x"}, ""},
		{ArtifactRef{RunID: "../x", Path: "y"}, ""},
		{ArtifactRef{URI: "s3://b", Path: "x"}, ""},
		{ArtifactRef{URI: "s3://b", RunID: id}, ""},
		{ArtifactRef{}, ""},
	} {
		ref, err := test.ref.checked()
		if (test.want == "") != errors.Is(err, core.ErrInvalid) || err == nil && ref.uri() != test.want {
			t.Errorf("%+v: %s, %v", test.ref, ref.uri(), err)
		}
	}
}

func TestClosedClient(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	run := start(t, c, RunOptions{})
	must(t, run.LogText(t.Context(), "a", "a.txt"))
	must(t, c.Close())
	for name, err := range map[string]error{
		"log a metric": run.LogMetric(t.Context(), "m", 1, 0), "log text": run.LogText(t.Context(), "a", "b.txt"),
		"end": run.End(t.Context(), 0), "close again": nil,
	} {
		if (err == nil) != (name == "close again") || err != nil && !errors.Is(err, core.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.Registry(t.Context()); !errors.Is(err, core.ErrClosed) {
		t.Errorf("registry: %v", err)
	}
}
