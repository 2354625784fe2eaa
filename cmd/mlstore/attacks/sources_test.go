package attacks_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry"
)

// sources are places that no client may give as the source of a model version.
func sources() map[string]string {
	places := maps.Clone(locations())
	for _, id := range []string{"U38", "own files", "U16 abfss"} {
		delete(places, id) // are no locations, but may be sources
	}
	places["U18 missing"] = "models:/nobody/1"
	places["runs climbs"] = "runs:/RUN/../../y"
	places["of another run"] = "runs:/0123456789abcdef0123456789abcdef/x"
	places["proxied, not of the run"] = "mlflow-artifacts:/0/other/artifacts"
	return places
}

func TestSourcesThatClientsMayNotName(t *testing.T) {
	t.Parallel()
	for backend := range backends() {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			g := newTarget(t, backend, nil)
			_, run := g.runIn("sources")
			g.call("POST", "/api/2.0/mlflow/registered-models/create", map[string]any{"name": "m"})
			prompt := []map[string]string{{"key": "mlflow.prompt.is_prompt", "value": "true"}}
			for id, uri := range sources() {
				uri = strings.ReplaceAll(g.fill(uri), "RUN", run)
				for what, fields := range map[string]map[string]any{
					"alone": {}, "with a run": {"run_id": run}, "as a prompt": {"tags": prompt}, "as a prompt of a run": {"tags": prompt, "run_id": run},
				} {
					fields["name"], fields["source"] = "m", uri
					for _, api := range []string{"/api/2.0", "/ajax-api/2.0", "/api/2.0/preview"} {
						a := g.call("POST", api+"/mlflow/model-versions/create", fields)
						if a.status < 400 || a.status >= 500 || a.code() == "" {
							t.Errorf("%s: %s %s: %d %.300s", id, uri, what, a.status, a.body)
						}
						if strings.Contains(a.body, "SECRETWORD") {
							t.Errorf("%s: the answer shows a password: %s", id, a.body)
						}
					}
				}
			}
			if a := g.send("GET", "/api/2.0/mlflow/model-versions/search", ""); strings.Contains(a.body, `"version"`) {
				t.Errorf("a version was made: %s", a.body)
			}
		})
	}
}

// What got into the registry all the same is judged again when it is read, at every hop (R5, U18).
func TestStoredSourcesAreJudgedAgain(t *testing.T) {
	t.Parallel()
	for backend := range backends() {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			g := newTarget(t, backend, nil)
			_, run := g.runIn("stored sources")
			models, err := g.resolver.Registry(t.Context(), g.uri, registry.Settings{})
			must(t, err)
			defer models.Close()
			importer, ok := core.As[core.RegistryImporter](models)
			if !ok {
				t.Fatal("the registry imports nothing")
			}
			must(t, importer.ImportModel(t.Context(), core.Model{Name: "m"}))
			number, judged := 0, 0
			store := func(source string) int {
				number++
				err := importer.ImportVersion(t.Context(), core.Version{
					Model: "m", Number: number, Source: source, RunID: core.RunID(run), Status: core.VersionReady, Stage: "None",
				})
				if err != nil {
					number--
					return 0 // the store itself refuses it
				}
				judged++
				return number
			}
			places := sources()
			delete(places, "own records")
			delete(places, "own file URI")
			for id, source := range places {
				stored := store(strings.ReplaceAll(g.fill(source), "RUN", run))
				if stored == 0 {
					continue
				}
				hop := store("models:/m/" + itoa(stored))
				for _, version := range []int{stored, hop, number + 1000} {
					for _, path := range []string{"passwd", "etc/passwd", "canary"} {
						a := g.send("GET", "/model-versions/get-artifact?name=m&version="+itoa(version)+"&path="+url.QueryEscape(path), "")
						if a.status < 400 || a.status >= 500 && a.status != http.StatusNotImplemented {
							t.Errorf("%s: %s: %d %.300s", id, source, a.status, a.body)
						}
					}
				}
			}
			self := store("models:/m/" + itoa(number+1))
			two := store("models:/m/" + itoa(number+2))
			store("models:/m/" + itoa(two))
			for _, version := range []int{self, two} {
				a := g.send("GET", "/model-versions/get-artifact?name=m&version="+itoa(version)+"&path=x", "")
				if a.status != http.StatusBadRequest && a.status != http.StatusNotFound {
					t.Errorf("a cycle: %d %s", a.status, a.body)
				}
			}
			if judged < 40 {
				t.Errorf("the registry took only %d of them", judged)
			}
		})
	}
}
