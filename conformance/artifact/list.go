package artifact

import (
	"context"
	"fmt"
	"slices"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func statCases() []entry {
	return []entry{{
		ID: "AR-026", Name: "stat/file-dir-missing",
		Rule: "Stat tells a file, a directory and nothing apart, with the size and, where declared, the time of a file.",
		Run:  inYard(statKinds),
	}}
}

func listCases() []entry {
	return []entry{
		{
			ID: "AR-027", Name: "list/zero-byte-is-a-file", Rule: "An empty file is a file, not a directory.",
			Why: "fasttrackml's listing of GCS shows it as a directory", Run: inYard(listZeroByte),
		},
		{ID: "AR-028", Name: "list/root-empty", Rule: "The root of an empty repository lists nothing.", Run: listRoot},
		{
			ID: "AR-029", Name: "list/one-level", Rule: "A listing shows what lies directly in the directory, directories once.",
			Run: inYard(listOneLevel),
		},
		{
			ID: "AR-030", Name: "list/recursive", Rule: "A recursive listing shows every file below once, and no directory.",
			Run: inYard(listRecursive),
		},
		{ID: "AR-031", Name: "list/paths-from-root", Rule: "Paths start at the root, not at the dir listed.", Run: inYard(listPaths)},
		{ID: "AR-032", Name: "list/sorted", Rule: "Listings are sorted by the bytes of the path.", Run: inYard(listSorted)},
		{ID: "AR-033", Name: "list/missing-dir", Rule: "A directory that is not there lists nothing.", Run: inYard(listMissing)},
		{ID: "AR-034", Name: "list/of-a-file", Rule: "A file lists nothing.", Run: inYard(listOfFile)},
		{ID: "AR-035", Name: "list/slash-forms", Rule: "One slash at the end changes nothing.", Run: inYard(listSlash)},
		{
			ID: "AR-036", Name: "list/prefix-not-component",
			Rule: "A name that merely starts like the directory is not in it.", Run: inYard(listPrefix),
		},
		{ID: "AR-037", Name: "list/hidden-files", Rule: "Names that start with a dot are listed.", Run: inYard(listHidden)},
		{ID: "AR-038", Name: "list/sizes-and-times", Rule: "An entry says what Stat says.", Run: inYard(listAsStat)},
		{ID: "AR-045", Name: "list/after-put-and-delete", Rule: "A listing shows every change before it.", Run: inYard(listAfter)},
	}
}

func statKinds(y *yard) {
	began := core.Now()
	y.put("dir/f", "four")
	got := y.stat("dir/f")
	conformance.Equal(y, "path", got.Path, y.at("dir/f"))
	conformance.Equal(y, "Dir of a file", got.Dir, false)
	conformance.Equal(y, "size", got.Size, 4)
	if y.env.Info.Has(core.ArtifactMtime) {
		const tick = 20 // file systems stamp with the kernel's tick, which is behind the clock
		y.env.CheckTime(y, "ModTime", got.ModTime, began-tick)
	} else {
		conformance.Equal(y, "ModTime, which is not declared", got.ModTime, 0)
	}
	conformance.Equal(y, "Stat of a directory", y.stat("dir"), core.Artifact{Path: y.at("dir"), Dir: true})
	for _, name := range []string{"missing", "di", "dir/f/g", "dir/missing"} {
		_, err := y.store.Stat(y.ctx, y.at(name))
		conformance.Refused(y, fmt.Sprintf("Stat(%q)", name), err, core.ErrNotFound, y.at(name))
	}
}

func listZeroByte(y *yard) {
	y.put("empty", "")
	y.put("dir/empty", "")
	y.lists("", "dir/", "empty")
	y.listsAll("", "dir/empty", "empty")
	y.lists("dir", "dir/empty")
}

func listOneLevel(y *yard) {
	for _, name := range []string{"a", "b/1", "b/2", "b/c/3", "b/c/4", "d/e/f/g"} {
		y.put(name, "x")
	}
	y.lists("", "a", "b/", "d/")
	y.lists("b", "b/1", "b/2", "b/c/")
	y.lists("d", "d/e/")
	y.lists("d/e/f", "d/e/f/g")
}

func listRecursive(y *yard) {
	all := []string{"a", "b/1", "b/2", "b/c/3", "d/e/f/g"}
	for _, name := range all {
		y.put(name, "x")
	}
	y.listsAll("", all...)
	y.listsAll("b", "b/1", "b/2", "b/c/3")
	y.listsAll("d/e", "d/e/f/g")
}

func listPaths(y *yard) {
	y.put("a/b", "x")
	y.put("a/c/d", "x")
	for _, recursive := range []bool{false, true} {
		y.env.Observe(y, func(ctx context.Context, s store) error {
			entries, err := list(ctx, s, y.at("a"), core.ListOptions{Recursive: recursive})
			if err != nil {
				return err
			}
			want := []string{y.at("a/b"), y.at("a/c")}
			if recursive {
				want[1] = y.at("a/c/d")
			}
			for i, a := range entries {
				if len(entries) != 2 || a.Path != want[i] {
					return fmt.Errorf("listing %q, recursive %v: got %+v, want the paths %q", y.at("a"), recursive, entries, want)
				}
			}
			return nil
		})
	}
}

func listSorted(y *yard) {
	for _, name := range []string{"b", "Z", "a b", "a-b/x", "a.b", "a/x", "10", "9", "_", "a0"} {
		y.put(name, "x")
	}
	var last []string
	for _, name := range []string{"é", "ä", "日本"} {
		if y.takes(name, "x") {
			last = append(last, name)
		}
	}
	slices.Sort(last)
	// By the path of the entry: that of a directory has no slash, so that a comes before "a b", though a/x comes after it.
	y.lists("", append([]string{"10", "9", "Z", "_", "a/", "a b", "a-b/", "a.b", "a0", "b"}, last...)...)
	y.listsAll("", append([]string{"10", "9", "Z", "_", "a b", "a-b/x", "a.b", "a/x", "a0", "b"}, last...)...)
}

func listMissing(y *yard) {
	y.lists("missing")
	y.listsAll("missing")
	y.put("there", "x")
	y.lists("missing")
	y.lists("th")
	y.lists("missing/deeper")
}

func listOfFile(y *yard) {
	y.put("dir/f", "x")
	y.lists("dir/f")
	y.listsAll("dir/f")
	y.lists("dir/f/below")
}

func listSlash(y *yard) {
	y.put("a/b", "x")
	y.lists("a/", "a/b")
	y.listsAll("a/", "a/b")
	for _, dir := range []string{"/", "//" + y.at("a"), "/" + y.at("a"), y.at("a") + "//"} {
		_, err := y.store.List(y.ctx, dir, core.ListOptions{})
		conformance.Refused(y, fmt.Sprintf("List(%q)", dir), err, core.ErrInvalid)
	}
}

func listPrefix(y *yard) {
	for _, name := range []string{"m/x", "m2/x", "m.txt", "ma/m/x", "M/x"} {
		y.put(name, "x")
	}
	y.lists("m", "m/x")
	y.listsAll("m", "m/x")
	y.lists("ma", "ma/m/")
}

func listHidden(y *yard) {
	y.put(".x", "x")
	y.put(".git/config", "x")
	y.put("...", "x")
	y.lists("", "...", ".git/", ".x")
	y.listsAll("", "...", ".git/config", ".x")
}

func listAsStat(y *yard) {
	y.put("a", "1")
	y.put("b", "22")
	y.put("c/d", "333")
	y.put("e", "")
	for _, recursive := range []bool{false, true} {
		y.env.Observe(y, func(ctx context.Context, s store) error {
			entries, err := list(ctx, s, y.dir, core.ListOptions{Recursive: recursive})
			if err != nil || len(entries) != 4 {
				return fmt.Errorf("got %+v, %w, want four entries", entries, orNone(err))
			}
			for _, a := range entries {
				got, err := s.Stat(ctx, a.Path)
				if a.SHA256 == "" { // a listing need not know it
					got.SHA256 = ""
				}
				if err != nil || got != a {
					return fmt.Errorf("in the listing %+v, from Stat %+v, %w", a, got, orNone(err))
				}
			}
			return nil
		})
	}
}

func listAfter(y *yard) {
	y.put("a", "x")
	y.lists("", "a")
	y.put("b/c", "x")
	y.lists("", "a", "b/")
	y.remove("a")
	y.lists("", "b/")
	y.put("a/now-a-directory", "x")
	y.lists("", "a/", "b/")
	y.remove("b/c")
	y.listsAll("", "a/now-a-directory")
}

// emptyRoot opens a repository that is not the one of the run, so that its root may be looked at and emptied. Where the
// harness always opens the same data, the case is skipped: it would touch what others own.
func emptyRoot(t check, e *env) store {
	t.Helper()
	y := newYard(t, e, e.Store)
	y.put("marker", "x")
	s := e.Fresh(t)
	if _, err := s.Stat(t.Context(), y.dir); err == nil {
		t.Skip("the harness opens no repository other than that of the run")
	}
	return s
}

func listRoot(t check, e *env) {
	s := emptyRoot(t, e)
	for _, recursive := range []bool{false, true} {
		page, err := s.List(t.Context(), "", core.ListOptions{Recursive: recursive})
		conformance.NoError(t, "List of an empty root", err)
		conformance.Equal(t, "List of an empty root", page, core.Page[core.Artifact]{})
	}
	_, err := s.Put(t.Context(), "f", newText("x"), core.PutOptions{})
	conformance.NoError(t, "Put", err)
	page, err := s.List(t.Context(), "", core.ListOptions{})
	conformance.NoError(t, "List", err)
	if len(page.Items) != 1 || page.Items[0].Path != "f" {
		t.Errorf("List of the root: got %+v, want f alone", page.Items)
	}
	conformance.NoError(t, "Delete", s.Delete(t.Context(), "f", core.DeleteOptions{}))
}
