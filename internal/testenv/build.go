package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Build builds a command of the module, such as ./cmd/mlstore, into dir and returns the program.
func Build(t testing.TB, dir, command string) string {
	t.Helper()
	program := filepath.Join(dir, filepath.Base(command))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, command)
	cmd.Dir = Root(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return program
}

// BuildPlugin builds one of the plugins of the module, such as s3, with its manifest, so that it is found in dir.
func BuildPlugin(t testing.TB, dir, name string) string {
	t.Helper()
	program := Build(t, dir, "./plugins/"+name+"/cmd/mlstore-plugin-"+name)
	manifest, err := exec.CommandContext(t.Context(), program, "describe").Output()
	if err == nil {
		err = os.WriteFile(program+".json", manifest, 0o600)
	}
	if err != nil {
		t.Fatalf("the manifest of %s: %v", program, err)
	}
	return program
}
