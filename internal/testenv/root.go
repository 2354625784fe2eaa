package testenv

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

const modulePath = "github.com/mlstore/mlstore"

// Root returns the absolute path of the project's root: the nearest folder, from the working directory upwards,
// whose go.mod declares mlstore's module. It fails the test when there is none.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("find the project's root: %v", err)
	}
	root, err := rootAbove(dir)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func rootAbove(start string) (string, error) {
	for dir := start; ; dir = filepath.Dir(dir) {
		if declaresModule(filepath.Join(dir, "go.mod")) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find the project's root: no go.mod of %s in %s or above", modulePath, start)
		}
	}
}

// declaresModule reports whether the go.mod file at path exists and declares mlstore's module.
func declaresModule(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if lines.Text() == "module "+modulePath {
			return true
		}
	}
	return false
}
