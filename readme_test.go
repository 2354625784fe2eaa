package mlstore_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The Go code of the README is that of the example that compiles; its make targets exist.
func TestReadmeIsTrue(t *testing.T) {
	t.Parallel()
	readme, example, makefile := readText(t, "README.md"), readText(t, "examples/quickstart/main.go"), readText(t, "Makefile")
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(readme, -1)
	if len(blocks) == 0 {
		t.Error("README.md shows no Go")
	}
	for _, block := range blocks {
		if !strings.Contains(example, block[1]) {
			t.Errorf("README.md shows Go that examples/quickstart does not have:\n%s", block[1])
		}
	}
	targets := regexp.MustCompile("(?m)^make ([a-z-]+)").FindAllStringSubmatch(readme, -1)
	if len(targets) < 2 {
		t.Error("README.md names fewer than two make targets")
	}
	for _, target := range targets {
		if !strings.Contains(makefile, "\n"+target[1]+":") {
			t.Errorf("README.md names make %s, which the Makefile does not have", target[1])
		}
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
