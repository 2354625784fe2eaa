package discover_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/discover"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// manifest is a proper one for a plugin that serves the schemes with artifacts.
func manifest(name string, schemes ...string) core.Manifest {
	m := core.Manifest{
		Format: core.ManifestFormat, Name: name, Version: "1.2.3", SDK: "go/1.0.0", Contract: core.ContractVersion,
		Services: []string{"mlstore.artifact.v1"}, Env: []string{"AWS_*", "NO_PROXY"},
	}
	for _, scheme := range schemes {
		m.Schemes = append(m.Schemes, core.ManifestScheme{Scheme: scheme, Kinds: []string{"artifacts"}})
	}
	return m
}

func encode(t *testing.T, m core.Manifest) []byte {
	t.Helper()
	text, err := json.Marshal(m)
	must(t, err)
	return text
}

// folder is an empty one that only its user may write, whatever the umask.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	return dir
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(text), mode))
	must(t, os.Chmod(path, mode))
}

// put makes a plugin in dir. Its program ends in an error if anybody runs it.
func put(t *testing.T, dir string, m core.Manifest) {
	t.Helper()
	write(t, filepath.Join(dir, "mlstore-plugin-"+m.Name), "#!/bin/sh\nexit 1\n", 0o755)
	write(t, filepath.Join(dir, "mlstore-plugin-"+m.Name+".json"), string(encode(t, m)), 0o644)
}

func find(t *testing.T, dirs ...string) discover.Found {
	t.Helper()
	found, err := discover.Find(t.Context(), discover.Options{Dirs: dirs})
	must(t, err)
	return found
}
