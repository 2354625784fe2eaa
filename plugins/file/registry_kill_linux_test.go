package file_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/file"
)

// prepareShelf makes a registry with a model of three versions, and some artifacts.
func prepareShelf(t *testing.T, dir string) {
	t.Helper()
	ctx := t.Context()
	r, err := file.NewRegistry(dir, file.RegistryOptions{})
	check(t, err)
	tags := map[string]string{"k": "old", "gone": "x"}
	for _, name := range []string{"m", "other"} {
		check(t, r.ImportModel(ctx, core.Model{Name: name, CreatedAt: 1, UpdatedAt: 1, Tags: tags}))
		for n := 1; n <= 3; n++ {
			v := core.Version{
				Model: name, Number: n, Source: fmt.Sprint("s3://b/", n), CreatedAt: 1, UpdatedAt: 1, Status: core.VersionReady,
				Stage: core.StageProduction, Tags: tags,
			}
			if n == 2 {
				v.Aliases = []string{"champion", "second"}
			}
			check(t, r.ImportVersion(ctx, v))
		}
	}
	check(t, r.Close())
	a, err := file.NewArtifacts(filepath.Join(dir, "artifacts"), file.ArtifactsOptions{})
	check(t, err)
	mustPut(t, a, "d/f", "old")
	mustPut(t, a, "d/g/h", "old")
	mustPut(t, a, "e", "old")
	check(t, a.Close())
}

// shelf writes down what a registry and artifacts show, but for times: whether they were changed.
func shelf(t *testing.T, dir string) []string {
	t.Helper()
	ctx := t.Context()
	r, err := file.NewRegistry(dir, file.RegistryOptions{Report: func(f file.Finding) { t.Errorf("finding %+v", f) }})
	check(t, err)
	defer func() { check(t, r.Close()) }()
	var lines []string
	models, err := r.SearchModels(ctx, core.ModelQuery{})
	check(t, err)
	for _, m := range models.Items {
		lines = append(lines, fmt.Sprintf("model %q %q changed %v tags %v aliases %v", m.Name, m.Description, m.UpdatedAt != 1, m.Tags, m.Aliases))
	}
	versions, err := r.SearchVersions(ctx, core.VersionQuery{OrderBy: []string{"name", "version_number"}})
	check(t, err)
	for _, v := range versions.Items {
		v.CreatedAt, v.UpdatedAt = 0, min(v.UpdatedAt, 2)
		lines = append(lines, fmt.Sprintf("%+v", v))
	}
	for finding, err := range r.Check(ctx) {
		check(t, err)
		lines = append(lines, fmt.Sprintf("finding %+v", finding))
	}
	a, err := file.NewArtifacts(filepath.Join(dir, "artifacts"), file.ArtifactsOptions{})
	check(t, err)
	defer func() { check(t, a.Close()) }()
	for _, p := range paths(t, a, "", core.ListOptions{Recursive: true}) {
		data := content(t, a, p, core.ReadOptions{})
		lines = append(lines, fmt.Sprintf("artifact %s %d bytes %.5s", p, len(data), data))
	}
	for _, p := range paths(t, a, "", core.ListOptions{}) {
		lines = append(lines, "artifact "+p)
	}
	return lines
}

// TestShelfKilledAtEverySystemCall is TestKilledAtEverySystemCall for registries and artifacts.
func TestShelfKilledAtEverySystemCall(t *testing.T) {
	t.Parallel()
	for name := range shelfActs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newShelfKiller(t, name)
			killed := 0
			for _, call := range shelfCalls() {
				for _, n := range k.sample(call) {
					if k.killShelf(t, call, n) {
						killed++
					}
				}
			}
			if killed < 5 {
				t.Errorf("killed %d times only", killed)
			}
		})
	}
}

func shelfCalls() []string { return append(killable(), "renameat2", "linkat") }

type shelfKiller struct{ killer }

func newShelfKiller(t *testing.T, name string) *shelfKiller {
	t.Helper()
	program, err := os.Executable()
	check(t, err)
	k := &shelfKiller{killer{
		name: name, strace: testenv.Strace(t), program: program, template: filepath.Join(t.TempDir(), "template"),
		calls: map[string][2]int{},
	}}
	prepareShelf(t, k.template)
	dir := k.copy(t)
	k.before = shelf(t, dir)
	log := filepath.Join(t.TempDir(), "strace.log")
	out, err := k.run(t, dir, "-o", log, "-e", "trace="+strings.Join(shelfCalls(), ","))
	if err != nil || out != acknowledge {
		t.Fatalf("the child alone: %v, output %q", err, out)
	}
	k.after = shelf(t, dir)
	if cmp.Equal(k.before, k.after) {
		t.Fatal("the change changes nothing")
	}
	k.count(t, log)
	return k
}

// killShelf kills the child before its n-th call and looks at what is left. It reports whether the child was killed.
func (k *shelfKiller) killShelf(t *testing.T, call string, n int) bool {
	t.Helper()
	dir := k.copy(t)
	out, err := k.run(t, dir, "-o", os.DevNull, "-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", call, n))
	killed := err != nil
	if exit, ok := errors.AsType[*exec.ExitError](err); killed && (!ok || exit.ExitCode() != 137 && exit.ExitCode() != -1) {
		t.Fatalf("%s %d: the child failed: %v", call, n, err)
	}
	place := fmt.Sprintf("killed before %s %d (output %q)", call, n, out)
	k.judge(t, place, shelf(t, dir), out)
	k.judge(t, place+", opened again", shelf(t, dir), out)
	r, err := file.NewRegistry(dir, file.RegistryOptions{})
	check(t, err)
	check(t, r.DeleteAlias(t.Context(), "other", "none")) // a change that is none sweeps
	check(t, r.Close())
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if strings.Contains(path, ".mlstore-tmp-") || strings.HasSuffix(path, "/journal") {
			t.Errorf("%s: left %s", place, path)
		}
		return err
	})
	check(t, err)
	return killed
}
