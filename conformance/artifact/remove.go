package artifact

import (
	"context"
	"fmt"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func deleteCases() []entry {
	return []entry{
		{
			ID: "AR-054", Name: "delete/file", Rule: "A deleted file is gone, however one looks, and its siblings are not.",
			Run: inYard(deleteFile),
		},
		{
			ID: "AR-055", Name: "delete/missing", Rule: "Deleting what is not there succeeds and changes nothing (D-11).",
			Run: inYard(deleteMissing),
		},
		{
			ID: "AR-056", Name: "delete/prefix-safe",
			Rule: "Deleting a path spares every sibling whose name merely starts with it (D-11).",
			Why:  "MLflow's S3, GCS and Azure stores delete by prefix", Run: inYard(deletePrefix),
		},
		{
			ID: "AR-057", Name: "delete/tree", Rule: "Deleting a directory deletes everything below it and nothing else.",
			Run: inYard(deleteTree),
		},
		{
			ID: "AR-059", Name: "delete/root", Rule: "The root is deleted with DeleteOptions.All alone, and then it is empty.",
			Run: deleteRoot,
		},
		{
			ID: "AR-060", Name: "delete/tree-of-2501", Level: conformance.Extended, Rule: "A tree of any size is deleted whole.",
			Why: "object stores delete a thousand keys at a time", Run: inYard(deleteBigTree),
		},
		{
			ID: "AR-061", Name: "delete/then-recreate", Rule: "A deleted path can be used again, as a file or a directory.",
			Run: inYard(deleteRecreate),
		},
		{
			ID: "AR-062", Name: "delete/empty-parent-disappears",
			Rule: "A directory is what has something below it: with its last file it is gone.", Run: inYard(deleteLast),
		},
	}
}

func deleteFile(y *yard) {
	for _, name := range []string{"a", "b", "d/a", "d/b"} {
		y.put(name, name)
	}
	y.remove("a")
	y.lacks("a")
	y.remove("d/b")
	y.lacks("d/b")
	y.listsAll("", "b", "d/a")
	y.holds("b", "b")
	y.holds("d/a", "d/a")
}

func deleteMissing(y *yard) {
	y.put("there", "x")
	y.put("dir/there", "x")
	for _, name := range []string{"missing", "missing/deeper", "th", "there/below", "dir/missing"} {
		y.remove(name)
		y.remove(name)
	}
	y.listsAll("", "dir/there", "there")
	y.holds("there", "x")
}

func deletePrefix(y *yard) {
	files := []string{"m/x", "m/y/z", "m2/x", "m.txt", "ma/x", "m-/x", "M/x", "n/m/x"}
	fill := func() {
		for _, name := range files {
			y.put(name, name)
		}
	}
	fill()
	y.remove("m")
	y.listsAll("", "M/x", "m-/x", "m.txt", "m2/x", "ma/x", "n/m/x")
	fill()
	y.remove("m.txt")
	y.remove("m/y")
	y.listsAll("", "M/x", "m-/x", "m/x", "m2/x", "ma/x", "n/m/x")
	y.holds("m2/x", "m2/x")
}

func deleteTree(y *yard) {
	for _, name := range []string{"t/1", "t/d/2", "t/d/e/3", "t/d2/4", "u/t/5", "t2"} {
		y.put(name, name)
	}
	y.remove("t/d")
	y.lacks("t/d")
	y.listsAll("", "t/1", "t/d2/4", "t2", "u/t/5")
	y.remove("t")
	y.lacks("t")
	y.lacks("t/d2/4")
	y.listsAll("", "t2", "u/t/5")
}

func deleteRoot(t check, e *env) {
	own := newYard(t, e, e.Store)
	own.put("neighbor", "x")
	for _, o := range []core.DeleteOptions{{}} {
		conformance.Refused(t, "deleting the root without All", e.Store.Delete(t.Context(), "", o), core.ErrInvalid)
		own.holds("neighbor", "x")
	}
	s := emptyRoot(t, e)
	for _, name := range []string{"a", ".hidden", "d/e/f"} {
		_, err := s.Put(t.Context(), name, newText("x"), core.PutOptions{})
		conformance.NoError(t, "Put", err)
	}
	conformance.NoError(t, "deleting everything", s.Delete(t.Context(), "", core.DeleteOptions{All: true}))
	entries, err := list(t.Context(), s, "", core.ListOptions{Recursive: true})
	conformance.NoError(t, "List", err)
	if len(entries) > 0 {
		t.Errorf("after deleting everything the root lists %+v", entries)
	}
	conformance.NoError(t, "deleting everything again", s.Delete(t.Context(), "", core.DeleteOptions{All: true}))
	_, err = s.Put(t.Context(), "a", newText("y"), core.PutOptions{})
	conformance.NoError(t, "Put afterwards", err)
	got, err := readAll(t.Context(), s, "a", core.ReadOptions{})
	conformance.NoError(t, "reading afterwards", err)
	conformance.Equal(t, "content afterwards", string(got), "y")
	conformance.NoError(t, "deleting everything", s.Delete(t.Context(), "", core.DeleteOptions{All: true}))
	own.holds("neighbor", "x")
}

func deleteBigTree(y *yard) {
	var names []string
	for i := range 2501 {
		names = append(names, fmt.Sprintf("tree/%02d/%04d", i%40, i))
	}
	y.fill(names)
	y.put("tree2", "x")
	y.remove("tree")
	y.lacks("tree")
	y.listsAll("", "tree2")
}

func deleteRecreate(y *yard) {
	y.put("p", strings.Repeat("old", 100))
	y.remove("p")
	y.put("p", "new")
	y.holds("p", "new")
	conformance.Equal(y, "size", y.stat("p").Size, 3)
	y.remove("p")
	y.put("p/below", "a directory now")
	y.holds("p/below", "a directory now")
	conformance.Equal(y, "p is a directory", y.stat("p").Dir, true)
	y.remove("p")
	y.put("p", "a file again")
	y.holds("p", "a file again")
	y.listsAll("", "p")
}

func deleteLast(y *yard) {
	y.put("stays", "x")
	y.put("d/e/f", "x")
	y.put("d/g", "x")
	y.remove("d/e/f")
	y.lacks("d/e")
	y.lists("", "d/", "stays")
	y.remove("d/g")
	y.lacks("d")
	y.lists("", "stays")
	y.env.Observe(y, func(ctx context.Context, s store) error {
		entries, err := list(ctx, s, y.at("d"), core.ListOptions{})
		if err == nil && len(entries) > 0 {
			err = fmt.Errorf("the directory that is gone lists %+v", entries)
		}
		return err
	})
	y.put("d", "a file where the directory was")
	y.holds("d", "a file where the directory was")
	y.put("g/h/i", "x")
	y.remove("g/h/i")
	y.put("g", "a file where a tree was")
	y.holds("g", "a file where a tree was")
}
