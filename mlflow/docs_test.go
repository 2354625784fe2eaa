package mlflow

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// functions are the names of the package-level functions in the files that match.
func functions(t *testing.T, pattern string, wanted func(file string, f *ast.FuncDecl) bool) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	must(t, err)
	found := map[string]bool{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		must(t, err)
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && wanted(path, f) {
				found[f.Name.Name] = true
			}
		}
	}
	return found
}

func TestEveryFunctionHasAnExampleAndARow(t *testing.T) {
	t.Parallel()
	exported := functions(t, "*.go", func(file string, f *ast.FuncDecl) bool {
		return !strings.HasSuffix(file, "_test.go") && f.Name.IsExported()
	})
	examples := functions(t, "*example*_test.go", func(_ string, f *ast.FuncDecl) bool {
		return strings.HasPrefix(f.Name.Name, "Example")
	})
	page, err := os.ReadFile("../docs/fluent.md")
	must(t, err)
	rows := map[string]bool{} // those with a Python form, or a dash
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z]\\w*)\\([^`]*\\)` \\| [^|]*\\S[^|]* \\|").FindAllStringSubmatch(string(page), -1) {
		rows[row[1]] = true
	}
	if len(exported) < 40 {
		t.Fatalf("only %d functions found", len(exported))
	}
	for name := range exported {
		if !examples["Example"+name] {
			t.Errorf("%s has no Example", name)
		}
		if !rows[name] {
			t.Errorf("%s has no row in docs/fluent.md", name)
		}
	}
	for name := range rows {
		if !exported[name] {
			t.Errorf("docs/fluent.md has a row for %s, which is no function", name)
		}
	}
}
