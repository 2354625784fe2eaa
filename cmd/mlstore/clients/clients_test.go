// Package clients_test lets MLflow's own Python clients, of three generations, work with our server over several stores. What
// they can do is written into docs/compatibility.md, and held to it.
package clients_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/postgres"
	"github.com/mlstore/mlstore/plugins/s3"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/server"
	"github.com/mlstore/mlstore/server/hook"
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

// resolver knows the stores that every program links in, and those that else run as plugins.
func resolver(t *testing.T, server *testenv.S3Server) *registry.Resolver {
	t.Helper()
	bucket := &s3.Opener{Getenv: func(string) string { return "" }, Journal: t.TempDir()}
	open := func(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
		request.Options = map[string]string{"endpoint_url": server.Endpoint, "region": server.Region}
		request.Secrets = map[string]core.Secret{
			"access_key_id": core.NewSecret(server.AccessKey), "secret_access_key": core.NewSecret(server.SecretKey),
		}
		return bucket.Open(ctx, request)
	}
	r, err := embedded.New(
		embedded.With("postgresql", registry.Rule{
			Opener: postgres.Opener{}, Kinds: []registry.Kind{registry.Tracking, registry.Registry},
		}),
		embedded.With("s3", registry.Rule{Opener: core.OpenerFunc(open), Kinds: []registry.Kind{registry.Artifacts}}),
	)
	must(t, err)
	return r
}

// serve starts a server and returns its address.
func serve(t *testing.T, r *registry.Resolver, p place) string {
	t.Helper()
	uri, err := core.ParseURI(p.tracking)
	must(t, err)
	s, err := server.New(t.Context(), server.Config{
		Resolver: r, Tracking: uri, ArtifactsDestination: p.artifacts, Webhooks: hook.Config{Retries: -1},
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
	})
	must(t, err)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		web.Close()
		must(t, s.Close())
	})
	return web.URL
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
	r := resolver(t, bucket)
	t.Cleanup(func() { must(t, r.Close()) })
	var arguments []string
	for _, p := range places(t, bucket) {
		arguments = append(arguments, p.name+"="+serve(t, r, p))
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

This table is generated: the Python clients of these releases, unmodified, do it all with ` + "`mlstore`'s" + ` server over **file**
(records in a folder of MLflow's layout), **sqlite**, and **postgres + s3** (records in Postgres, artifacts in S3), in this order.
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
