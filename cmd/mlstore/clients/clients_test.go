// Package clients_test lets MLflow's own Python clients, of three generations, work with our server over several stores. What
// they can do is written into docs/compatibility.md, and held to it.
package clients_test

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/internal/testenv"
)

//go:embed testdata/client.py
var script string

// writeVariable lets the test write the table that it would compare.
const writeVariable = "MLSTORE_WRITE_DOCS"

const page = "../../../docs/compatibility.md"

func versions() []string { return []string{"1.30.1", "2.22.5", "3.18.0"} }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// place is where a server keeps its records and artifacts.
type place struct{ name, tracking, artifacts string }

func places(t *testing.T, s3 *testenv.S3Server) []place {
	t.Helper()
	dir := t.TempDir()
	return []place{
		{"file", filepath.Join(dir, "mlruns"), filepath.Join(dir, "files")},
		{"sqlite", "sqlite:///" + filepath.ToSlash(filepath.Join(dir, "mlflow.db")), filepath.Join(dir, "artifacts")},
		{"postgres + s3", testenv.Postgres(t), "s3://" + s3.Bucket(t) + "/artifacts"},
	}
}

// program is the command as it is installed, with its plugins beside it.
type program struct {
	path string
	env  []string
}

func build(t *testing.T, bucket *testenv.S3Server) program {
	t.Helper()
	plugins, home := t.TempDir(), t.TempDir()
	for _, name := range []string{"postgres", "s3"} {
		testenv.BuildPlugin(t, plugins, name)
	}
	env := slices.Concat(os.Environ(), bucket.Environ(),
		[]string{"MLSTORE_PLUGIN_PATH=" + plugins, "HOME=" + home, "XDG_CACHE_HOME=" + home})
	return program{testenv.Build(t, t.TempDir(), "./cmd/mlstore"), env}
}

// serve starts a server, each of whose stores is linked in or a process of its own, and returns its address.
func (p program) serve(t *testing.T, at place) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.path, "server", "--port", "0", "--log-level", "error", "--drain-delay", "0s",
		"--backend-store-uri", at.tracking, "--artifacts-destination", at.artifacts)
	cmd.Env, cmd.Dir = p.env, t.TempDir()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { // the context of the test has ended
		if err := cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the server over %s: %v\n%s", at.name, err, &stderr)
		}
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if url := regexp.MustCompile(`http://[^ ]+\d`).FindString(lines.Text()); url != "" {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return url
		}
	}
	t.Fatalf("the server over %s does not say where it is: %v", at.name, lines.Err())
	return ""
}

// outcome is what a client says of a step.
type outcome struct {
	Store   string `json:"store"`
	Step    string `json:"step"`
	Verdict string `json:"verdict"` // yes, no, absent from the release, or lacking in the store
	Error   string `json:"error"`
}

func TestClients(t *testing.T) {
	t.Parallel()
	bucket := testenv.S3(t)
	mlstore := build(t, bucket)
	var arguments []string
	for _, p := range places(t, bucket) {
		arguments = append(arguments, p.name+"="+mlstore.serve(t, p))
	}
	var wait sync.WaitGroup
	all := make([][]outcome, len(versions()))
	for i, version := range versions() {
		wait.Go(func() { all[i] = walk(t, version, arguments) })
	}
	wait.Wait()
	if t.Failed() {
		return
	}
	compare(t, table(all))
}

// TestEveryFunctionHasItsStep holds the script to the functions of MLflow's fluent module, but for run, which projects need.
func TestEveryFunctionHasItsStep(t *testing.T) {
	t.Parallel()
	for name := range strings.FieldsSeq("ActiveRun active_run create_experiment delete_experiment delete_run delete_tag end_run " +
		"get_artifact_uri get_experiment get_experiment_by_name get_registry_uri get_run get_tracking_uri list_run_infos " +
		"log_artifact log_artifacts log_metric log_metrics log_param log_params register_model search_runs set_experiment " +
		"set_registry_uri set_tag set_tags set_tracking_uri start_run") {
		if !strings.Contains(script, "`mlflow."+name+"`") || !strings.Contains(script, "mlflow."+name+"(") && name != "ActiveRun" {
			t.Errorf("no step for mlflow.%s", name)
		}
	}
}

// walk runs the script with a release of the client.
func walk(t *testing.T, version string, arguments []string) []outcome {
	t.Helper()
	cmd := testenv.MLflow(t, version).Command(t.Context(), append([]string{"-c", script}, arguments...)...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr = t.TempDir(), &stderr
	text, err := cmd.Output()
	var outcomes []outcome
	for line := range bytes.Lines(text) {
		var o outcome
		if json.Unmarshal(line, &o) != nil || o.Step == "" {
			continue // MLflow's own words
		}
		outcomes = append(outcomes, o)
		if o.Verdict == "no" {
			t.Errorf("the client of %s over %s cannot do this: %s\n%s", version, o.Store, o.Step, o.Error)
		}
	}
	if err != nil {
		t.Errorf("the client of %s: %v\n%s", version, err, &stderr)
	}
	return outcomes
}

// table is the page of the docs.
func table(all [][]outcome) string {
	var steps []string
	verdicts := map[string]map[string]string{} // by step and version, of the stores in order
	for i, outcomes := range all {
		for _, o := range outcomes {
			if verdicts[o.Step] == nil {
				verdicts[o.Step] = map[string]string{}
				steps = append(steps, o.Step)
			}
			cell := verdicts[o.Step][versions()[i]]
			if cell != "" {
				cell += ", "
			}
			verdicts[o.Step][versions()[i]] = cell + mark(o)
		}
	}
	var b strings.Builder
	b.WriteString(head)
	fmt.Fprintf(&b, "| what the client does | %s |\n|---|%s\n", strings.Join(versions(), " | "), strings.Repeat("---|", len(versions())))
	for _, step := range steps {
		b.WriteString("| " + step + " |")
		for _, version := range versions() {
			b.WriteString(" " + merged(verdicts[step][version]) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func mark(o outcome) string {
	switch o.Verdict {
	case "yes":
		return "✓"
	case "absent":
		return "–"
	}
	return "not in " + o.Store
}

// merged is one mark where all stores have the same.
func merged(cell string) string {
	marks := strings.Split(cell, ", ")
	for _, m := range marks {
		if m != marks[0] {
			return cell
		}
	}
	return marks[0]
}

const head = `# What MLflow's clients can do with our server

This table is generated: the Python clients of these releases, unmodified, do it all with ` + "`mlstore server`" + ` over **file**
(records in a folder of MLflow's layout), **sqlite**, and **postgres + s3** (two plugins, each a process of its own), in this order.
Artifacts go through the server. The test is cmd/mlstore/clients; run with ` + writeVariable + `=1 it writes this page.

✓ works over all three stores; – the release does not have it.

`

// compare holds the page to the table.
func compare(t *testing.T, want string) {
	t.Helper()
	if os.Getenv(writeVariable) != "" {
		must(t, os.WriteFile(page, []byte(want), 0o600))
		return
	}
	got, err := os.ReadFile(page)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	must(t, err)
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("docs/compatibility.md (-) is not what the clients do (+); %s=1 writes it: %s", writeVariable, diff)
	}
}
