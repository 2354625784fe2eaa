//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/internal/testenv"
)

// Every command of docs/writing-a-plugin.md works, one after the other, for somebody who has nothing installed.
func TestPluginDocumentationIsTrue(t *testing.T) {
	t.Parallel()
	root := testenv.Root(t)
	text, err := os.ReadFile(filepath.Join(root, "docs", "writing-a-plugin.md"))
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(text, -1) {
		script.Write(block[1])
	}
	if commands := strings.Count(script.String(), "mlstore "); commands < 12 {
		t.Fatalf("the page shows %d commands of mlstore: are its blocks still marked as sh?", commands)
	}
	home := t.TempDir()
	python := testenv.GRPC(t).Command(t.Context()) // for its environment: python is the one with gRPC
	cmd := exec.CommandContext(t.Context(), "bash", "-euxo", "pipefail", "-c", script.String())
	cmd.Dir = root
	cmd.Env = slices.Concat(newShell(t).env, []string{"XDG_DATA_HOME=" + home, "TMPDIR=" + home, "GOPROXY=off"})
	for _, entry := range python.Env {
		if strings.HasPrefix(entry, "PATH=") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(string(out)))
	}
	if verdicts := strings.Count(string(out), " pass, 0 fail, 0 error"); verdicts < 9 {
		t.Errorf("%d reports without failures, want 9: two stores in Go with their boundaries, some cases, two in Python\n%s", verdicts, tail(string(out)))
	}
}

// tail is the end of what a program printed.
func tail(text string) string { return text[max(0, len(text)-8000):] }
