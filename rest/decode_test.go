package rest_test

import (
	"errors"
	"math"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

type point struct {
	Key   string     `json:"key" rest:"required"`
	Value rest.Float `json:"value" rest:"required"`
	Step  rest.Int   `json:"step"`
}

type request struct {
	RunID  string   `json:"run_id" rest:"required"`
	Points []point  `json:"points"`
	Names  []string `json:"names"`
	Deep   bool     `json:"deep"`
	Max    *rest.Int
	Limit  *rest.Int `json:"max_results"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	ten := rest.Int(10)
	for name, c := range map[string]struct {
		body string
		want request
		err  string
	}{
		"plain":         {body: `{"run_id":"a","max_results":10}`, want: request{RunID: "a", Limit: &ten}},
		"camel case":    {body: `{"runId":"a","maxResults":"10"}`, want: request{RunID: "a", Limit: &ten}},
		"both":          {body: `{"runId":"a","run_id":"a"}`, err: "names a field twice"},
		"string":        {body: `"{\"run_id\":\"a\"}"`, want: request{RunID: "a"}},
		"unknown, null": {body: `{"run_id":"a","x":{"y":[1]},"points":null,"deep":null}`, want: request{RunID: "a"}},
		"list":          {body: `{"run_id":"a","names":["b","c"]}`, want: request{RunID: "a", Names: []string{"b", "c"}}},
		"numbers": {
			body: `{"run_id":"a","points":[{"key":"k","value":"-Infinity","step":1e3},{"key":"k","value":"1.5","step":"7"}]}`,
			want: request{RunID: "a", Points: []point{
				{Key: "k", Value: rest.Float(math.Inf(-1)), Step: 1000}, {Key: "k", Value: 1.5, Step: 7},
			}},
		},
		"numbers of Python": {body: `{"run_id":"a \" b","points":[{"key":"k","value": -Infinity }]}`, err: `write them in quotes, as "NaN"`},
		"a word in a text":  {body: `{"run_id":"\" NaN","names":[}`, err: "Missing value for required parameter 'run_id'."},
		"byte order mark":   {body: "\ufeff" + `{"run_id":"a"}`, want: request{RunID: "a"}},
		"unending":          {body: `{"run_id":"a","y":"NaN\`, err: "Missing value for required parameter 'run_id'."},
		"nothing":           {err: "Missing value for required parameter 'run_id'. See the API docs"},
		"no object":         {body: `[1]`, err: "Missing value for required parameter 'run_id'."},
		"broken":            {body: `{"run_id":`, err: "Missing value for required parameter 'run_id'."},
		"empty":             {body: `{"run_id":""}`, err: "Missing value for required parameter 'run_id'."},
		"missing in list":   {body: `{"run_id":"a","points":[{"key":"k"}]}`, err: "Missing value for required parameter 'points[0].value'."},
		"wrong type":        {body: `{"run_id":5}`, err: "Invalid value 5 for parameter 'run_id' supplied:  Hint: Value was of type 'int'. See"},
		"fraction":          {body: `{"run_id":"a","max_results":5.5}`, err: "Hint: Value was of type 'float'."},
		"bare NaN text":     {body: `{"run_id":"a","points":[{"key":"k","value":"nan"}]}`, err: "Invalid value \"nan\""},
		"too deep":          {body: `{"run_id":` + strings.Repeat("[", 70), err: "64 levels"},
		"long value":        {body: `{"run_id":[` + strings.Repeat("1,", 5000) + `1]}`, err: "…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got request
			err := rest.Decode([]byte(c.body), &got)
			if c.err != "" {
				if !errors.Is(err, core.ErrInvalid) || !strings.Contains(err.Error(), c.err) || len(err.Error()) > 500 {
					t.Errorf("error %v, want %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDecodeQuery(t *testing.T) {
	t.Parallel()
	var got request
	err := rest.DecodeQuery(url.Values{
		"run_id": {"a"}, "names": {"b"}, "names[]": {"c"}, "deep": {"True"}, "max_results": {"10"}, "other": {"x"},
	}, &got)
	ten := rest.Int(10)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(request{RunID: "a", Names: []string{"b", "c"}, Deep: true, Limit: &ten}, got); d != "" {
		t.Error(d)
	}
	if err := rest.DecodeQuery(url.Values{"run_id": {"a"}, "deep": {"1"}}, &got); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("a boolean that is none: %v", err)
	}
}

func TestAnotherNameOfARequiredField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"its own":   {`{"run_id":"a","run_uuid":"b"}`, "a"},
		"the other": {`{"run_uuid":"b"}`, "b"},
		"blank":     {`{"run_id":"","run_uuid":"b"}`, "b"},
		"camel":     {`{"runUuid":"b"}`, "b"},
	} {
		var got rest.RunRef
		if err := rest.Decode([]byte(c.body), &got); err != nil || got.RunID != c.want {
			t.Errorf("%s: %q, %v", name, got.RunID, err)
		}
	}
	var got rest.RunRef
	if err := rest.DecodeQuery(url.Values{"run_uuid": {"b"}}, &got); err != nil || got.RunID != "b" {
		t.Errorf("query: %q, %v", got.RunID, err)
	}
	if err := rest.Decode([]byte(`{}`), &got); err == nil || !strings.Contains(err.Error(), "'run_id'") {
		t.Errorf("none of them: %v", err)
	}
}
