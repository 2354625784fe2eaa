package main

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/cmd/mlstore/copying"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/mlflow"
	"github.com/mlstore/mlstore/server"
)

// served starts a server over a database and a folder of the shell's directory, and returns its URL.
func (s *shell) served() string {
	s.t.Helper()
	resolver, err := embedded.New()
	s.must(err)
	at, err := core.ParseURI("sqlite:///" + filepath.ToSlash(filepath.Join(s.dir, "served.db")))
	s.must(err)
	api, err := server.New(s.t.Context(), server.Config{
		Resolver: resolver, Tracking: at, ArtifactsDestination: filepath.Join(s.dir, "served"),
	})
	s.must(err)
	web := httptest.NewServer(api.Handler())
	s.t.Cleanup(func() {
		web.Close()
		s.must(errors.Join(api.Close(), resolver.Close()))
	})
	return web.URL
}

// logged makes a run by the fluent API, with a metric, a param, a tag and a file, and returns its id.
func (s *shell) logged(url string) core.RunID {
	s.t.Helper()
	client, err := mlflow.NewClient(s.t.Context(), mlflow.Options{TrackingURI: url})
	s.must(err)
	defer func() { s.must(client.Close()) }()
	experiment, err := client.CreateExperiment(s.t.Context(), core.ExperimentSpec{Name: "remote"})
	s.must(err)
	var id core.RunID
	s.must(client.WithRun(s.t.Context(), mlflow.RunOptions{ExperimentID: experiment, Name: "first"},
		func(ctx context.Context, run *mlflow.Run) error {
			id = run.ID()
			return errors.Join(
				run.LogMetric(ctx, "loss", 0.5, 1), run.LogParam(ctx, "rate", 0.1), run.SetTag(ctx, "team", "vision"),
				run.LogText(ctx, "hello", "notes/hällo 1.txt"),
			)
		}))
	return id
}

func TestAServerIsAStoreLikeOthers(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	url := s.served()
	id := string(s.logged(url))
	at := []string{"--tracking-uri", url}
	if got := s.ok(append([]string{"runs", "list", "--experiment-name", "remote", "--json"}, at...)...); !strings.Contains(got, id) {
		t.Errorf("runs list: %s", got)
	}
	if got := s.ok(append([]string{"artifacts", "list", "--run-id", id, "--artifact-path", "notes"}, at...)...); !strings.Contains(got, "hällo 1.txt") {
		t.Errorf("artifacts list: %s", got)
	}
	s.ok(append([]string{"models", "register", "--name", "net", "--model-uri", "s3://bucket/net"}, at...)...)
	want := copying.Counts{Experiments: 2, Runs: 1, Points: 1, Models: 1, Versions: 1, Files: 1, Bytes: 5}
	files := filepath.Join(s.dir, "files")
	if r := s.copied(url, "copy", "--artifact-root", files); r.Written != want || !r.Verified {
		t.Errorf("copy of a server into a folder: %+v", r)
	}
	if r := s.copied(url, "sqlite:///copy.db", "--no-artifacts"); r.Written.Runs != 1 || !r.Verified {
		t.Errorf("copy of a server into a database: %+v", r)
	}
	var found []byte
	s.must(filepath.WalkDir(files, func(path string, _ os.DirEntry, err error) error {
		if filepath.Base(path) == "hällo 1.txt" {
			found, err = os.ReadFile(path)
		}
		return err
	}))
	if string(found) != "hello" {
		t.Errorf("the file in the copy holds %q", found)
	}
}
