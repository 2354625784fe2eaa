package core_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

// contract lists every interface and ability, for the check that docs/mapping.md speaks of all their methods.
func contract() []reflect.Type {
	return []reflect.Type{
		reflect.TypeFor[core.Store](), reflect.TypeFor[core.Experiments](), reflect.TypeFor[core.Runs](),
		reflect.TypeFor[core.Metrics](), reflect.TypeFor[core.ArtifactRepository](), reflect.TypeFor[core.Models](),
		reflect.TypeFor[core.Versions](), reflect.TypeFor[core.ProjectBackend](), reflect.TypeFor[core.Lineage](),
		reflect.TypeFor[core.LoggedModels](), reflect.TypeFor[core.Aliases](), reflect.TypeFor[core.Stages](),
		reflect.TypeFor[core.BulkHistory](), reflect.TypeFor[core.SampledHistory](), reflect.TypeFor[core.Importer](),
		reflect.TypeFor[core.RegistryImporter](), reflect.TypeFor[core.Purger](),
		reflect.TypeFor[core.Presigner](), reflect.TypeFor[core.Multipart](),
		reflect.TypeFor[core.Webhooks](), reflect.TypeFor[core.Accounts](),
	}
}

// methodsOf returns Interface.Method for the methods that an interface adds to Store.
func methodsOf(types ...reflect.Type) []string {
	store := reflect.TypeFor[core.Store]()
	var names []string
	for _, i := range types {
		for m := range i.NumMethod() {
			if _, inherited := store.MethodByName(i.Method(m).Name); !inherited || i == store {
				names = append(names, i.Name()+"."+i.Method(m).Name)
			}
		}
	}
	return names
}

func mappingText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/mapping.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section returns the part of the mapping below the heading that starts with title.
func section(t *testing.T, title string) string {
	t.Helper()
	_, rest, found := strings.Cut(mappingText(t), "\n## "+title)
	if !found {
		t.Fatalf("docs/mapping.md has no section %q", title)
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

func TestMappingNamesWhatExists(t *testing.T) {
	t.Parallel()
	known := methodsOf(contract()...)
	named := map[string]bool{}
	for _, match := range regexp.MustCompile("`([A-Z][A-Za-z]+\\.[A-Z][A-Za-z]+)`").FindAllStringSubmatch(mappingText(t), -1) {
		if name := match[1]; slices.Contains(known, name) {
			named[name] = true
		} else if !slices.Contains([]string{"Job.Tags", "SubmitOptions.Config", "OpenRequest.Workspace", "Version.DownloadURI"}, name) {
			t.Errorf("docs/mapping.md names %s, which is no method of the contract", name)
		}
	}
	for _, name := range known {
		if !named[name] {
			t.Errorf("docs/mapping.md does not say what %s serves", name)
		}
	}
}

func TestMappingHasEveryEndpoint(t *testing.T) {
	t.Parallel()
	rest := section(t, "1. ")
	for _, endpoint := range endpoints() {
		row := regexp.MustCompile("(?m)^\\| `" + regexp.QuoteMeta(endpoint) + "` \\| (.+?) \\| (\\S+) \\|").FindStringSubmatch(rest)
		if row == nil {
			t.Errorf("docs/mapping.md has no row for %s", endpoint)
			continue
		}
		calls := strings.Count(row[1], "`")/2 + strings.Count(row[1], "*")/2
		if want := strconv.Itoa(calls); row[2] != want && !strings.Contains(row[2], "–") {
			t.Errorf("the row of %s names %d calls and says %s", endpoint, calls, row[2])
		}
	}
}

// row is a line of a backend's table: a method, a request that it builds, the fields of the request, and how many a call.
type row struct {
	method, request, fields, calls string
}

// rows reads the tables of a section whose first column holds methods.
func rows(t *testing.T, title string) []row {
	t.Helper()
	var found []row
	for line := range strings.Lines(section(t, title)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) == 4 && strings.HasPrefix(strings.TrimSpace(cells[0]), "`") && strings.Contains(cells[0], ".") {
			for i := range cells {
				cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "`")
			}
			fields := strings.Split(cells[2], ", ")
			slices.Sort(fields)
			found = append(found, row{cells[0], cells[1], strings.Join(fields, ", "), cells[3]})
		}
	}
	return found
}

// recorder notes the requests that a skeleton builds.
type recorder struct {
	sent []row // method and calls empty
}

// send encodes a request as it would go out. The path is a template, so that ids do not matter.
func (r *recorder) send(verb, path string, body map[string]any) error {
	if _, err := json.Marshal(body); err != nil {
		return core.Invalid(path, "the request cannot be encoded: %w", err)
	}
	r.sent = append(r.sent, row{request: verb + " " + path, fields: strings.Join(slices.Sorted(maps.Keys(body)), ", ")})
	return nil
}

