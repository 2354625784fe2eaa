package rest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// slowBatch has the fields of rest.LogBatch, and nothing that makes it read itself.
type slowBatch rest.LogBatch

type slowMetric rest.LogMetric

// bodies are requests for which reading fast must not differ from reading the long way.
func bodies() []string {
	item := `{"key":"k","value":1.5,"timestamp":7,"step":-3}`
	list := []string{
		`{"run_id":"r","metrics":[` + item + `],"params":[{"key":"p","value":"v"}],"tags":[{"key":"t"}]}`,
		" {\n\"run_id\" : \"r\" , \"metrics\" : [ " + item + " , " + item + " ] } ",
		`{"run_id":"r"}`, `{"run_id":"r","metrics":[],"params":[],"tags":[]}`, `{}`, ``, `null`, `[]`, `{`, `{"run_id"}`, `{"run_id":"r"}x`,
		`{"run_id":""}`, `{"run_id":null}`, `{"run_id":5}`, `{"runId":"r"}`, `{"run_id":"r","runId":"r"}`, `{"run_id":"r","run_id":"s"}`,
		`"{\"run_id\":\"r\"}"`, `{"run_id":"r","more":1}`, `{"run_id":"r","metrics":null}`, `{"run_id":"r","metrics":{}}`,
		`{"run_id":"r","metrics":[` + item + `,]}`, `{"run_id":"r","metrics":[,` + item + `]}`, `{"run_id":"r",}`,
		`{"run_id":"r","params":[{"key":"é\u00e9\n🙂","value":"\ud83d\ude42 \ud83d"}]}`, "{\"run_id\":\"r\xff\"}", "{\"run_id\":\"r\n\"}",
		`{"run_id":"r","params":[{"key":"","value":"v"}]}`, `{"run_id":"r","params":[{"value":"v"}]}`, `{"run_id":"r","params":[5]}`,
		`{"run_uuid":"s","run_id":"r","key":"k","value":1,"timestamp":1}`, `{"run_uuid":"r","key":"k","value":1,"timestamp":1}`,
		`{"run_id":"r","key":"k","value":1,"timestamp":1,"step":2,"model_id":"m","dataset_name":"d","dataset_digest":"e"}`,
		`{"run_id":"r","key":"k","timestamp":1}`, `{"run_id":"r","key":"k","value":1,"timestamp":1,"run_uuid":""}`,
		`{"run_id":"r","metrics":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`, `{"run_id":"r\`, `{"run_id":"r","key":"k\"}`,
	}
	for _, v := range []string{
		`0`, `-0`, `-0.0`, `01`, `-`, `+1`, `.5`, `1.`, `1e3`, `1E+3`, `1e`, `1e400`, `0x10`, `1_000`, `NaN`, `Infinity`, `"NaN"`, `"nan"`, `"Infinity"`,
		`"-Infinity"`, `"inf"`, `"-inf"`, `"1.5"`, `"5"`, `" 5"`, `""`, `true`, `null`, `[1]`, `9223372036854775807`, `9223372036854775808`, `5.5`, `5.0`, `"\u0035"`,
	} {
		for _, field := range []string{"value", "timestamp", "step"} {
			fields := strings.Replace(`"key":"k","value":2,"timestamp":3,"step":4`, `"`+field+`":`+map[string]string{"value": "2", "timestamp": "3", "step": "4"}[field], `"`+field+`":`+v, 1)
			list = append(list, `{"run_id":"r","metrics":[{`+fields+`}]}`, `{"run_id":"r",`+fields+`}`)
		}
	}
	return list
}

func sameBothWays(t *testing.T, body string) {
	t.Helper()
	var fast rest.LogBatch
	var slow slowBatch
	compare(t, body, [2]error{rest.Decode([]byte(body), &fast), rest.Decode([]byte(body), &slow)}, fast, rest.LogBatch(slow))
	var one rest.LogMetric
	var slowOne slowMetric
	compare(t, body, [2]error{rest.Decode([]byte(body), &one), rest.Decode([]byte(body), &slowOne)}, one, rest.LogMetric(slowOne))
}

func compare(t *testing.T, body string, errs [2]error, fast, slow any) {
	t.Helper()
	if (errs[0] == nil) != (errs[1] == nil) || errs[0] != nil && errs[0].Error() != errs[1].Error() {
		t.Errorf("%s: %v, the long way %v", body, errs[0], errs[1])
		return
	}
	same := cmp.Comparer(func(a, b rest.Float) bool { return core.CompareValues(float64(a), float64(b)) == 0 })
	if d := cmp.Diff(slow, fast, same); d != "" && errs[0] == nil {
		t.Errorf("%s: -long way +fast\n%s", body, d)
	}
}

func TestReadingFastDiffersFromTheLongWayInNothing(t *testing.T) {
	t.Parallel()
	for _, body := range bodies() {
		sameBothWays(t, body)
	}
	sameBothWays(t, string(batchBody(t)))
}

func FuzzDecodeBatch(f *testing.F) {
	for _, body := range bodies() {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		sameBothWays(t, body)
	})
}
