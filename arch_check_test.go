package mlstore_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	module       = "github.com/mlstore/mlstore"
	maxFileLines = 600
)

// A rule says what the packages of one or several rooms may import. Rooms are package paths below the module; in a
// pattern, * stands for one folder name and a closing /... for everything below as well. A list's later patterns win
// over its earlier ones, and those that begin with ! forbid. A package may always import its own room and the
// standard library. The first rule that fits a package is its rule.
type rule struct {
	room    string
	inside  []string // rooms
	outside []string // modules, or packages of modules, each with everything below; * is any
	tests   []string // rooms that the room's tests may import besides inside and what every test may import
	reason  string   // why the wall stands here, for those who run into it
}

// forTests is the rule for a room's tests.
func (r rule) forTests() rule {
	r.inside = slices.Concat(r.inside, []string{"core/...", "conformance/...", "internal/testenv"}, r.tests)
	r.outside = slices.Concat(r.outside, []string{
		"github.com/google/go-cmp", "pgregory.net/rapid", "go.uber.org/goleak", "github.com/anishathalye/porcupine",
	})
	return r
}

// allows reports whether a package under the rule may import a path of another room.
func (r rule) allows(imported string) bool {
	if inModule(imported) {
		return lastMatch(r.inside, func(pattern string) bool { return roomOf(pattern, pathBelow(imported)) != "" })
	}
	first, _, _ := strings.Cut(imported, "/")
	standard := !strings.Contains(first, ".") // a module's path begins with a host
	return standard || lastMatch(r.outside, func(prefix string) bool {
		return prefix == "*" || imported == prefix || strings.HasPrefix(imported, prefix+"/")
	})
}

// lastMatch reports whether the last of patterns that fits allows, rather than forbids.
func lastMatch(patterns []string, fits func(string) bool) bool {
	allowed := false
	for _, pattern := range patterns {
		if name, forbids := strings.CutPrefix(pattern, "!"); fits(name) {
			allowed = !forbids
		}
	}
	return allowed
}

func inModule(importPath string) bool {
	return importPath == module || strings.HasPrefix(importPath, module+"/")
}

// pathBelow returns a package's path below the module, "." for the module's root.
func pathBelow(importPath string) string {
	if importPath == module {
		return "."
	}
	return strings.TrimPrefix(importPath, module+"/")
}

// roomOf returns the room, among those that pattern means, in which the package at path is: "plugins/s3" for the
// pattern plugins/*/... and the path plugins/s3/cmd/mlstore-plugin-s3. It returns "" when the package is in none.
func roomOf(pattern, path string) string {
	if pattern == "..." {
		return path
	}
	stem, deep := strings.CutSuffix(pattern, "/...")
	want, have := strings.Split(stem, "/"), strings.Split(path, "/")
	if len(have) < len(want) || len(have) > len(want) && !deep {
		return ""
	}
	for i := range want {
		if want[i] != "*" && want[i] != have[i] {
			return ""
		}
	}
	return strings.Join(have[:len(want)], "/")
}

// pkg is what the checks need to know of a package, in the shape that go list prints.
type pkg struct {
	ImportPath                         string
	Name                               string
	Imports, TestImports, XTestImports []string
}

// A table is a list of rules of which the first that fits a package is its rule.
type table []rule

// find returns the rule of the package at path and the room that it is in, or a room "" when no rule fits.
func (rules table) find(path string) (r rule, room string) {
	for _, r := range rules {
		if room := roomOf(r.room, path); room != "" {
			return r, room
		}
	}
	return rule{}, ""
}

// importViolations says which imports of pkgs the rules forbid, and which packages no rule covers.
func (rules table) importViolations(pkgs []pkg) []string {
	var found []string
	for _, p := range pkgs {
		path := pathBelow(p.ImportPath)
		r, own := rules.find(path)
		if own == "" {
			found = append(found, path+" falls into no rule: add one, with its reason, to the table in arch_test.go")
			continue
		}
		check := func(r rule, who string, imports []string) {
			for _, imported := range imports {
				_, room := rules.find(pathBelow(imported))
				sameRoom := inModule(imported) && room == own
				if !sameRoom && !r.allows(imported) {
					found = append(found, fmt.Sprintf("%s must not import %s: %s", who, pathBelow(imported), r.reason))
				}
			}
		}
		check(r, path, p.Imports)
		check(r.forTests(), "tests of "+path, slices.Concat(p.TestImports, p.XTestImports))
	}
	return found
}

// nameViolations says which packages have a name that fits anything.
func nameViolations(pkgs []pkg) []string {
	var found []string
	for _, p := range pkgs {
		switch p.Name {
		case "util", "utils", "common", "helper", "helpers", "misc":
			found = append(found, fmt.Sprintf("%s: a package called %s says nothing about what it holds", pathBelow(p.ImportPath), p.Name))
		}
	}
	return found
}

// fileViolations says what is wrong with a Go file, which must at least parse.
func fileViolations(path string, source []byte) ([]string, error) {
	if strings.HasSuffix(path, ".pb.go") {
		return nil, nil
	}
	var found []string
	if lines := bytes.Count(source, []byte("\n")); lines > maxFileLines {
		found = append(found, fmt.Sprintf("%s has %d lines, more than %d: it holds more than one concept", path, lines, maxFileLines))
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, declaration := range file.Decls {
		if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			found = append(found, path+" has func init: an import must do nothing, so that what a program does is read in its main")
		}
	}
	return found, nil
}

