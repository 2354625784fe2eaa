package rest_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// wholeRun is a run with everything that a run may have.
func wholeRun() core.Run {
	return core.Run{
		RunInfo: core.RunInfo{
			ID: "0123456789abcdef0123456789abcdef", ExperimentID: "7", Name: "näme \"x\"\n<&>", User: "ann", Status: core.Failed,
			StartTime: 1, EndTime: 2, ArtifactURI: "s3://b/7/r/artifacts", Lifecycle: core.Deleted,
		},
		RunData: core.RunData{
			Metrics: map[string]core.Metric{
				"nan": {Key: "nan", Value: math.NaN(), Timestamp: 5, Step: -3},
				"big": {Key: "big", Value: 1e300, Timestamp: 5, ModelID: "m-1", DatasetName: "d", DatasetDigest: "e"},
				"inf": {Key: "inf", Value: math.Inf(-1), Timestamp: 5},
			},
			Params: map[string]string{"b": "", "a": "\u2028\x00\x7f🙂"},
			Tags:   map[string]string{core.RunNameTag: "näme \"x\"\n<&>", "t": `\`},
		},
		Inputs: core.Inputs{
			Datasets: []core.DatasetInput{{
				Dataset: core.Dataset{Name: "d", Digest: "e", SourceType: "local", Source: "{}", Schema: "s", Profile: "p"},
				Tags:    map[string]string{core.DataContextTag: "train"},
			}},
			Models: []core.ModelID{"m-1"},
		},
		Outputs: []core.ModelOutput{{ModelID: "m-2", Step: 4}},
	}
}

func TestARunSurvivesTheWire(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]core.Run{
		"whole": wholeRun(),
		"bare": {
			RunInfo: core.RunInfo{ID: "r", Status: core.Running, Lifecycle: core.Active},
			RunData: core.RunData{Metrics: map[string]core.Metric{}, Params: map[string]string{}, Tags: map[string]string{}},
		},
	} {
		body, err := json.Marshal(rest.RunAnswer{Run: rest.RunOf(want)})
		if err != nil {
			t.Fatal(err)
		}
		var got rest.RunAnswer
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, body)
		}
		if d := cmp.Diff(want, got.Run.Core(), cmpopts.EquateNaNs()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestTheNameOfAnOldRunIsInItsTag(t *testing.T) {
	t.Parallel()
	run := rest.Run{
		Info: rest.RunInfo{RunUUID: "r", Status: rest.RunStatus(core.Running)},
		Data: rest.RunData{Tags: []rest.Tag{{Key: core.RunNameTag, Value: "n"}}},
	}
	if got := run.Core(); got.ID != "r" || got.Name != "n" {
		t.Errorf("%+v", got.RunInfo)
	}
}

func TestEnums(t *testing.T) {
	t.Parallel()
	type both struct {
		View   rest.ViewType  `json:"view"`
		Status rest.RunStatus `json:"status"`
	}
	for text, want := range map[string]both{
		`{"view":"ALL","status":"KILLED"}`:         {rest.ViewType(core.AllStages), rest.RunStatus(core.Killed)},
		`{"view":1,"status":1}`:                    {rest.ViewType(core.ActiveOnly), rest.RunStatus(core.Running)},
		`{"view":"2","status":"3"}`:                {rest.ViewType(core.DeletedOnly), rest.RunStatus(core.Finished)},
		`{"view":"ACTIVE_ONLY","status":"FAILED"}`: {rest.ViewType(core.ActiveOnly), rest.RunStatus(core.Failed)},
	} {
		var got both
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		`{"view":"all"}`, `{"view":0}`, `{"view":4}`, `{"status":"DONE"}`, `{"status":6}`, `{"status":0}`, `{"status":""}`, `{"view":true}`,
	} {
		var got both
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func TestABatchSurvivesTheWire(t *testing.T) {
	t.Parallel()
	want := core.Batch{
		Metrics: []core.Metric{{Key: "k", Value: math.Inf(1), Timestamp: 1, Step: 2, ModelID: "m", DatasetName: "d", DatasetDigest: "e"}},
		Params:  []core.Param{{Key: "p", Value: "v"}},
		Tags:    []core.Tag{{Key: "t", Value: "w"}},
	}
	body, err := json.Marshal(rest.LogBatchOf("r", want))
	if err != nil {
		t.Fatal(err)
	}
	var got rest.LogBatch
	if err := rest.Decode(body, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got.Batch()); d != "" || got.RunID != "r" {
		t.Errorf("%s %s", got.RunID, d)
	}
}
