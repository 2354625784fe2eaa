package attacks_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Rows J14, J16 and J18: names, aliases and numbers that are refused.
func TestNamesAndNumbers(t *testing.T) {
	t.Parallel()
	for backend := range backends() {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			g := newTarget(t, backend, nil)
			experiment, run := g.runIn("fields")
			g.call("POST", "/api/2.0/mlflow/registered-models/create", map[string]any{"name": "m"})
			g.call("POST", "/api/2.0/mlflow/model-versions/create", map[string]any{"name": "m", "source": "runs:/" + run + "/x", "run_id": run})
			refuse := func(id string, a answer) {
				t.Helper()
				if a.status != http.StatusBadRequest || a.code() != "INVALID_PARAMETER_VALUE" || len(a.body) > 4000 {
					t.Errorf("%s: %d %.300s", id, a.status, a.body)
				}
			}
			for _, name := range []string{
				"", ".", "..", "a/b", "a:b", " ", "\t", "a\x00b", "../x", "/x", "%2e%2e/x", strings.Repeat("n", 257),
			} {
				refuse(fmt.Sprintf("J14 %.20q", name), g.call("POST", "/api/2.0/mlflow/registered-models/create", map[string]any{"name": name}))
				refuse(fmt.Sprintf("J14 rename %.20q", name), g.call("POST", "/api/2.0/mlflow/registered-models/rename", map[string]any{"name": "m", "new_name": name}))
			}
			for _, alias := range []string{"", "latest", "LATEST", "v1", "V9", "a b", "a/b", "a:b", "a@b", "..", "a\x00b", strings.Repeat("a", 256)} {
				refuse(fmt.Sprintf("J16 %.20q", alias), g.call("POST", "/api/2.0/mlflow/registered-models/alias",
					map[string]any{"name": "m", "alias": alias, "version": "1"}))
			}
			for _, at := range []struct {
				path string
				most int
			}{
				{"experiments/search?", 50000},
				{"registered-models/search?", 1000},
				{"model-versions/search?", 200000},
				{"metrics/get-history?run_id=" + run + "&metric_key=m&", 50000},
			} {
				for _, n := range []string{"0", "-1", strconv.Itoa(at.most + 1), "2147483648", "9223372036854775808", "all", "1.5", "0x10", "١"} {
					refuse("J18 "+at.path+n, g.send("GET", "/api/2.0/mlflow/"+at.path+"max_results="+query(n), ""))
				}
				if a := g.send("GET", "/api/2.0/mlflow/"+at.path+"max_results="+itoa(at.most), ""); a.status != http.StatusOK {
					t.Errorf("J18 %s: %d: %d %s", at.path, at.most, a.status, a.body)
				}
			}
			if a := g.call("POST", "/api/2.0/mlflow/experiments/create", map[string]any{"name": strings.Repeat("n", 501)}); a.status != http.StatusBadRequest {
				t.Errorf("51: %d %s", a.status, a.body)
			}
			refuse("51 rename", g.call("POST", "/api/2.0/mlflow/experiments/update",
				map[string]any{"experiment_id": experiment, "new_name": strings.Repeat("n", 501)}))
			if a := g.send("GET", "/api/2.0/mlflow/registered-models/get?name=m", ""); a.status != http.StatusOK || strings.Contains(a.body, `"aliases"`) {
				t.Errorf("the model: %d %s", a.status, a.body)
			}
		})
	}
}

// Row 52: names that look or decode alike are names of their own, wherever they are asked for.
func TestModelsWhoseNamesAreAlike(t *testing.T) {
	t.Parallel()
	names := []string{"m", "M", "%6d", "%256d", "m%20", " m", "m ", "m\u200b", "é", "e\u0301", "m+", "m&x=1", "m'", `m"`, "m\n", "ｍ"}
	for backend := range backends() {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			g := newTarget(t, backend, nil)
			_, run := g.runIn("alike")
			for i, name := range names {
				g.send("POST", "/ajax-api/2.0/mlflow/upload-artifact?run_uuid="+run+"&path="+itoa(i)+"/f", "of "+name)
				for _, call := range []struct {
					path   string
					fields map[string]any
				}{
					{"registered-models/create", map[string]any{"name": name, "description": "is " + name}},
					{"model-versions/create", map[string]any{"name": name, "source": "runs:/" + run + "/" + itoa(i), "run_id": run}},
					{"registered-models/alias", map[string]any{"name": name, "alias": "a", "version": "1"}},
				} {
					if a := g.call("POST", "/api/2.0/mlflow/"+call.path, call.fields); a.status != http.StatusOK {
						t.Errorf("%q: %s: %d %s", name, call.path, a.status, a.body)
					}
				}
			}
			for i, name := range names {
				var got struct {
					Model struct {
						Name        string `json:"name"`
						Description string `json:"description"`
					} `json:"registered_model"`
				}
				a := g.send("GET", "/api/2.0/mlflow/registered-models/get?name="+query(name), "")
				must(t, json.Unmarshal([]byte(a.body), &got))
				if got.Model.Name != name || got.Model.Description != "is "+name {
					t.Errorf("%q is %+v", name, got)
				}
				var version struct {
					Version struct {
						Name   string `json:"name"`
						Source string `json:"source"`
					} `json:"model_version"`
				}
				a = g.send("GET", "/api/2.0/mlflow/registered-models/alias?alias=a&name="+query(name), "")
				must(t, json.Unmarshal([]byte(a.body), &version))
				if version.Version.Name != name || version.Version.Source != "runs:/"+run+"/"+itoa(i) {
					t.Errorf("%q: the alias is of %+v", name, version)
				}
				if a := g.send("GET", "/model-versions/get-artifact?version=1&path=f&name="+query(name), ""); a.body != "of "+name {
					t.Errorf("%q: its file: %d %s", name, a.status, a.body)
				}
				if strings.Contains(name, `"`) {
					continue // a filter cannot say it in double quotes
				}
				a = g.send("GET", "/api/2.0/mlflow/registered-models/search?filter="+query(`name = "`+name+`"`), "")
				if a.status != http.StatusOK || strings.Count(a.body, `"description"`) != 2 { // of the model and its version
					t.Errorf("%q: search: %d %s", name, a.status, a.body)
				}
			}
		})
	}
}

