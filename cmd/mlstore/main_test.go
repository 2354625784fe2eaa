package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

// binaryVariable tells the tests where TestMain has built the command.
const binaryVariable = "MLSTORE_TEST_BINARY"

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mlstore-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "mlstore")
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", binary, ".").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "build mlstore: %v\n%s", err, out)
		return 1
	}
	if err := os.Setenv(binaryVariable, binary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// result is what one call of the command gave.
type result struct {
	code           int
	stdout, stderr string
}

// shell calls the command in a directory of its own, with nothing of the tester's MLflow settings.
type shell struct {
	t   *testing.T
	dir string
	env []string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	s := &shell{t: t, dir: t.TempDir()}
	s.env = slices.DeleteFunc(os.Environ(), func(entry string) bool {
		return strings.HasPrefix(entry, "MLFLOW_") || strings.HasPrefix(entry, "MLSTORE_") || strings.HasPrefix(entry, "NO_COLOR")
	})
	return s
}

func (s *shell) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(s.t.Context(), os.Getenv(binaryVariable), args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	return cmd
}

func (s *shell) run(args ...string) result {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := s.command(args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		s.t.Fatalf("mlstore %q: %v", args, exit)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// ok is run for a call that must succeed; it returns standard output.
func (s *shell) ok(args ...string) string {
	s.t.Helper()
	r := s.run(args...)
	if r.code != 0 {
		s.t.Fatalf("mlstore %q: exit %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

const (
	runA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	runB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// seed fills mlruns with an experiment and two runs, whose ids and times are fixed.
func (s *shell) seed() {
	s.t.Helper()
	root := filepath.Join(s.dir, "mlruns")
	store, err := file.NewTracking(root, file.TrackingOptions{})
	s.must(err)
	at := core.Millis(1_700_000_000_000)
	s.must(store.ImportExperiment(s.t.Context(), core.Experiment{
		ID: "7", Name: "first", ArtifactLocation: "file:///seed/7", Lifecycle: core.Active, CreatedAt: at, UpdatedAt: at,
		Tags: map[string]string{"team": "a"},
	}))
	for i, id := range []core.RunID{runA, runB} {
		began := at + core.Millis(i)*60_000
		s.must(store.ImportRun(s.t.Context(), core.Run{RunInfo: core.RunInfo{
			ID: id, ExperimentID: "7", Name: "run \x1b[31m" + string(id[0]), User: "ann", Status: core.Finished, StartTime: began,
			EndTime: began + 1500, ArtifactURI: "file://" + filepath.ToSlash(root) + "/7/" + string(id) + "/artifacts", Lifecycle: core.Active,
		}, RunData: core.RunData{Tags: map[string]string{core.RunNameTag: "run \x1b[31m" + string(id[0])}}}))
		s.must(store.LogBatch(s.t.Context(), id, core.Batch{
			Metrics: []core.Metric{{Key: "loss", Value: 0.5 - float64(i)/4, Timestamp: began, Step: 3}},
			Params:  []core.Param{{Key: "lr", Value: fmt.Sprint(0.1 * float64(i+1))}},
		}))
	}
	s.must(store.Close())
}

func (s *shell) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}