// A check that cannot fail is worth nothing, so here is what each must report.

func TestImportViolationsAreReported(t *testing.T) {
	t.Parallel()
	rules := table{
		{room: "core", reason: "core is alone"},
		{room: "store/*/...", inside: []string{"core/...", "!core/client"}, outside: []string{"*", "!example.org/wire"}, reason: "stores are apart"},
	}
	pkgs := []pkg{
		{ImportPath: module + "/core", Imports: []string{"context", module + "/core/client", "example.org/yaml"}},
		{ImportPath: module + "/store/a", Imports: []string{
			module + "/core", module + "/core/client", module + "/store/a/cmd", module + "/store/b", "example.org/driver/v2", "example.org/wire/codes",
		}},
		{
			ImportPath: module + "/store/b", Imports: []string{module + "/internal/testenv"},
			TestImports: []string{module + "/internal/testenv", "github.com/google/go-cmp/cmp"}, XTestImports: []string{module + "/store/a"},
		},
		{ImportPath: module + "/attic", Imports: []string{"fmt"}},
	}
	want := []string{
		"core must not import core/client: core is alone",
		"core must not import example.org/yaml: core is alone",
		"store/a must not import core/client: stores are apart",
		"store/a must not import store/b: stores are apart",
		"store/a must not import example.org/wire/codes: stores are apart",
		"store/b must not import internal/testenv: stores are apart",
		"tests of store/b must not import store/a: stores are apart",
		"attic falls into no rule: add one, with its reason, to the table in arch_test.go",
	}
	if diff := cmp.Diff(want, rules.importViolations(pkgs)); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

// The real table, on packages that may not exist yet.
func TestTableKeepsRoomsApart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		from, to string
		allowed  bool
	}{
		{"core", "core/names", true},
		{"core/names", "core", false},
		{"core", "google.golang.org/protobuf/proto", false},
		{"core/wrap/readonly", "core/filter", true},
		{"sdk/wire", "google.golang.org/protobuf/proto", true},
		{"sdk", "registry", false},
		{"registry", "registry/discover", true},
		{"registry", "registry/supervise", false},
		{"registry/discover", "github.com/hashicorp/go-plugin", false},
		{"registry/supervise", "sdk", false},
		{"plugins/s3/cmd/mlstore-plugin-s3", "plugins/s3", true},
		{"plugins/s3", "plugins/gcs", false},
		{"plugins/s3", "conformance", false},
		{"plugins/s3", "server", false},
		{"plugins/file", "github.com/gofrs/flock", true},
		{"plugins/file", "github.com/hashicorp/go-plugin", false},
		{"plugins/internal/sqlstore", "plugins/sqlite", false},
		{"plugins/internal/sqlstore", "core/client", false},
		{"conformance/tracking", "conformance", true},
		{"conformance/tracking", "sdk", false},
		{"server", "mlflow", false},
		{"cmd/mlstore", "server", true},
		{"cmd/mlstore", "plugins/file", true},
		{"cmd/mlstore", "plugins/s3", false},
		{"cmd/mlstore", "internal/testenv", false},
	}
	for _, test := range tests {
		to := test.to
		if first, _, _ := strings.Cut(to, "/"); !strings.Contains(first, ".") {
			to = module + "/" + to
		}
		violations := rules().importViolations([]pkg{{ImportPath: module + "/" + test.from, Imports: []string{to}}})
		if allowed := len(violations) == 0; allowed != test.allowed {
			t.Errorf("%s imports %s: allowed %v, want %v: %q", test.from, test.to, allowed, test.allowed, violations)
		}
	}
}

func TestEveryRuleHasAReason(t *testing.T) {
	t.Parallel()
	for _, r := range rules() {
		if r.room == "" || r.reason == "" {
			t.Errorf("room %q has the reason %q", r.room, r.reason)
		}
	}
}

func TestNameViolationsAreReported(t *testing.T) {
	t.Parallel()
	got := nameViolations([]pkg{{ImportPath: module + "/core/util", Name: "util"}, {ImportPath: module + "/core", Name: "core"}})
	if diff := cmp.Diff([]string{"core/util: a package called util says nothing about what it holds"}, got); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

func TestFileViolationsAreReported(t *testing.T) {
	t.Parallel()
	long := "package a\n" + strings.Repeat("\n", maxFileLines)
	tests := []struct {
		path, source string
		want         []string
	}{
		{"a.go", "package a\n\ntype t struct{}\n\nfunc (t) init() {}\n", nil},
		{"a.go", strings.TrimSuffix(long, "\n"), nil},
		{"a.go", long, []string{"a.go has 601 lines, more than 600: it holds more than one concept"}},
		{"a.pb.go", long, nil},
		{
			"a.go", "package a\n\nfunc init() {}\n",
			[]string{"a.go has func init: an import must do nothing, so that what a program does is read in its main"},
		},
	}
	for _, test := range tests {
		got, err := fileViolations(test.path, []byte(test.source))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.path, diff)
		}
	}
	if _, err := fileViolations("a.go", []byte("no Go")); err == nil {
		t.Error("a file that does not parse is accepted")
	}
}
