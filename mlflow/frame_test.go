package mlflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

func someRuns() []core.Run {
	return []core.Run{
		{
			RunInfo: core.RunInfo{
				ID: "a", ExperimentID: "1", Status: core.Finished, ArtifactURI: "s3://b/a", StartTime: 1700000000123, EndTime: 1700000001000,
			},
			RunData: core.RunData{
				Metrics: map[string]core.Metric{"z": {Value: 0.5}, "loss": {Value: math.NaN()}},
				Params:  map[string]string{"p": "x,\"y\"\nz"},
				Tags:    map[string]string{"b": "2", "a": ""},
			},
		},
		{
			RunInfo: core.RunInfo{ID: "b", ExperimentID: "1", Status: core.Running, ArtifactURI: "s3://b/b", StartTime: 1700000000000},
			RunData: core.RunData{Metrics: map[string]core.Metric{"z": {Value: math.Inf(-1)}}, Tags: map[string]string{"c": "é"}},
		},
	}
}

func TestFrame(t *testing.T) {
	t.Parallel()
	f := NewFrame(someRuns())
	var names []string
	for _, c := range f.Columns {
		names = append(names, c.Name)
	}
	want := []string{
		"run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time",
		"metrics.loss", "metrics.z", "params.p", "tags.a", "tags.b", "tags.c",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	loss, found := f.Column("metrics.loss")
	if !found || !loss.Present[0] || loss.Present[1] || !math.IsNaN(loss.Numbers[0]) || !math.IsNaN(loss.Numbers[1]) {
		t.Errorf("NaN and absent: %+v", loss)
	}
	if end, _ := f.Column("end_time"); !end.Present[0] || end.Present[1] || end.Times[0].UnixMilli() != 1700000001000 {
		t.Errorf("end times: %+v", end)
	}
	if empty, _ := f.Column("tags.a"); !empty.Present[0] || empty.Present[1] {
		t.Errorf("empty and absent: %+v", empty)
	}
	if _, found := f.Column("metrics.none"); found || f.Len() != 2 {
		t.Error("a column that is not there was found, or the length is wrong")
	}
}

func TestFrameWrites(t *testing.T) {
	t.Parallel()
	const wantCSV = "run_id,experiment_id,status,artifact_uri,start_time,end_time,metrics.loss,metrics.z,params.p,tags.a,tags.b,tags.c\n" +
		"a,1,FINISHED,s3://b/a,2023-11-14T22:13:20.123Z,2023-11-14T22:13:21.000Z,NaN,0.5,\"x,\"\"y\"\"\nz\",,2,\n" +
		"b,1,RUNNING,s3://b/b,2023-11-14T22:13:20.000Z,,,-inf,,,,é\n"
	const wantJSONL = `{"run_id":"a","experiment_id":"1","status":"FINISHED","artifact_uri":"s3://b/a",` +
		`"start_time":"2023-11-14T22:13:20.123Z","end_time":"2023-11-14T22:13:21.000Z","metrics.loss":"NaN","metrics.z":0.5,` +
		`"params.p":"x,\"y\"\nz","tags.a":"","tags.b":"2","tags.c":null}` + "\n" +
		`{"run_id":"b","experiment_id":"1","status":"RUNNING","artifact_uri":"s3://b/b",` +
		`"start_time":"2023-11-14T22:13:20.000Z","end_time":null,"metrics.loss":null,"metrics.z":"-Infinity",` +
		`"params.p":null,"tags.a":null,"tags.b":null,"tags.c":"é"}` + "\n"
	f := NewFrame(someRuns())
	var b bytes.Buffer
	must(t, f.WriteCSV(&b))
	if diff := cmp.Diff(wantCSV, b.String()); diff != "" {
		t.Errorf("CSV (-want +got):\n%s", diff)
	}
	b.Reset()
	must(t, f.WriteJSONL(&b))
	if diff := cmp.Diff(wantJSONL, b.String()); diff != "" {
		t.Errorf("JSON lines (-want +got):\n%s", diff)
	}
	for line := range bytes.Lines(b.Bytes()) {
		if !json.Valid(line) {
			t.Errorf("no JSON: %s", line)
		}
	}
	b.Reset()
	empty := NewFrame(nil)
	must(t, empty.WriteCSV(&b))
	must(t, empty.WriteJSONL(&b))
	if b.String() != "run_id,experiment_id,status,artifact_uri,start_time,end_time\n" {
		t.Errorf("no runs: %q", b.String())
	}
}

type broken struct{}

var errFull = errors.New("disk full")

func (broken) Write([]byte) (int, error) { return 0, errFull }

func TestFrameTellsWhenItCannotBeWritten(t *testing.T) {
	t.Parallel()
	f := NewFrame(someRuns())
	for _, err := range []error{f.WriteCSV(broken{}), f.WriteJSONL(broken{})} {
		if !errors.Is(err, errFull) {
			t.Error(err)
		}
	}
}
