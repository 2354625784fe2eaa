package mlstore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestImportsFollowTheTable(t *testing.T) {
	t.Parallel()
	report(t, rules().importViolations(listPackages(t)))
}

func TestCoreCompilesNothingButTheStandardLibrary(t *testing.T) {
	t.Parallel()
	var strangers []string
	for _, path := range strings.Fields(goList(t, "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./core")) {
		if path != module+"/core" && path != module+"/core/names" {
			strangers = append(strangers, "core compiles "+path+", so everybody who implements the contract would")
		}
	}
	report(t, strangers)
}

func TestPackageNamesSayWhatTheyHold(t *testing.T) {
	t.Parallel()
	report(t, nameViolations(listPackages(t)))
}

// Since this test reads every Go file, go test runs this package's tests again whenever one has changed; what go list
// reads would not be noticed.
func TestGoFilesAreShortAndHaveNoInit(t *testing.T) {
	t.Parallel()
	var found []string
	files := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir // .git, .cache
		case entry.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		violations, err := fileViolations(filepath.ToSlash(path), source)
		found = append(found, violations...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("no Go file found")
	}
	report(t, found)
}

// listPackages lists the module's packages with their direct imports.
func listPackages(t *testing.T) []pkg {
	t.Helper()
	var pkgs []pkg
	for decoder := json.NewDecoder(strings.NewReader(goList(t, "-json=ImportPath,Name,Imports,TestImports,XTestImports", "./..."))); ; {
		var p pkg
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return pkgs
		case err != nil:
			t.Fatalf("read what go list printed: %v", err)
		}
		pkgs = append(pkgs, p)
	}
}

func goList(t *testing.T, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	if len(out) == 0 {
		t.Fatal("go list printed nothing")
	}
	return string(out)
}

func report(t *testing.T, violations []string) {
	t.Helper()
	for _, violation := range violations {
		t.Error(violation)
	}
}

