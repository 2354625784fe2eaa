package attacks_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The rows of the catalogue on JSON, fields and tokens, and on filters.
func TestJSON(t *testing.T) {
	t.Parallel()
	for backend := range backends() {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			g := newTarget(t, backend, nil)
			experiment, run := g.runIn("json")
			metric := func(value, timestamp, step string) string {
				return fmt.Sprintf(`{"run_id":%q,"key":"m","value":%s,"timestamp":%s,"step":%s}`, run, value, timestamp, step)
			}
			search := func(fields string) string { return fmt.Sprintf(`{"experiment_ids":[%q],%s}`, experiment, fields) }
			filter := func(text string) string { return search(fmt.Sprintf(`"filter":%q`, text)) }
			const logMetric, logBatch, searchRuns, setTag = "runs/log-metric", "runs/log-batch", "runs/search", "runs/set-tag"
			key := func(key string) string { return fmt.Sprintf(`{"run_id":%q,"key":"%s","value":"x"}`, run, key) }
			tests := []struct {
				id, call, body string
				status         int
			}{
				{"J02", logMetric, strings.Repeat("[", 20000), 400},
				{"J02 in a field", logMetric, `{"run_id":` + strings.Repeat(`{"a":`, 20000), 400},
				{"J04 overflow", logMetric, metric("1", "1", "9223372036854775808"), 400},
				{"J04 text", logMetric, metric("1", "1", `"123"`), 200},
				{"J04 large", logMetric, metric("1e400", "1", "1"), 400},
				{"J04 NaN", logMetric, metric(`"NaN"`, "1", "1"), 200},
				{"J04 bare NaN", logMetric, metric("NaN", "1", "1"), 400},
				{"J04 fraction", logMetric, metric("1", "1.5", "1"), 400},
				{"J06 negative", logMetric, metric("1", "-1", "1"), 400},
				{"J06 zero", logMetric, metric("1", "0", "0"), 200},
				{"J06 least step", logMetric, metric("1", "1", "-9223372036854775808"), 200},
				{"J06 most", logMetric, metric("1", "9223372036854775807", "1"), 200},
				{"J08 unknown", logMetric, strings.Replace(metric("1", "1", "1"), "{", `{"what":[1],`, 1), 200},
				{"J08 list for a scalar", logMetric, metric("[1]", "1", "1"), 400},
				{"J08 object for a key", setTag, fmt.Sprintf(`{"run_id":%q,"key":{"a":1},"value":"x"}`, run), 400},
				{"J08 scalar for a list", logBatch, fmt.Sprintf(`{"run_id":%q,"metrics":7}`, run), 400},
				{"J10", logBatch, fmt.Sprintf(`{"run_id":%q,"params":[{"key":"p","value":"1"},{"key":"p","value":"2"}]}`, run), 400},
				{"J12", setTag, key("../x"), 400},
				{"J12 absolute", setTag, key("/x"), 400},
				{"J12 double", setTag, key("a//b"), 400},
				{"J12 dot", setTag, key("."), 400},
				{"J12 inside", setTag, key("a/../b"), 400},
				{"J12 backslash", setTag, key(`a\\b`), 400},
				{"J12 NUL", setTag, key(`a\u0000b`), 400},
				{"J18 none", searchRuns, search(`"max_results":0`), 400},
				{"J18 negative", searchRuns, search(`"max_results":-1`), 400},
				{"J18 many", searchRuns, search(`"max_results":50001`), 400},
				{"J18 most", searchRuns, search(`"max_results":50000`), 200},
				{"J18 2^31", searchRuns, search(`"max_results":2147483648`), 400},
				{"J18 words", searchRuns, search(`"max_results":"all"`), 400},
				{"token", searchRuns, search(`"page_token":"../../x"`), 400},
				{"token of nothing", searchRuns, search(`"page_token":"AAAA"`), 400},
				{"J26", logMetric, metric("1E+1000000", "1", "1"), 400},
				{"J26 digits", logMetric, metric("1", strings.Repeat("9", 1<<20), "1"), 400},
				{"Q02", searchRuns, filter("tags.a = 'x'; DROP TABLE runs; --"), 400},
				{"Q06", searchRuns, filter("1=1 UNION SELECT * FROM runs"), 400},
				{"Q06 select", searchRuns, filter("tags.a = (SELECT 1)"), 400},
				{"Q08", searchRuns, filter("metrics.a > 0x10"), 400},
				{"Q12", searchRuns, filter("attributes.run_id IN ()"), 400},
				{"Q14", searchRuns, filter(strings.Repeat("(", 1000000)), 400},
				{"Q16", searchRuns, filter("tags.a = 'x' /* c */"), 400},
				{"Q18", searchRuns, search(`"order_by":["metrics.` + "`" + strings.Repeat("a", 10<<10) + `"]`), 400},
				{"Q20", searchRuns, filter("attributes.start_time > 9223372036854775808"), 400},
			}
			for _, test := range tests {
				start := time.Now()
				a := g.send("POST", "/api/2.0/mlflow/"+test.call, test.body, jsonBody)
				if a.status != test.status || a.status == http.StatusBadRequest && a.code() == "" {
					t.Errorf("%s: %d %.300s, want %d", test.id, a.status, a.body, test.status)
				}
				if len(a.body) > 4000 && a.status >= 400 {
					t.Errorf("%s: an error of %d bytes", test.id, len(a.body))
				}
				if took := time.Since(start); took > 2*time.Second {
					t.Errorf("%s took %v", test.id, took)
				}
			}
			if a := g.send("GET", "/api/2.0/mlflow/runs/get?run_id="+run, ""); a.status != http.StatusOK || strings.Contains(a.body, `"key":"p"`) {
				t.Errorf("the run: %d %s", a.status, a.body)
			}
		})
	}
}
