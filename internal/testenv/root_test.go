package testenv

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRootIsAboveThisPackage(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := filepath.Join(Root(t), "internal", "testenv"), here; got != want {
		t.Errorf("this package below the root: %s, want %s", got, want)
	}
}

func TestNoRootOutsideTheProject(t *testing.T) {
	t.Parallel()
	if root, err := rootAbove(t.TempDir()); err == nil {
		t.Errorf("root %s, want an error", root)
	}
}
