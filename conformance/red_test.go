package conformance_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

const redVariable = "MLSTORE_CONFORMANCE_RED"

// TestRed is run by TestRunTestsFails in a process of its own.
func TestRed(t *testing.T) {
	t.Parallel()
	s, h := one(passes), opening(&box{})
	switch os.Getenv(redVariable) {
	case "fail":
		s = one(fails)
	case "panic":
		s = one(func(conformance.T, *env) { panic("ouch") })
	case "zero":
		s = suite{Kind: "box"}
	case "open":
		h = opening(nil)
	case "around":
		s.Cases = append(s.Cases, kase{ID: "XX-002", Name: "box/around", Rule: "r", Around: func(t conformance.T, _ *env) func() {
			return func() { t.Error("decoy gone") }
		}})
	}
	conformance.RunTests(t, s, h, conformance.Options{})
}

func TestRunTestsFails(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":       "1 pass",
		"fail":   "--- FAIL: TestRed/XX-001_box_one",
		"panic":  "XX-001 box/one: error",
		"zero":   "no case ran",
		"open":   "returned nil",
		"around": "decoy gone",
	}
	for mode, want := range tests {
		t.Run("mode "+mode, func(t *testing.T) {
			t.Parallel()
			program, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			c := exec.CommandContext(t.Context(), program, "-test.run=^TestRed$", "-test.v")
			c.Env = append(os.Environ(), redVariable+"="+mode, conformance.SeedVariable+"=7")
			out, err := c.CombinedOutput()
			if (err != nil) != (mode != "") || !strings.Contains(string(out), want) {
				t.Errorf("got error %v, want %q in:\n%s", err, want, out)
			}
			if mode == "fail" && !strings.Contains(string(out), "SEED=7 go test -run '^TestRed$/^XX-001_'") {
				t.Errorf("no command to repeat:\n%s", out)
			}
		})
	}
}

func TestScopeTempDir(t *testing.T) {
	t.Parallel()
	var dir string
	r := run(t, one(func(t conformance.T, _ *env) {
		dir = t.TempDir()
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}), opening(core.Store(&box{})), conformance.Options{})
	wantVerdict(t, r, conformance.Pass, "")
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder %s is still there: %v", dir, err)
	}
}