// rules is the table "who may import whom".
func rules() table {
	// What neither plugins nor their shared rooms import, though any driver or vendor SDK is theirs to choose.
	driversOnly := []string{"*", "!google.golang.org/grpc", "!google.golang.org/protobuf", "!github.com/hashicorp/go-plugin"}
	return table{
		{
			room:   ".",
			reason: "the root only documents the module, so that importing a room below it never brings more than that room",
		},
		{
			room:   "core/names",
			reason: "the rules for names are pure functions that every room and every author can use and fuzz",
		},
		{
			room: "core", inside: []string{"core/names"},
			reason: "whoever implements the contract compiles the standard library and nothing else",
		},
		{
			room: "core/filter", inside: []string{"core", "core/names"},
			reason: "stores evaluate the search language themselves, so it must cost them no dependency",
		},
		{
			room: "core/mem", inside: []string{"core", "core/names", "core/filter"},
			reason: "the reference store is an executable specification: only the contract may decide what it does",
		},
		{
			room: "core/client", inside: []string{"core", "core/names", "core/filter"},
			reason: "conveniences stand on the interfaces alone, so they work with every store",
		},
		{
			room: "core/wrap/*", inside: []string{"core", "core/names", "core/filter"},
			reason: "a decorator that knew one store would not decorate the others",
		},
		{
			room: "sdk/wire/...", inside: []string{"core", "core/names"},
			outside: []string{"google.golang.org/grpc", "google.golang.org/protobuf", "google.golang.org/genproto/googleapis/rpc"},
			reason:  "only the wire sees protobuf, so a change of the wire touches no store and no caller",
		},
		{
			room:   "sdk/heap",
			reason: "when garbage is collected is nothing but the runtime's",
		},
		{
			room: "sdk", inside: []string{"core", "sdk/wire", "sdk/heap"}, tests: []string{"sdk/sdktest"},
			outside: []string{"github.com/hashicorp/go-plugin", "github.com/hashicorp/go-hclog", "google.golang.org/grpc"},
			reason:  "a plugin's author links what serving needs, and nothing of the host",
		},
		{
			room: "sdk/example/...", inside: []string{"core", "core/names", "core/filter", "sdk"}, tests: []string{"sdk/sdktest"},
			reason: "the example imports what an author imports",
		},
		{
			room: "sdk/sdktest", inside: []string{
				"core", "core/client", "sdk", "sdk/wire", "registry", "registry/supervise", "conformance/...",
			},
			outside: []string{"github.com/hashicorp/go-plugin", "google.golang.org/grpc"},
			reason:  "an author's tests run a plugin in each of its three ways, and need no store or server of ours for it",
		},
		{
			room: "registry/supervise", inside: []string{"core", "registry", "registry/discover", "sdk/wire"},
			outside: []string{"github.com/hashicorp/go-plugin", "github.com/hashicorp/go-hclog", "google.golang.org/grpc", "golang.org/x/sys"},
			tests:   []string{"sdk", "sdk/example"},
			reason:  "processes are started in one place, which never links an author's side",
		},
		{
			room: "registry/...", inside: []string{"core", "core/names", "core/client"},
			reason: "resolving a URI is the contract's business: it knows no store and starts no process",
		},
		{
			room: "plugins/internal/*/...", inside: []string{"core/...", "!core/client", "sdk", "rest"},
			outside: driversOnly,
			reason:  "what plugins share is below each of them, and a store is never built on conveniences made for callers",
		},
		{
			room:    "plugins/*/...",
			inside:  []string{"core/...", "!core/client", "sdk", "project", "rest", "plugins/internal/..."},
			outside: driversOnly,
			tests:   []string{"sdk/sdktest"},
			reason:  "each store stands alone: it can move out of this repository, and no other store's dependencies come with it",
		},
		{
			room: "rest", inside: []string{"core", "core/names"},
			reason: "server and stores that speak MLflow's API share its vocabulary without sharing anything else",
		},
		{
			room:   "embedded",
			inside: []string{"core", "sdk", "registry/...", "plugins/file", "plugins/sqlite", "plugins/http", "plugins/local"},
			reason: "the stores that every program links stay few and light; the others run as processes",
		},
		{
			room: "conformance/...", inside: []string{"core/..."},
			outside: []string{"pgregory.net/rapid", "github.com/anishathalye/porcupine"},
			reason:  "the suite judges any store by the contract alone, so it cannot know ours",
		},
		{
			room: "project/...", inside: []string{"core"},
			outside: []string{"go.yaml.in/yaml/v3"},
			reason:  "all project backends share one reading of MLproject files, whatever runs them",
		},
		{
			room: "mlflow", inside: []string{"core/...", "registry", "embedded", "project"},
			reason: "the fluent API works on any store that the resolver hands it",
		},
		{
			room: "server/...", inside: []string{"core/...", "registry", "rest"},
			outside: []string{
				"github.com/prometheus/client_golang", "go.opentelemetry.io", "github.com/coreos/go-oidc/v3", "golang.org/x/crypto/scrypt",
			},
			reason: "the server serves any stores: its command hands it a resolver, so it names no store and no default",
		},
		{
			room: "cmd/mlstore/serverbench", outside: []string{"github.com/jackc/pgx/v5"},
			tests:  []string{"plugins/postgres", "plugins/sqlite"},
			reason: "the server's speed is measured beside the bare driver",
		},
		{
			room:   "cmd/mlstore/...",
			inside: []string{"...", "!plugins/...", "plugins/file", "plugins/sqlite", "plugins/http", "plugins/local", "!internal/testenv"},
			outside: []string{
				"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/vbauerster/mpb/v8", "github.com/mattn/go-runewidth",
				"golang.org/x/term", "github.com/coreos/go-systemd/v22",
			},
			tests:  []string{"..."},
			reason: "the command joins all rooms, but process plugins stay processes; tests that join rooms live here too",
		},
		{
			room: "examples/...", inside: []string{"core/...", "registry", "embedded", "mlflow", "sdk", "conformance/..."},
			reason: "an example shows what a user's program does, with what a user imports",
		},
		{
			room: "internal/testenv", outside: []string{"*"},
			reason: "the counterparts of tests are other people's programs: starting them needs nothing of ours",
		},
	}
}