// call is one use of a method. Where the table says n, the call asks for more than one.
type call struct {
	method string
	do     func(context.Context) error
}

// checkSkeleton makes the calls and compares what they build with the tables of the section. Every method of the
// interfaces must be called.
func checkSkeleton(t *testing.T, title string, r *recorder, calls []call, interfaces ...reflect.Type) {
	t.Helper()
	want := rows(t, title)
	built := map[row]bool{}
	called := map[string]bool{}
	for _, c := range calls {
		called[c.method] = true
		r.sent = nil
		if err := c.do(t.Context()); err != nil {
			t.Errorf("%s: %v", c.method, err)
		}
		counts := map[row]int{}
		for _, sent := range r.sent {
			counts[sent]++
		}
		for sent, n := range counts {
			times := "1"
			if n > 1 {
				times = "n"
			}
			got := row{c.method, sent.request, sent.fields, times}
			built[got] = true
			if !slices.Contains(want, got) {
				t.Errorf("%s builds what docs/mapping.md does not list: %+v", c.method, got)
			}
		}
	}
	for _, listed := range want {
		if !built[listed] {
			t.Errorf("docs/mapping.md lists what nothing builds: %+v", listed)
		}
	}
	var missing []string
	for _, method := range methodsOf(interfaces...) {
		if !called[method] {
			missing = append(missing, method)
		}
	}
	if diff := cmp.Diff([]string(nil), missing); diff != "" {
		t.Errorf("methods that are not called (-want +got):\n%s", diff)
	}
}

// endpoints are those of MLflow 3.18's server for tracking, artifacts and registry, and of older ones that clients of 1.x
// need. Sources: mlflow/protos/{service,model_registry,mlflow_artifacts}.proto, mlflow/server/handlers.py.
func endpoints() []string {
	return []string{
		"POST experiments/create", "GET experiments/get", "GET experiments/get-by-name", "POST experiments/delete",
		"POST experiments/restore", "POST experiments/update", "POST experiments/set-experiment-tag",
		"POST experiments/delete-experiment-tag", "POST experiments/search", "GET experiments/list",
		"POST experiments/search-datasets", "POST runs/create", "GET runs/get", "POST runs/update", "POST runs/delete",
		"POST runs/restore", "POST runs/log-metric", "POST runs/log-parameter", "POST runs/set-tag", "POST runs/delete-tag",
		"POST runs/log-batch", "POST runs/log-model", "POST runs/log-inputs", "POST runs/outputs", "POST runs/search",
		"GET metrics/get-history", "GET metrics/get-history-bulk", "GET metrics/get-history-bulk-interval",
		"GET artifacts/list", "POST artifacts/presigned-upload-url", "POST artifacts/presigned-download-url",
		"POST logged-models", "GET logged-models/{model_id}", "PATCH logged-models/{model_id}",
		"DELETE logged-models/{model_id}", "POST logged-models/{model_id}/params", "PATCH logged-models/{model_id}/tags",
		"DELETE logged-models/{model_id}/tags/{tag_key}", "POST logged-models/search",
		"GET logged-models/{model_id}/artifacts/directories", "GET logged-models/{model_id}/artifacts/files",
		"GET /get-artifact", "GET /model-versions/get-artifact", "POST upload-artifact", "GET mlflow-artifacts/artifacts",
		"GET mlflow-artifacts/artifacts/{path}", "PUT mlflow-artifacts/artifacts/{path}",
		"DELETE mlflow-artifacts/artifacts/{path}", "POST mlflow-artifacts/mpu/create/{path}",
		"POST mlflow-artifacts/mpu/complete/{path}", "POST mlflow-artifacts/mpu/abort/{path}",
		"GET mlflow-artifacts/presigned/{path}", "POST registered-models/create", "POST registered-models/rename",
		"PATCH registered-models/update", "DELETE registered-models/delete", "GET registered-models/get",
		"GET registered-models/search", "GET registered-models/list", "POST registered-models/get-latest-versions",
		"POST registered-models/set-tag", "DELETE registered-models/delete-tag", "POST registered-models/alias",
		"DELETE registered-models/alias", "GET registered-models/alias", "POST model-versions/create",
		"PATCH model-versions/update", "POST model-versions/transition-stage", "DELETE model-versions/delete",
		"GET model-versions/get", "GET model-versions/search", "GET model-versions/get-download-uri",
		"POST model-versions/set-tag", "DELETE model-versions/delete-tag", "POST webhooks", "GET /health", "POST /graphql",
		"POST users/create",
	}
}
