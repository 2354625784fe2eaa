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
