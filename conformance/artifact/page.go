package artifact

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func pageCases() []entry {
	return []entry{
		{
			ID: "AR-039", Name: "list/pages-exactly-once", Rule: "Pages of any length yield every entry once, in order.",
			Run: inYard(pagesOnce),
		},
		{
			ID: "AR-042", Name: "list/stable-while-inserting", Level: conformance.Extended, Needs: []core.Capability{core.PagesKeyset},
			Rule: "Files that are there all along are listed exactly once while others come.", Run: inYard(pagesInserting),
		},
		{
			ID: "AR-043", Name: "list/stable-while-deleting", Level: conformance.Extended, Needs: []core.Capability{core.PagesKeyset},
			Rule: "Files that are there all along are listed exactly once while others go.", Run: inYard(pagesDeleting),
		},
		{
			ID: "AR-044", Name: "list/token-garbage",
			Rule: "A token that the store did not make, or made for another listing, is ErrInvalid.", Run: inYard(pageTokens),
		},
		{
			ID: "AR-106", Name: "list/limits",
			Rule: "A page limit of 0 is the default; below 0 and above the maximum are ErrInvalid (D-21).", Run: inYard(pageLimits),
		},
	}
}

func bigPageCases() []entry {
	return []entry{
		{
			ID: "AR-040", Name: "list/beyond-one-internal-page", Level: conformance.Extended,
			Rule: "Directories of any size are listed whole.", Why: "object stores list a thousand keys at a time",
			Run: inYard(bigDirectories),
		},
		{
			ID: "AR-041", Name: "list/deep", Level: conformance.Extended, Rule: "Directories nest as deep as a path allows.",
			Run: inYard(deepDirectories),
		},
	}
}

// walk lists page by page, calling between after each page that is not the last.
func (y *yard) walk(dir string, o core.ListOptions, between func()) []string {
	y.Helper()
	const most = 10_000 // pages
	var entries []core.Artifact
	for range most {
		page, err := y.env.Second().List(y.ctx, y.at(dir), o)
		conformance.NoError(y, "List", err)
		limit := o.Limit
		if limit == 0 {
			limit = y.env.Limits.ArtifactPage.Default
		}
		if len(page.Items) > limit {
			y.Fatalf("a page has %d entries, want at most %d", len(page.Items), limit)
		}
		entries = append(entries, page.Items...)
		if page.Next == "" {
			return y.names(entries)
		}
		o.Token = page.Next
		between()
	}
	y.Fatalf("the listing does not end after %d pages", most)
	return nil
}

// sees is nil when the second handle lists all files, so that a walk may begin.
func (y *yard) settled(want []string) {
	y.Helper()
	y.listsAll("", want...)
}

func pagesOnce(y *yard) {
	var files, top []string
	for i := range 7 {
		files = append(files, fmt.Sprintf("d%d/%d", i/2, i), fmt.Sprintf("f%d", i))
		top = append(top, fmt.Sprintf("f%d", i))
	}
	for i := range 4 {
		top = append(top, fmt.Sprintf("d%d/", i))
	}
	for _, name := range files {
		y.put(name, "x")
	}
	slices.Sort(files)
	slices.Sort(top)
	y.settled(files)
	for _, recursive := range []bool{false, true} {
		want := top
		if recursive {
			want = files
		}
		n := len(want)
		for _, limit := range []int{1, 2, 3, n - 1, n, n + 1, 0} {
			o := core.ListOptions{Recursive: recursive, PageOptions: core.PageOptions{Limit: limit}}
			conformance.Equal(y, fmt.Sprintf("pages of %d, recursive %v", limit, recursive), y.walk("", o, func() {}), want)
		}
	}
}

// lasting are files that stay, with gaps between them for files that come and go.
func (y *yard) lasting(n int) []string {
	var all []string
	for i := range n {
		name := fmt.Sprintf("%03d-stays", 2*i)
		y.put(name, "x")
		all = append(all, name)
	}
	return all
}

func onlyLasting(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.HasSuffix(name, "-stays") })
}

func pagesInserting(y *yard) {
	want := y.lasting(12)
	y.settled(want)
	for _, limit := range []int{1, 3, 5} {
		n := 0
		got := y.walk("", core.ListOptions{PageOptions: core.PageOptions{Limit: limit}}, func() {
			n++
			if n > 30 { // those that come behind the cursor must not keep a walk going for ever
				return
			}
			y.put(fmt.Sprintf("000-%d-%d", limit, n), "x") // before everything seen so far
			y.put(fmt.Sprintf("%03d-%d-%d", 2*n+1, limit, n), "x")
		})
		conformance.Equal(y, fmt.Sprintf("the files that stay, in pages of %d", limit), onlyLasting(got), want)
		if slices.Sort(got); len(slices.Compact(slices.Clone(got))) != len(got) {
			y.Errorf("pages of %d list a file twice: %q", limit, got)
		}
	}
}

