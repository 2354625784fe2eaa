package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/cmd/mlstore/copying"
)

// copied runs mlstore copy, which must succeed, and returns its report.
func (s *shell) copied(args ...string) copying.Report {
	s.t.Helper()
	var r copying.Report
	s.must(json.Unmarshal([]byte(s.ok(append([]string{"copy", "--json"}, args...)...)), &r))
	return r
}

func TestCopyOfAFolder(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.seed()
	s.must(os.WriteFile(filepath.Join(s.dir, "note.txt"), []byte("hello"), 0o600))
	s.ok("artifacts", "upload", "--run-id", runA, filepath.Join(s.dir, "note.txt"))
	s.ok("models", "register", "--name", "net", "--model-uri", "file:///models/net")
	want := copying.Counts{Experiments: 2, Runs: 2, Points: 2, Models: 1, Versions: 1, Files: 1, Bytes: 5}
	if r := s.copied("mlruns", "other", "--dry-run"); r.Written != want || r.Verified {
		t.Errorf("dry run: %+v", r)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "other")); err == nil {
		t.Error("the dry run made the target")
	}
	if r := s.copied("mlruns", "other"); r.Written != want || !r.Verified {
		t.Errorf("copy: %+v", r)
	}
	if r := s.copied("mlruns", "other"); r.Written != (copying.Counts{}) || !r.Verified {
		t.Errorf("second copy: %+v", r)
	}
	got := s.ok("artifacts", "list", "--run-id", runA, "--tracking-uri", "other")
	if !strings.Contains(got, "note.txt") {
		t.Errorf("artifacts of the copy: %q", got)
	}
	if got := s.ok("copy", "mlruns", "other"); !strings.Contains(got, "verified") || !strings.Contains(got, "artifacts") {
		t.Errorf("as a table: %q", got)
	}
	if r := s.run("copy", "mlruns", "./mlruns"); r.code != exitUsage {
		t.Errorf("onto itself: %+v", r)
	}
	if r := s.run("copy", "nowhere", "other"); r.code != exitNotFound {
		t.Errorf("from nowhere: %+v", r)
	}
}

// TestCopyTellsWhatItLeavesOut copies a folder with a run that is malformed, one that is a link, and traces.
func TestCopyTellsWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.seed()
	runs, err := filepath.Glob(filepath.Join(s.dir, "mlruns", "*", runA))
	s.must(err)
	experiment := filepath.Dir(runs[0])
	s.must(os.WriteFile(filepath.Join(runs[0], "meta.yaml"), []byte("torn"), 0o600))
	s.must(os.Symlink("elsewhere", filepath.Join(experiment, "linked")))
	s.must(os.MkdirAll(filepath.Join(experiment, "traces", "tr-1"), 0o700))
	r := s.run("copy", "mlruns", "other")
	if r.code == 0 || strings.Contains(r.stdout, "verified") {
		t.Errorf("a copy that leaves something out: %+v", r)
	}
	base := filepath.Base(experiment)
	for _, want := range []string{base + "/" + runA + "/meta.yaml", base + "/linked", "traces of experiment " + base, "--lossy"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("it does not name %s: %s", want, r.stderr)
		}
	}
	report := s.copied("mlruns", "other", "--lossy")
	if len(report.Losses) != 3 || report.Written.Runs != 1 || !report.Verified {
		t.Errorf("with --lossy: %+v", report)
	}
	if got := s.ok("copy", "mlruns", "other", "--lossy"); !strings.Contains(got, "but for what cannot be copied") {
		t.Errorf("as a table: %s", got)
	}
}

func TestCopyToADatabaseAndBack(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.seed()
	s.ok("models", "register", "--name", "net", "--model-uri", "file:///models/net")
	want := copying.Counts{Experiments: 2, Runs: 2, Points: 2, Models: 1, Versions: 1}
	if r := s.copied("mlruns", "sqlite:///there.db", "--dry-run"); r.Written != want {
		t.Errorf("dry run: %+v", r)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "there.db")); err == nil {
		t.Error("the dry run made the database")
	}
	if r := s.copied("mlruns", "sqlite:///there.db"); r.Written != want || !r.Verified {
		t.Errorf("there: %+v", r)
	}
	if r := s.copied("sqlite:///there.db", "back"); r.Written != want || !r.Verified {
		t.Errorf("back: %+v", r)
	}
	if r := s.copied("mlruns", "back", "--no-artifacts"); r.Written != (copying.Counts{}) || !r.Verified {
		t.Errorf("there and back again differs: %+v", r)
	}
	if got := s.ok("gc", "--json", "--tracking-uri", "sqlite:///there.db"); got != "[]\n" {
		t.Errorf("nothing was deleted, yet gc found %s", got)
	}
}