// Row J20: whatever is inserted and deleted while somebody pages, what is there all the time is found once.
func TestPagesWhileRunsComeAndGo(t *testing.T) {
	t.Parallel()
	for backend := range backends() {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			g := newTarget(t, backend, nil)
			experiment, first := g.runIn("pages")
			create := func(name string) string {
				a := g.call("POST", "/api/2.0/mlflow/runs/create", map[string]any{"experiment_id": experiment, "run_name": name, "start_time": 1})
				_, id, _ := strings.Cut(a.body, `"run_id":"`)
				id, _, _ = strings.Cut(id, `"`)
				return id
			}
			stay, leave := []string{first}, []string{}
			for i := range 20 {
				stay = append(stay, create(fmt.Sprintf("stays %d", i)))
				leave = append(leave, create(fmt.Sprintf("leaves %d", i)))
			}
			for _, order := range []string{"attributes.start_time DESC", "attributes.run_name ASC", "metrics.none ASC"} {
				var seen []string
				token := ""
				for page := 0; page == 0 || token != ""; page++ {
					var got struct {
						Runs []struct {
							Info struct {
								ID string `json:"run_id"`
							} `json:"info"`
						} `json:"runs"`
						Next string `json:"next_page_token"`
					}
					a := g.call("POST", "/api/2.0/mlflow/runs/search", map[string]any{
						"experiment_ids": []string{experiment}, "max_results": 3, "page_token": token, "order_by": []string{order},
					})
					must(t, json.Unmarshal([]byte(a.body), &got))
					for _, r := range got.Runs {
						if slices.Contains(seen, r.Info.ID) {
							t.Errorf("%s: %s was found twice", order, r.Info.ID)
						}
						seen = append(seen, r.Info.ID)
					}
					token = got.Next
					if page > 100 {
						t.Fatalf("%s: there is no end", order)
					}
					if len(leave) > 0 {
						g.call("POST", "/api/2.0/mlflow/runs/delete", map[string]any{"run_id": leave[0]})
						leave = leave[1:]
						create(fmt.Sprintf("comes %d", page))
					}
				}
				for _, id := range stay {
					if !slices.Contains(seen, id) {
						t.Errorf("%s: %s was skipped", order, id)
					}
				}
			}
		})
	}
}

// Rows J22 and J24: lists and texts that are very long.
func TestLongFields(t *testing.T) {
	t.Parallel()
	for backend := range backends() {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			g := newTarget(t, backend, nil)
			_, run := g.runIn("long")
			ids := make([]string, 100_000)
			for i := range ids {
				ids[i] = itoa(i + 1_000_000)
			}
			within := func(id string, status []int, send func() answer) {
				t.Helper()
				start := time.Now()
				if a := send(); !slices.Contains(status, a.status) || a.status == http.StatusBadRequest && a.code() == "" {
					t.Errorf("%s: %d %.300s", id, a.status, a.body)
				}
				if took := time.Since(start); took > time.Minute { // a slow disk has to take 16 MiB as well
					t.Errorf("%s took %v", id, took)
				}
			}
			for _, path := range []string{"runs/search", "logged-models/search", "experiments/search-datasets"} {
				within("J22 "+path, []int{200, 400}, func() answer {
					return g.call("POST", "/api/2.0/mlflow/"+path, map[string]any{"experiment_ids": ids})
				})
			}
			within("J22 many in a filter", []int{400}, func() answer {
				return g.call("POST", "/api/2.0/mlflow/runs/search", map[string]any{
					"experiment_ids": ids[:1], "filter": "attributes.run_id IN ('" + strings.Join(ids, "','") + "')",
				})
			})
			dataset := func(field string, size int) answer {
				d := map[string]string{"name": field + itoa(size), "digest": "d", "source_type": "s", "source": "s", field: strings.Repeat("x", size)}
				return g.call("POST", "/api/2.0/mlflow/runs/log-inputs", map[string]any{"run_id": run, "datasets": []any{map[string]any{"dataset": d}}})
			}
			within("J24 schema", []int{200}, func() answer { return dataset("schema", 1<<20-1) })
			within("J24 schema above", []int{400}, func() answer { return dataset("schema", 1<<20) })
			within("J24 profile", []int{200}, func() answer { return dataset("profile", 15<<20) })
			within("J24 profile above", []int{400, 413, 0}, func() answer { return dataset("profile", 1<<24) })
			a := g.send("GET", "/api/2.0/mlflow/runs/get?run_id="+run, "")
			if strings.Count(a.body, `"digest":"d"`) != 2 {
				t.Errorf("%d datasets of 2", strings.Count(a.body, `"digest":"d"`))
			}
		})
	}
}
