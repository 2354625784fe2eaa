package core_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
)

func TestCheckBatchAtItsLimits(t *testing.T) {
	t.Parallel()
	limits := core.DefaultLimits()
	metrics := make([]core.Metric, limits.BatchMetrics)
	for i := range metrics {
		metrics[i] = core.Metric{Key: "m", Step: int64(i)}
	}
	params := make([]core.Param, limits.BatchParams)
	tags := make([]core.Tag, limits.BatchTags)
	for i := range params {
		params[i] = core.Param{Key: fmt.Sprint("p", i), Value: strings.Repeat("é", limits.ParamValue)}
		tags[i] = core.Tag{Key: fmt.Sprint("t", i), Value: strings.Repeat("é", limits.RunTag)}
	}
	long := strings.Repeat("k", limits.Key)
	tests := []struct {
		name  string
		batch core.Batch
		key   string // of the error; empty is none
	}{
		{"empty", core.Batch{}, ""},
		{"metrics at the limit", core.Batch{Metrics: metrics}, ""},
		{"metrics above", core.Batch{Metrics: append(metrics[:len(metrics):len(metrics)], metrics[0])}, "metrics"},
		{"params and tags at the limit", core.Batch{Metrics: metrics[:800], Params: params, Tags: tags}, ""},
		{"all above", core.Batch{Metrics: metrics[:801], Params: params, Tags: tags}, "metrics, params, and tags"},
		{"params above", core.Batch{Params: append(params[:100:100], core.Param{Key: "x"})}, "params"},
		{"tags above", core.Batch{Tags: append(tags[:100:100], core.Tag{Key: "x"})}, "tags"},
		{"param value above", core.Batch{Params: []core.Param{{Key: "p", Value: params[0].Value + "x"}}}, "params[0].value"},
		{"tag value above", core.Batch{Tags: []core.Tag{{Key: "t", Value: tags[0].Value + "x"}}}, "tags[0].value"},
		{"key at the limit", core.Batch{Metrics: []core.Metric{{Key: long}}}, ""},
		{"key above", core.Batch{Metrics: []core.Metric{{Key: "ok"}, {Key: long + "k"}}}, "metrics[1].name"},
		{"key climbs", core.Batch{Tags: []core.Tag{{Key: "../x"}}}, "tags[0].key"},
		{"key not UTF-8", core.Batch{Params: []core.Param{{Key: "\xff"}}}, "params[0].key"},
		{"value not UTF-8", core.Batch{Params: []core.Param{{Key: "a", Value: "\xff"}}}, "params[0].value"},
		{"timestamp negative", core.Batch{Metrics: []core.Metric{{Key: "m", Timestamp: -1}}}, "metrics[0].timestamp"},
		{"dataset without digest", core.Batch{Metrics: []core.Metric{{Key: "m", DatasetName: "d"}}}, "metrics[0].dataset_name"},
		{"param twice", core.Batch{Params: []core.Param{{Key: "a", Value: "1"}, {Key: "a", Value: "1"}}}, "a"},
		{"tag twice", core.Batch{Tags: []core.Tag{{Key: "a", Value: "1"}, {Key: "a", Value: "2"}}}, ""},
	}
	for _, test := range tests {
		err := core.CheckBatch(test.batch, limits)
		if test.key == "" {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		e, ok := errors.AsType[*core.Error](err)
		if !ok || !errors.Is(err, core.ErrInvalid) || e.Key != test.key {
			t.Errorf("%s: got %v, want ErrInvalid about %s", test.name, err, test.key)
		}
	}
}

func TestCheckExperimentChange(t *testing.T) {
	t.Parallel()
	limits := core.DefaultLimits()
	for name, c := range map[string]core.ExperimentChange{
		"nothing": {}, "both": {Name: new("a"), Lifecycle: core.Deleted}, "blank name": {Name: new(" ")},
		"unknown stage": {Lifecycle: "gone"}, "long name": {Name: new(strings.Repeat("x", 501))},
	} {
		if err := core.CheckExperimentChange(c, limits); !errors.Is(err, core.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	for name, c := range map[string]core.ExperimentChange{
		"rename": {Name: new(strings.Repeat("é", 500))}, "delete": {Lifecycle: core.Deleted}, "restore": {Lifecycle: core.Active},
	} {
		if err := core.CheckExperimentChange(c, limits); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckRunSpecAndName(t *testing.T) {
	t.Parallel()
	limits := core.DefaultLimits()
	clash := core.RunSpec{Name: "a", Tags: map[string]string{core.RunNameTag: "b"}}
	if err := core.CheckRunSpec(clash, limits); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("a name and another tag: %v", err)
	}
	for want, spec := range map[string]core.RunSpec{
		"a": {Name: "a", Tags: map[string]string{core.RunNameTag: "a"}}, "t": {Tags: map[string]string{core.RunNameTag: "t"}},
	} {
		if err := core.CheckRunSpec(spec, limits); err != nil || spec.RunName() != want {
			t.Errorf("%+v: name %q, %v", spec, spec.RunName(), err)
		}
	}
	for range 1000 {
		if name := (core.RunSpec{}).RunName(); len(name) > 20 || strings.Count(name, "-") != 2 {
			t.Fatalf("a made-up name: %q", name)
		}
	}
}

func TestTagSetAndDeleted(t *testing.T) {
	t.Parallel()
	c := core.TagChange{Set: map[string]string{"a": "1"}, Delete: []string{"a"}}
	if err := core.CheckRunTagChange(c, core.DefaultLimits()); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("a tag both set and deleted: %v", err)
	}
}

func TestStages(t *testing.T) {
	t.Parallel()
	if c, err := core.CheckStageChange(core.StageChange{Stage: "proDUCTION", ArchiveExisting: true}); err != nil ||
		c.Stage != core.StageProduction {
		t.Errorf("%+v, %v", c, err)
	}
	for _, c := range []core.StageChange{
		{Stage: "gone"}, {}, {Stage: core.StageNone, ArchiveExisting: true}, {Stage: core.StageArchived, ArchiveExisting: true},
	} {
		if _, err := core.CheckStageChange(c); !errors.Is(err, core.ErrInvalid) {
			t.Errorf("%+v: %v, want ErrInvalid", c, err)
		}
	}
}

func TestSecretShowsStars(t *testing.T) {
	t.Parallel()
	s := core.NewSecret("hunter2")
	for _, verb := range []string{"%v", "%s", "%q", "%x", "%#v", "%+v", "%d"} {
		if shown := fmt.Sprintf(verb, s); shown != "***" {
			t.Errorf("%s shows %s", verb, shown)
		}
		if shown := fmt.Sprintf(verb, struct{ S core.Secret }{s}); strings.Contains(shown, "hunter2") {
			t.Errorf("%s of a struct shows %s", verb, shown)
		}
	}
	if s.Reveal() != "hunter2" || s.IsZero() || !(core.Secret{}).IsZero() {
		t.Error("the secret itself is lost")
	}
}
