package file_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

func newRegistry(t *testing.T, dir string) *file.Registry {
	t.Helper()
	r, err := file.NewRegistry(dir, file.RegistryOptions{})
	check(t, err)
	t.Cleanup(func() { check(t, r.Close()) })
	return r
}

func mustVersion(t *testing.T, r *file.Registry, model string) core.Version {
	t.Helper()
	v, err := r.CreateVersion(t.Context(), model, core.VersionSpec{Source: "s3://b/k"})
	check(t, err)
	return v
}

func mustModel(t *testing.T, r *file.Registry, name string) {
	t.Helper()
	_, err := r.CreateModel(t.Context(), core.ModelSpec{Name: name})
	check(t, err)
}

// Names that a folder cannot have, or that MLflow refuses, get other folders, and each its own.
func TestRegistryFoldersOfOddNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRegistry(t, dir)
	long := strings.Repeat("é", 256)
	odd := []string{"100%", "100_", "%", long, long[2:] + "e", strings.Repeat("n", 256), "x.mlstore-name", "plain name"}
	for _, name := range odd {
		mustModel(t, r, name)
		mustVersion(t, r, name)
	}
	for _, name := range odd {
		m, err := r.Model(t.Context(), name)
		if err != nil || m.Name != name || len(m.Latest) != 1 {
			t.Errorf("%.20q: %+v, %v", name, m, err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "models"))
	check(t, err)
	if len(entries) != len(odd) {
		t.Errorf("%d folders for %d models", len(entries), len(odd))
	}
	for _, entry := range entries {
		if strings.Contains(entry.Name(), "%") {
			t.Errorf("MLflow cannot list models beside %q", entry.Name())
		}
	}
	for _, names := range [][2]string{{"plain name", "plain%"}, {"100%", "plain again"}, {long, "%%"}} {
		m, err := r.UpdateModel(t.Context(), names[0], core.ModelChange{Name: &names[1]})
		if err != nil || m.Name != names[1] || len(m.Latest) != 1 || m.Latest[0].Model != names[1] {
			t.Errorf("rename to %.20q: %+v, %v", names[1], m, err)
		}
		_, err = r.Model(t.Context(), names[0])
		wantError(t, "the old name", err, core.ErrNotFound)
	}
}

// What is malformed keeps nothing else from being read, and is named.
func TestRegistryMalformed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var mu sync.Mutex
	seen := map[string]bool{}
	r, err := file.NewRegistry(dir, file.RegistryOptions{Report: func(f file.Finding) {
		mu.Lock()
		defer mu.Unlock()
		seen[f.Path] = true
	}})
	check(t, err)
	defer func() { check(t, r.Close()) }()
	for _, name := range []string{"good", "bad", "half", "moved"} {
		mustModel(t, r, name)
		for range 3 {
			mustVersion(t, r, name)
		}
	}
	at := func(name string) string { return filepath.Join(dir, "models", filepath.FromSlash(name)) }
	write := func(name, text string) { check(t, os.WriteFile(at(name), []byte(text), 0o600)) }
	write("bad/meta.yaml", "{")
	check(t, os.Remove(at("half/meta.yaml")))
	check(t, os.Rename(at("moved"), at("elsewhere")))
	write("good/version-2/meta.yaml", "")
	write("good/version-1/meta.yaml", "version: 7\nname: good\n")
	check(t, os.Mkdir(at("good/version-x"), 0o700))
	check(t, os.Mkdir(at("good/aliases"), 0o700))
	write("good/aliases/none", "9")
	write("good/aliases/text", "one")
	check(t, os.Mkdir(at("good/tags"), 0o700))
	write("good/tags/bad&key", "1")
	write("stray", "")
	check(t, os.Symlink(at("good"), at("link")))
	check(t, os.Mkdir(at("good/version-9"), 0o700)) // MLflow died between folder and meta.yaml

	ctx := t.Context()
	models, err := r.SearchModels(ctx, core.ModelQuery{})
	if err != nil || len(models.Items) != 1 || len(models.Items[0].Latest) != 1 || models.Items[0].Latest[0].Number != 3 ||
		len(models.Items[0].Aliases) != 0 || len(models.Items[0].Tags) != 0 {
		t.Errorf("models: %+v, %v", models, err)
	}
	versions, err := r.SearchVersions(ctx, core.VersionQuery{})
	if err != nil || len(versions.Items) != 1 {
		t.Errorf("versions: %+v, %v", versions, err)
	}
	for name, want := range map[string]error{"bad": core.ErrDataLoss, "half": core.ErrDataLoss, "elsewhere": core.ErrNotFound, "link": core.ErrState} {
		_, err := r.Model(ctx, name)
		wantError(t, name, err, want)
	}
	_, err = r.CreateModel(ctx, core.ModelSpec{Name: "half"})
	wantError(t, "create over a half one", err, core.ErrExists)
	if v := mustVersion(t, r, "good"); v.Number != 10 {
		t.Errorf("the number after a half-made version 9 is %d", v.Number)
	}
	check(t, r.DeleteModel(ctx, "half")) // a way to get rid of it

	found := map[string]bool{}
	for finding, err := range r.Check(ctx) {
		check(t, err)
		found[strings.TrimPrefix(finding.Path, "models/")] = true
	}
	want := []string{
		"bad/meta.yaml", "elsewhere/meta.yaml", "good/aliases/none", "good/aliases/text", "good/tags/bad&key",
		"good/version-1/meta.yaml", "good/version-2/meta.yaml", "good/version-9/meta.yaml", "good/version-x", "link", "stray",
	}
	for _, name := range want {
		if !found[name] {
			t.Errorf("the check did not find %s; it found %v", name, found)
		}
		delete(found, name)
	}
	if len(found) != 0 {
		t.Errorf("the check found %v too", found)
	}
	if !seen["models/bad/meta.yaml"] || !seen["models/good/version-2/meta.yaml"] {
		t.Errorf("searches reported %v", seen)
	}
}

