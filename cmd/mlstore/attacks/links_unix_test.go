//go:build unix

package attacks_test

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const files = "/api/2.0/mlflow-artifacts/artifacts"

// Rows S01 to S08: what lies among the artifacts and is neither a file nor a folder, put there by somebody with a shell.
func TestLinksAmongArtifacts(t *testing.T) {
	t.Parallel()
	g := newTarget(t, "file", nil)
	experiment, run := g.runIn("links")
	below := experiment + "/" + run + "/artifacts"
	root := filepath.Join(g.dir, "artifacts", filepath.FromSlash(below))
	must(t, os.MkdirAll(filepath.Join(root, "d"), 0o700))
	must(t, os.WriteFile(filepath.Join(root, "d", "kept"), []byte("kept"), 0o600))
	must(t, os.Symlink(g.outside, filepath.Join(root, "dir")))                               // S01, S02
	must(t, os.Symlink(filepath.Join(g.outside, "canary"), filepath.Join(root, "file")))     // S04
	must(t, os.Symlink("../../../../../outside/canary", filepath.Join(root, "d", "climbs"))) // relative, and out
	must(t, os.Symlink(".", filepath.Join(root, "d", "loop")))                               // S06
	must(t, os.Symlink("/proc/self/root", filepath.Join(root, "magic")))
	must(t, os.Symlink("nothing", filepath.Join(root, "broken")))
	must(t, syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600)) // S08

	started := time.Now()
	for _, name := range []string{
		"dir", "dir/canary", "dir/etc/passwd", "dir/new", "file", "d/climbs", "d/loop/climbs", "magic/etc/passwd", "broken", "pipe", "file/x", "pipe/x",
		"d/loop/loop/loop/dir",
	} {
		for _, s := range surfaces() {
			given := name
			if s.wire {
				given = below + "/" + name
			}
			if s.only == "list" && s.wire || s.only == "delete" {
				continue // judged below
			}
			if strings.Contains(s.name, "mlflow-artifacts/artifacts?path=") {
				given = below + "/" + name
			}
			a := s.send(g, run, "m-none", given)
			switch {
			case s.only == "list" && a.status == http.StatusOK:
				if strings.Contains(a.body, "canary") || strings.Contains(a.body, "passwd") {
					t.Errorf("%s of %s: %s", s.name, name, a.body)
				}
			case a.status < 400 || a.status >= 500 && a.status != http.StatusNotImplemented:
				t.Errorf("%s of %s: %d %.300s", s.name, name, a.status, a.body)
			}
		}
	}
	before := runtime.NumGoroutine()
	for range 100 { // S08: nothing waits for whoever writes into the pipe
		if a := g.send("GET", "/get-artifact?path=pipe&run_id="+run, ""); a.status != http.StatusBadRequest && a.status != http.StatusNotFound {
			t.Fatalf("the pipe: %d %s", a.status, a.body)
		}
	}
	if left := runtime.NumGoroutine() - before; left > 20 {
		t.Errorf("%d goroutines are left of reading a pipe", left)
	}
	for _, at := range []string{files + "?path=" + below, "/api/2.0/mlflow/artifacts/list?run_id=" + run} { // equal everywhere
		a := g.send("GET", at, "")
		for _, name := range []string{"dir", "file", "magic", "broken", "pipe"} {
			if strings.Contains(a.body, `"path":"`+name+`"`) {
				t.Errorf("%s: %s", at, a.body)
			}
		}
	}
	if took := time.Since(started); took > 30*time.Second {
		t.Errorf("all of it took %v", took)
	}

	for _, name := range []string{"dir/canary", "dir/etc", "dir", "file", "magic", ""} { // deleting follows no link
		g.send("DELETE", strings.TrimSuffix(files+"/"+below+"/"+name, "/"), "")
	}
	if _, err := os.Lstat(filepath.Join(g.outside, "canary")); err != nil {
		t.Error(err)
	}
}

// Row S10: while somebody flips a folder and a link, nobody reads or writes through the link.
func TestAFolderThatBecomesALink(t *testing.T) {
	t.Parallel()
	g := newTarget(t, "file", nil)
	experiment, run := g.runIn("flips")
	below := experiment + "/" + run + "/artifacts"
	root := filepath.Join(g.dir, "artifacts", filepath.FromSlash(below))
	folder, link := filepath.Join(root, "folder"), filepath.Join(root, "link")
	must(t, os.MkdirAll(folder, 0o700))
	must(t, os.WriteFile(filepath.Join(folder, "canary"), []byte("inside"), 0o600))
	must(t, os.Symlink(g.outside, link))
	end := make(chan struct{})
	var flipping, asking sync.WaitGroup
	flips := 0
	flipping.Go(func() {
		at := filepath.Join(root, "d")
		for ; ; flips++ {
			select {
			case <-end:
				return
			default:
			}
			for _, from := range []string{folder, link} {
				if os.Rename(from, at) == nil {
					_ = os.Rename(at, from)
				}
			}
		}
	})
	for range 4 {
		asking.Go(func() {
			for range 200 {
				a := g.send("GET", files+"/"+below+"/d/canary", "") // which looks for the canary's bytes
				if a.status == http.StatusOK && a.body != "inside" {
					t.Errorf("%d %s", a.status, a.body)
				}
				g.send("PUT", files+"/"+below+"/d/new", "written")
			}
		})
	}
	asking.Wait()
	close(end)
	flipping.Wait()
	if flips < 100 {
		t.Errorf("it was flipped only %d times", flips)
	}
}

// Row S12: the folder of the artifacts may be a link itself.
func TestARootThatIsALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk")
	must(t, os.MkdirAll(disk, 0o700))
	must(t, os.Symlink(disk, filepath.Join(dir, "artifacts")))
	g := newTargetAt(t, dir, backends()["file"](t, dir), nil)
	if a := g.send("PUT", files+"/d/f", "x"); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := g.send("GET", files+"/d/f", ""); a.body != "x" {
		t.Errorf("%d %s", a.status, a.body)
	}
}
