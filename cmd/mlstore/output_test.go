package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestRunsInEveryFormat(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.seed()
	same(t, "table", s.ok("runs", "list", "--experiment-id", "7", "--columns", "metrics.loss,params.lr"), `RUN_ID                            NAME        STATUS    START_TIME            DURATION  USER  METRICS.LOSS  PARAMS.LR
bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  run ?[31mb  FINISHED  2023-11-14T22:14:20Z  1.5s      ann   0.25          0.2
aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  run ?[31ma  FINISHED  2023-11-14T22:13:20Z  1.5s      ann   0.5           0.1
`)
	same(t, "csv", s.ok("runs", "search", "--experiment-name", "first", "--filter", "metrics.loss < 0.3", "--columns", "params.lr", "-o", "csv"),
		"run_id,name,status,start_time,duration,user,params.lr\n"+runB+",run \x1b[31mb,FINISHED,2023-11-14T22:14:20Z,1.5s,ann,0.2\n")
	lines := strings.Split(strings.TrimSpace(s.ok("runs", "list", "--experiment-id", "7", "-o", "jsonl")), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines of JSON, want 2: %q", len(lines), lines)
	}
	var run, first any
	s.must(json.Unmarshal([]byte(lines[0]), &first))
	s.must(json.Unmarshal([]byte(s.ok("runs", "describe", "--run-id", runB)), &run))
	if diff := cmp.Diff(first, run); diff != "" {
		t.Errorf("a run differs between list and describe (-list +describe):\n%s", diff)
	}
	var all []any
	s.must(json.Unmarshal([]byte(s.ok("--json", "runs", "list", "--experiment-id", "7", "--max-results", "1")), &all))
	if diff := cmp.Diff([]any{first}, all); diff != "" {
		t.Errorf("json (-want +got):\n%s", diff)
	}
	same(t, "history", s.ok("runs", "history", runA, "--metric", "loss", "-o", "csv"),
		"step,timestamp,value\n3,2023-11-14T22:13:20.000Z,0.5\n")
	same(t, "no runs", s.ok("runs", "list", "-o", "json"), "[]\n")
}

func TestRunJSONHasMLflowsNames(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.seed()
	var run struct {
		Info struct {
			RunID     string `json:"run_id"`
			Status    string
			StartTime int64 `json:"start_time"`
			EndTime   int64 `json:"end_time"`
		}
		Data struct {
			Metrics map[string]float64
			Params  map[string]string
		}
	}
	s.must(json.Unmarshal([]byte(s.ok("runs", "get", runA, "-o", "json")), &run))
	if run.Info.RunID != runA || run.Info.Status != "FINISHED" || run.Info.StartTime != 1_700_000_000_000 ||
		run.Info.EndTime != 1_700_000_001_500 || run.Data.Metrics["loss"] != 0.5 || run.Data.Params["lr"] != "0.1" {
		t.Errorf("got %+v", run)
	}
}

func TestExperiments(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.seed()
	same(t, "get", s.ok("experiments", "get", "-x", "7", "-o", "json"), `{
  "experiment_id": "7",
  "name": "first",
  "artifact_location": "file:///seed/7",
  "lifecycle_stage": "active",
  "creation_time": 1700000000000,
  "last_update_time": 1700000000000,
  "tags": {
    "team": "a"
  }
}
`)
	same(t, "table", s.ok("experiments", "search", "--filter", "name = 'first'"),
		`EXPERIMENT_ID  NAME   LIFECYCLE_STAGE  LAST_UPDATE_TIME      ARTIFACT_LOCATION
7              first  active           2023-11-14T22:13:20Z  file:///seed/7
`)
	s.ok("experiments", "rename", "-x", "7", "--new-name", "second")
	s.ok("experiments", "delete", "--experiment-id", "7")
	if got := s.ok("experiments", "list", "-v", "deleted_only", "-o", "csv"); !strings.Contains(got, "7,second,deleted,") {
		t.Errorf("the deleted experiments: %q", got)
	}
	s.ok("experiments", "restore", "-x", "7")
	s.ok("experiments", "csv", "-x", "7", "-o", "runs.csv")
	if got := s.ok("experiments", "csv", "-n", "second"); strings.Count(got, "\n") != 3 || !strings.Contains(got, "metrics.loss") {
		t.Errorf("the runs as CSV: %q", got)
	}
}

func TestVersionAndHelp(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	var b build
	s.must(json.Unmarshal([]byte(s.ok("version", "--json")), &b))
	if b.Contract == "" || b.Go == "" || b.Version == "" {
		t.Errorf("version: %+v", b)
	}
	same(t, "exit codes", strings.TrimSpace(s.ok("help", "exit-codes")), strings.TrimSpace(exitCodesText))
}
