package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
)

func TestExitCodes(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env = append(s.env, "MLFLOW_HTTP_REQUEST_MAX_RETRIES=0")
	s.seed()
	s.must(os.WriteFile(filepath.Join(s.dir, "known.json"),
		[]byte(`[{"id": "TS-001", "reason": "to see it refused", "expires": "2999-01-01"}]`), 0o600))
	for _, test := range []struct {
		code int
		args []string
	}{
		{exitOK, []string{"runs", "list"}},
		{exitOK, []string{"runs"}},
		{exitUsage, []string{"bogus"}},
		{exitUsage, []string{"runs", "bogus"}},
		{exitUsage, []string{"runs", "list", "--bogus"}},
		{exitUsage, []string{"runs", "list", "extra"}},
		{exitUsage, []string{"runs", "list", "-o", "xml"}},
		{exitUsage, []string{"runs", "list", "--view", "some"}},
		{exitUsage, []string{"runs", "list", "--columns", "loss"}},
		{exitUsage, []string{"runs", "list", "--max-results", "-1"}},
		{exitUsage, []string{"runs", "search", "--filter", "metrics.loss <"}},
		{exitUsage, []string{"runs", "get"}},
		{exitUsage, []string{"runs", "get", runA, "--run-id", runA}},
		{exitUsage, []string{"runs", "history", runA}},
		{exitUsage, []string{"runs", "list", "--tracking-uri", "nobody://x"}},
		{exitUsage, []string{"artifacts", "list"}},
		{exitUsage, []string{"artifacts", "list", "-r", runA, "-a", "../x"}},
		{exitUsage, []string{"artifacts", "delete", "-r", runA}},
		{exitUsage, []string{"artifacts", "upload", "-r", runA, "mlruns", "--progress", "loud"}},
		{exitUsage, []string{"experiments", "get"}},
		{exitUsage, []string{"demo", "--epochs", "-3"}},
		{exitUsage, []string{"conformance", "run", "file:./scratch", "--level", "deep"}},
		{exitUsage, []string{"conformance", "run", "file:./scratch", "--only", "["}},
		{exitUsage, []string{"conformance", "run", "nobody://x"}},
		{exitUsage, []string{"conformance", "run", "file:./scratch", "--fresh", "file:./other"}},
		{exitNotFound, []string{"plugin", "inspect", "nobody"}},
		{exitNotFound, []string{"plugin", "remove", "nobody"}},
		{exitUsage, []string{"plugin", "new", "../x"}},
		{exitNotFound, []string{"runs", "get", "cccccccccccccccccccccccccccccccc"}},
		{exitNotFound, []string{"runs", "list", "--experiment-id", "12"}},
		{exitNotFound, []string{"runs", "list", "--experiment-name", "nobody"}},
		{exitNotFound, []string{"models", "get", "nobody"}},
		{exitNotFound, []string{"models", "versions", "nobody"}},
		{exitNotFound, []string{"artifacts", "upload", "-r", runA, "nothing-here"}},
		{exitNotFound, []string{"artifacts", "download", "-r", runA, "-a", "nothing"}},
		{exitNotFound, []string{"conformance", "explain", "TS-000"}},
		{exitConflict, []string{"experiments", "create", "-n", "first"}},
		{exitFailure, []string{"conformance", "run", "file:./scratch", "--only", "XX-1"}},
		{exitUnavailable, []string{"conformance", "run", "http://127.0.0.1:1"}}, // at once, not case by case
		{exitConformance, []string{"conformance", "run", "file:./scratch", "--only", "TS-001", "--known-failures", "known.json"}},
	} {
		if r := s.run(test.args...); r.code != test.code {
			t.Errorf("mlstore %q: exit %d, want %d\n%s%s", test.args, r.code, test.code, r.stdout, r.stderr)
		}
	}
}

func TestExitCodesOfErrors(t *testing.T) {
	t.Parallel()
	for code, want := range map[core.Code]int{
		core.OK: exitOK, core.InvalidArgument: exitUsage, core.NotFound: exitNotFound, core.Unauthenticated: exitAuth,
		core.PermissionDenied: exitAuth, core.AlreadyExists: exitConflict, core.FailedPrecondition: exitConflict,
		core.Unavailable: exitUnavailable, core.DeadlineExceeded: exitUnavailable, core.Internal: exitFailure,
		core.DataLoss: exitFailure, core.Unimplemented: exitFailure,
	} {
		var err error
		if code != core.OK {
			err = core.Errorf(code, "x")
		}
		if got := exitCode(err); got != want {
			t.Errorf("%v: exit %d, want %d", code, got, want)
		}
	}
	if got := exitCode(coded(exitPartial, core.Errorf(core.NotFound, "x"))); got != exitPartial {
		t.Errorf("a code that was given is %d", got)
	}
}

func TestErrorsAsJSON(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	r := s.run("runs", "get", "nobody", "-o", "json")
	var got struct {
		Error struct {
			Code, Reason, Message, Key string
			ExitCode                   int `json:"exit_code"`
		}
	}
	s.must(json.Unmarshal([]byte(r.stderr), &got))
	if r.stdout != "" || r.code != exitNotFound || got.Error.Code != "not found" || got.Error.Key != "nobody" ||
		got.Error.Reason != "RESOURCE_DOES_NOT_EXIST" || got.Error.ExitCode != exitNotFound || got.Error.Message == "" {
		t.Errorf("got %+v", r)
	}
	r = s.run("runs", "list", "--bogus", "--output=json")
	s.must(json.Unmarshal([]byte(r.stderr), &got))
	if r.code != exitUsage || got.Error.ExitCode != exitUsage {
		t.Errorf("a bad flag: %+v", r)
	}
}

// docs/cli.md has the exit codes and every command.
func TestTheDocumentationIsComplete(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(text)
	codes := regexp.MustCompile(`(?m)^ +(\d+)  (.*)$`).FindAllStringSubmatch(exitCodesText, -1)
	if len(codes) != 11 {
		t.Fatalf("%d exit codes, want 11", len(codes))
	}
	for _, code := range codes {
		if row := fmt.Sprintf("| %s | %s |", code[1], code[2]); !strings.Contains(doc, row) {
			t.Errorf("docs/cli.md lacks the row %s", row)
		}
	}
	for _, group := range (&app{}).command().Commands() {
		if group.RunE == nil {
			continue // a topic
		}
		rows := regexp.MustCompile("(?m)^\\| `mlstore "+group.Name()+".*$").FindAllString(doc, -1)
		if len(rows) == 0 {
			t.Errorf("docs/cli.md lacks mlstore %s", group.Name())
		}
		for _, sub := range group.Commands() {
			for _, name := range append(sub.Aliases, sub.Name()) {
				if !regexp.MustCompile(`\b` + name + "`").MatchString(strings.Join(rows, "\n")) {
					t.Errorf("docs/cli.md lacks mlstore %s %s", group.Name(), name)
				}
			}
		}
	}
}
