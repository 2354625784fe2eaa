package artifact

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// localCases look at the files themselves. Without a root they are not applicable.
func localCases(root Root) []entry {
	cases := []entry{
		{
			ID: "AR-076", Name: "path/symlink-out",
			Rule: "A link that leads out of the root is not listed, not read, not written through and not deleted through.",
			Run:  func(t check, e *env) { linksOut(newYard(t, e, e.Store), root) },
		},
		{
			ID: "AR-077", Name: "path/symlink-swap-race", Level: conformance.Extended,
			Rule: "A directory that becomes a link while files are written into it leads nobody out of the root.",
			Run:  func(t check, e *env) { linkSwap(newYard(t, e, e.Store), root) },
		},
		{
			ID: "AR-109", Name: "put/no-leftovers",
			Rule: "A Put that failed or was canceled leaves no file behind, also none that listings hide.",
			Run:  func(t check, e *env) { noLeftovers(newYard(t, e, e.Store), root) },
		},
	}
	for i := range cases {
		if root == nil {
			cases[i].Needs = []core.Capability{inFolder}
		}
	}
	return cases
}

// outside is a folder with a secret, which no repository holds.
func outside(y *yard) (dir string) {
	y.Helper()
	dir = y.TempDir()
	conformance.NoError(y, "writing the secret", os.WriteFile(filepath.Join(dir, "secret"), []byte("secret"), 0o600))
	return dir
}

// untouched holds the folder outside to be as it was.
func untouched(y *yard, dir string) {
	y.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "secret"))
	conformance.NoError(y, "reading the secret", err)
	conformance.Equal(y, "the secret outside of the root", string(content), "secret")
	entries, err := os.ReadDir(dir)
	conformance.NoError(y, "listing the folder outside", err)
	if len(entries) != 1 {
		y.Errorf("the folder outside of the root has %v, want the secret alone", entries)
	}
}

func link(y *yard, to, name string) {
	y.Helper()
	conformance.NoError(y, "making a link", os.Symlink(to, name))
}

func linksOut(y *yard, root Root) {
	dir := outside(y)
	y.put("real/f", "x")
	base := filepath.Join(root(y.store), filepath.FromSlash(y.dir))
	link(y, dir, filepath.Join(base, "dirlink"))
	link(y, filepath.Join(dir, "secret"), filepath.Join(base, "filelink"))
	link(y, "../../../../../../../../etc", filepath.Join(base, "real", "up"))
	for _, name := range []string{"filelink", "dirlink/secret", "real/up/passwd"} {
		if got, err := readAll(y.ctx, y.store, y.at(name), core.ReadOptions{}); err == nil {
			y.Errorf("Open(%q) read %d bytes through a link that leads out of the root", name, len(got))
		}
		if a, err := y.store.Stat(y.ctx, y.at(name)); err == nil && a.Size == int64(len("secret")) {
			y.Errorf("Stat(%q) describes what lies out of the root: %+v", name, a)
		}
		_, _ = y.store.Put(y.ctx, y.at(name), newText("overwritten"), core.PutOptions{}) // it may replace the link itself
		untouched(y, dir)
	}
	_, _ = y.store.Put(y.ctx, y.at("dirlink/new"), newText("new"), core.PutOptions{}) // must not succeed outside
	untouched(y, dir)
	entries, err := list(y.ctx, y.store, y.dir, core.ListOptions{Recursive: true})
	conformance.NoError(y, "List", err)
	for _, a := range entries {
		if strings.Contains(a.Path, "secret") || strings.Contains(a.Path, "passwd") {
			y.Errorf("List shows %q, which lies out of the root", a.Path)
		}
	}
	_ = y.store.Delete(y.ctx, y.at("dirlink/secret"), core.DeleteOptions{}) // whether it may fail is open
	untouched(y, dir)
	_ = y.store.Delete(y.ctx, y.dir, core.DeleteOptions{}) // as above
	untouched(y, dir)
}

func linkSwap(y *yard, root Root) {
	const rounds = 300
	dir := outside(y)
	y.put("d/f", "x")
	base := filepath.Join(root(y.store), filepath.FromSlash(y.dir))
	stop := make(chan struct{})
	var swapping sync.WaitGroup
	swapping.Go(func() { // errors are those of the race itself: the writer makes and removes the same names
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.Rename(filepath.Join(base, "d"), filepath.Join(base, "aside"))
			_ = os.Symlink(dir, filepath.Join(base, "d"))
			_ = os.Remove(filepath.Join(base, "d"))
			_ = os.Rename(filepath.Join(base, "aside"), filepath.Join(base, "d"))
		}
	})
	for range rounds {
		_, _ = y.store.Put(y.ctx, y.at("d/f"), newText("inside"), core.PutOptions{}) // it may fail, but not write elsewhere
		_ = y.store.Delete(y.ctx, y.at("d/secret"), core.DeleteOptions{})            // likewise
	}
	close(stop)
	swapping.Wait()
	untouched(y, dir)
}

func noLeftovers(y *yard, root Root) {
	y.put("d/f", "before")
	dir := filepath.Join(root(y.store), filepath.FromSlash(y.dir))
	count := func() (n int) {
		err := filepath.WalkDir(dir, func(string, fs.DirEntry, error) error { n++; return nil })
		conformance.NoError(y, "walking the folder", err)
		return n
	}
	before := count()
	for range 5 {
		for _, name := range []string{"d/f", "d/new", "e/new"} {
			if _, err := y.store.Put(y.ctx, y.at(name), broken("half"), core.PutOptions{}); !errors.Is(err, errSource) {
				y.Errorf("Put from a broken reader: got error %v, want the reader's", err)
			}
		}
	}
	if after := count(); after > before {
		y.Errorf("there are %d files and folders more than before Puts that failed", after-before)
	}
	y.holds("d/f", "before")
}
