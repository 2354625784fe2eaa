package names_test

import (
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core/names"
)

func TestRunsURI(t *testing.T) {
	t.Parallel()
	tests := []struct{ uri, runID, path string }{
		{"runs:/R", "R", ""},
		{"runs:/R/", "R", ""},
		{"runs:/R/model", "R", "model"},
		{"runs:/R/a/b c", "R", "a/b c"},
		{"runs:/R/a/", "R", "a"},
		{"runs:/R/a%20b", "R", "a%20b"}, // nothing is decoded
		{"runs:/R/a@b:c", "R", "a@b:c"},
		{"runs:///R/a", "R", "a"},
		{"RUNS:/R/a", "R", "a"},
		{"runs:/0123456789abcdef0123456789abcdef/model/MLmodel", "0123456789abcdef0123456789abcdef", "model/MLmodel"},
	}
	for _, tt := range tests {
		t.Run(tt.uri, func(t *testing.T) {
			t.Parallel()
			runID, path, err := names.RunsURI(tt.uri)
			if err != nil || runID != tt.runID || path != tt.path {
				t.Errorf("got %q, %q, %v, want %q, %q", runID, path, err, tt.runID, tt.path)
			}
		})
	}
}

func TestRunsURIRefused(t *testing.T) {
	t.Parallel()
	check := func(uri string) error {
		runID, path, err := names.RunsURI(uri)
		if err != nil && runID+path != "" {
			t.Errorf("%q is refused, but gives %q and %q", uri, runID, path)
		}
		return err
	}
	refuses(t, check, refusal{"", "must not be empty"})
	refuses(t, check, because("must have the form", "runs", "runs:", "runs:/", "runs:R", "runs:R/a", "runs://", "run:/R", "models:/R", "s3://b/a", "/R/a", "C:/R")...)
	refuses(t, check, because("must not name an authority", "runs://profile@databricks/R/a", "runs://R/a", "runs://scope:prefix@databricks/R")...)
	refuses(t, check, because("run id that must start with", "runs:/../x", "runs:/%2e%2e/x", "runs:/./x", "runs:/-R")...)
	refuses(t, check, because("run id that must not be empty", "runs:////R", "runs://///a")...)
	refuses(t, check, because("run id that may only contain", "runs:/R%2f..", "runs:/R x/a", "runs:/R.a")...)
	refuses(t, check, refusal{"runs:/R" + strings.Repeat("x", 10<<10), "run id that must not be longer"})
	refuses(t, check, because("path that", "runs:/R/../../y", "runs:/R/..", "runs:/R//a", "runs:/R/./a", "runs:/R/%2e%2e/y", "runs:/R//", `runs:/R/a\b`, "runs:/R/C:/x", "runs:/R/s3://b", "runs:/R/"+strings.Repeat("x", 10<<10))...)
	refuses(t, check, because(`"?" or "#"`, "runs:/R/a?b", "runs:/R/a#b", "runs:/R?a", "runs:/R/a?", "runs:/R#")...)
	refuses(t, check, because("white space", " runs:/R", "runs:/R/a ", "\u200bruns:/R")...)
	refuses(t, check, because("control", "runs:/R\n", "runs:/R/a\x00b")...)
	refuses(t, check, refusal{"runs:/R/\xff", "UTF-8"})
}

// What is accepted is made of accepted parts and has one spelling, which reads the same again.
func FuzzRunsURI(f *testing.F) {
	for _, seed := range []string{"runs:/R/a", "runs:/R", "runs:///R/a/", "runs://x/R", "runs:/../x", "RUNS:/R", "runs:/R/%2e%2e", "runs:/R?x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		runID, path, err := names.RunsURI(uri)
		if err != nil {
			return
		}
		if names.RunID(runID) != nil || path != "" && names.ArtifactPath(path) != nil {
			t.Errorf("%q gives the parts %q and %q", uri, runID, path)
		}
		if !strings.HasSuffix(strings.TrimSuffix(uri, "/"), strings.TrimSuffix(runID+"/"+path, "/")) {
			t.Errorf("%q does not hold the parts %q and %q as written", uri, runID, path)
		}
		again, pathAgain, err := names.RunsURI("runs:/" + runID + "/" + path)
		if err != nil || again != runID || pathAgain != path {
			t.Errorf("%q reads as %q, %q, then as %q, %q, %v", uri, runID, path, again, pathAgain, err)
		}
	})
}