// A process that does not know our lock, such as MLflow, takes numbers meanwhile: none is given twice.
func TestRegistryNumbersBesideMLflow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRegistry(t, dir)
	mustModel(t, r, "m")
	folder := filepath.Join(dir, "models", "m")
	stop := make(chan struct{})
	var other sync.WaitGroup
	var taken []string
	other.Go(func() {
		for n := 1; len(taken) < 300; n++ {
			select {
			case <-stop:
				return
			default:
			}
			name := fmt.Sprintf("version-%d", n)
			if err := os.Mkdir(filepath.Join(folder, name), 0o700); err == nil {
				taken = append(taken, name)
			} else if !errors.Is(err, fs.ErrExist) {
				t.Error(err)
			}
			n = max(n, highest(t, folder)-1)
		}
	})
	var ours []string
	for range 30 {
		ours = append(ours, fmt.Sprintf("version-%d", mustVersion(t, r, "m").Number))
	}
	close(stop)
	other.Wait()
	for _, name := range ours {
		if slices.Contains(taken, name) {
			t.Errorf("%s was given and taken", name)
		}
		if _, err := os.Stat(filepath.Join(folder, name, "meta.yaml")); err != nil {
			t.Error(err)
		}
	}
}

func highest(t *testing.T, folder string) int {
	t.Helper()
	entries, err := os.ReadDir(folder)
	check(t, err)
	most := 0
	for _, entry := range entries {
		var n int
		if _, err := fmt.Sscanf(entry.Name(), "version-%d", &n); err == nil {
			most = max(most, n)
		}
	}
	return most
}

func TestRegistryReadOnlyAndClosed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mlruns")
	reader, err := file.NewRegistry(dir, file.RegistryOptions{ReadOnly: true})
	check(t, err)
	page, err := reader.SearchModels(t.Context(), core.ModelQuery{})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("empty: %+v, %v", page, err)
	}
	_, err = reader.CreateModel(t.Context(), core.ModelSpec{Name: "m"})
	wantError(t, "create", err, core.ErrPermission)
	if _, err := os.Lstat(dir); err == nil {
		t.Error("reading made the folder")
	}
	mustModel(t, newRegistry(t, dir), "m")
	_, err = reader.Model(t.Context(), "m")
	check(t, err)
	check(t, errors.Join(reader.Close(), reader.Close()))
	_, err = reader.Model(t.Context(), "m")
	wantError(t, "closed", err, core.ErrClosed)
}

// A change that is done at Relaxed durability is the same change.
func TestRegistryRelaxed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, err := file.NewRegistry(dir, file.RegistryOptions{Durability: file.Relaxed})
	check(t, err)
	mustModel(t, r, "m")
	mustVersion(t, r, "m")
	name := "n"
	_, err = r.UpdateModel(t.Context(), "m", core.ModelChange{Name: &name, Tags: core.TagChange{Set: map[string]string{"a": "1", "a/b": "2"}}})
	check(t, err)
	check(t, r.Close())
	m, err := newRegistry(t, dir).Model(t.Context(), "n")
	check(t, err)
	if diff := cmp.Diff(map[string]string{"a": "1", "a/b": "2"}, m.Tags); diff != "" || len(m.Latest) != 1 {
		t.Error(diff, m.Latest)
	}
}

// Who waits for the lock gives up when its context ends.
func TestRegistryWaitsNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	r := newRegistry(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.CreateModel(ctx, core.ModelSpec{Name: "m"})
	wantError(t, "create", err, context.Canceled)
	if _, err := r.Model(t.Context(), "m"); !errors.Is(err, core.ErrNotFound) {
		t.Error(err)
	}
}
