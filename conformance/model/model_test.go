package model_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/model"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func trackingHarness(wrap func(core.TrackingStore) core.TrackingStore) conformance.Harness[core.TrackingStore] {
	return conformance.Harness[core.TrackingStore]{
		Open: func(conformance.T) core.TrackingStore { return wrap(mem.NewTracking()) },
		Reopen: func(_ conformance.T, old core.TrackingStore) core.TrackingStore {
			if m, ok := old.(*mem.Tracking); ok {
				return m.Reopen()
			}
			return old
		},
	}
}

func same[S any](s S) S { return s }

func suite[S core.Store](cases []conformance.Case[S]) conformance.Suite[S] {
	return conformance.Suite[S]{Kind: "model", Cases: cases}
}

func extended() conformance.Options { return conformance.Options{Level: conformance.Extended, Seed: 1} }

func TestReferenceIsItself(t *testing.T) {
	t.Parallel()
	t.Run("tracking", func(t *testing.T) {
		t.Parallel()
		conformance.RunTests(t, suite(model.TrackingCases()), trackingHarness(same), extended())
	})
	t.Run("artifact", func(t *testing.T) {
		t.Parallel()
		conformance.RunTests(t, suite(model.ArtifactCases()), conformance.Harness[core.ArtifactRepository]{
			Open: func(conformance.T) core.ArtifactRepository { return mem.NewArtifacts() },
			Reopen: func(_ conformance.T, old core.ArtifactRepository) core.ArtifactRepository {
				return old.(*mem.Artifacts).Reopen()
			},
		}, extended())
	})
	t.Run("registry", func(t *testing.T) {
		t.Parallel()
		conformance.RunTests(t, suite(model.RegistryCases()), conformance.Harness[core.RegistryStore]{
			Open: func(conformance.T) core.RegistryStore { return mem.NewRegistry() },
		}, extended())
	})
}

// forgetful drops the tag k3 of a batch that also has a param.
type forgetful struct{ core.TrackingStore }

func (f forgetful) LogBatch(ctx context.Context, id core.RunID, b core.Batch) error {
	if len(b.Params) > 0 {
		var kept []core.Tag
		for _, tag := range b.Tags {
			if tag.Key != "k3" {
				kept = append(kept, tag)
			}
		}
		b.Tags = kept
	}
	return f.TrackingStore.LogBatch(ctx, id, b)
}

// A difference is found, made short and reported with its seed.
func TestDifferenceIsFoundAndShrunk(t *testing.T) {
	t.Parallel()
	h := trackingHarness(func(s core.TrackingStore) core.TrackingStore { return forgetful{s} })
	o := extended()
	o.Only = []string{"TS-198"}
	r := conformance.Run(t.Context(), suite(model.TrackingCases()), h, o)
	if len(r.Results) != 1 || r.Results[0].Verdict != conformance.Fail {
		t.Fatalf("got %+v, want one failure", r.Results)
	}
	text := fmt.Sprint(r.Results[0].Message, r.Results[0].Log)
	for _, want := range []string{"run 0", "k3", "rapid.seed"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if n := strings.Count(text, "draw action"); n > 8 {
		t.Errorf("the sequence was not made short: it has %d operations:\n%s", n, text)
	}
	t.Log(r.Results[0].Message)
	again := conformance.Run(t.Context(), suite(model.TrackingCases()), h, o)
	if a, b := firstLines(r), firstLines(again); a != b {
		t.Errorf("one seed gives two differences:\n%s\n%s", a, b)
	}
}

// The command line has no testing.T and arguments of its own, which rapid must not read.
func TestInAProgramThatIsNoTest(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "run", "./testdata/plain", "--level", "extended").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "1 pass") {
		t.Errorf("got error %v and\n%s", err, out)
	}
}

func firstLines(r conformance.Report) string {
	text, _, _ := strings.Cut(r.Results[0].Message, "To reproduce")
	return text
}