func pagesDeleting(y *yard) {
	want := y.lasting(12)
	for _, limit := range []int{1, 3, 5} {
		var going []string
		for i := range 12 {
			name := fmt.Sprintf("%03d-goes", 2*i+1)
			y.put(name, "x")
			going = append(going, name)
		}
		all := slices.Sorted(slices.Values(slices.Concat(want, going)))
		y.settled(all)
		got := y.walk("", core.ListOptions{PageOptions: core.PageOptions{Limit: limit}}, func() {
			if len(going) > 1 { // one that may have been seen, and one that may not
				y.remove(going[0])
				y.remove(going[len(going)-1])
				going = going[1 : len(going)-1]
			}
		})
		conformance.Equal(y, fmt.Sprintf("the files that stay, in pages of %d", limit), onlyLasting(got), want)
	}
}

func pageTokens(y *yard) {
	for i := range 5 {
		y.put(fmt.Sprintf("a/%d", i), "x")
		y.put(fmt.Sprintf("b/%d", i), "x")
	}
	for _, token := range []string{"garbage", "%%%", "MTA=", `{"offset": 2}`, strings.Repeat("A", 5000), "\x00", "é"} {
		o := core.ListOptions{PageOptions: core.PageOptions{Token: token}}
		_, err := y.store.List(y.ctx, y.at("a"), o)
		conformance.Refused(y, fmt.Sprintf("List with the token %.20q", token), err, core.ErrInvalid)
	}
	if !y.env.Info.Has(core.PagesKeyset) { // only a keyset's tokens are bound to their listing
		return
	}
	page, err := y.store.List(y.ctx, y.at("a"), core.ListOptions{PageOptions: core.PageOptions{Limit: 2}})
	conformance.NoError(y, "List", err)
	if page.Next == "" {
		y.Fatal("2 of 5 files in the page, and no token for the rest")
	}
	o := core.ListOptions{PageOptions: core.PageOptions{Limit: 2, Token: page.Next}}
	_, err = y.store.List(y.ctx, y.at("b"), o)
	conformance.Refused(y, "List with the token of another directory", err, core.ErrInvalid)
	o.Recursive = true
	_, err = y.store.List(y.ctx, y.at("a"), o)
	conformance.Refused(y, "a recursive List with the token of one that is not", err, core.ErrInvalid)
}

func pageLimits(y *yard) {
	y.put("f", "x")
	most := y.env.Limits.ArtifactPage.Max
	for _, limit := range []int{0, 1, most} {
		y.walk("", core.ListOptions{PageOptions: core.PageOptions{Limit: limit}}, func() {})
	}
	for _, limit := range []int{-1, most + 1} {
		_, err := y.store.List(y.ctx, y.dir, core.ListOptions{PageOptions: core.PageOptions{Limit: limit}})
		conformance.Refused(y, fmt.Sprintf("List with a limit of %d", limit), err, core.ErrInvalid)
	}
}

// fill stores many small files at once.
func (y *yard) fill(names []string) {
	y.Helper()
	const writers = 8
	errs := make([]error, writers)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := w; i < len(names); i += writers {
				if _, err := y.store.Put(y.ctx, y.at(names[i]), newText("x"), core.PutOptions{}); err != nil {
					errs[w] = err
					return
				}
			}
		})
	}
	all.Wait()
	conformance.NoError(y, "Put", errors.Join(errs...))
}

func bigDirectories(y *yard) {
	var files, inDirs, dirs []string
	for i := range 2501 {
		files = append(files, fmt.Sprintf("files/%04d", i))
	}
	for i := range 1001 {
		dirs = append(dirs, fmt.Sprintf("dirs/%04d/", i))
		inDirs = append(inDirs, fmt.Sprintf("dirs/%04d/f", i))
	}
	y.fill(files)
	y.fill(inDirs)
	y.lists("files", files...)
	y.lists("dirs", dirs...)
	y.listsAll("", append(slices.Clone(inDirs), files...)...)
	o := core.ListOptions{PageOptions: core.PageOptions{Limit: 1000}}
	conformance.Equal(y, "pages of 1000", y.walk("files", o, func() {}), files)
}

func deepDirectories(y *yard) {
	const depth = 98 // with the yard and the file the 100 components that a path may have
	deep := strings.Repeat("d/", depth) + "f"
	y.put(deep, "deep")
	y.holds(deep, "deep")
	y.listsAll("", deep)
	y.lists(path.Dir(deep), deep)
	y.env.Observe(y, func(ctx context.Context, s store) error {
		a, err := s.Stat(ctx, y.at(path.Dir(deep)))
		if err == nil && !a.Dir {
			err = fmt.Errorf("the deepest directory is no directory: %+v", a)
		}
		return err
	})
	y.remove(strings.TrimSuffix(strings.Repeat("d/", 2), "/"))
	y.lacks(deep)
}

func newText(text string) *strings.Reader { return strings.NewReader(text) }
