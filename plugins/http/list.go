package http

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/names"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
	"github.com/mlstore/mlstore/rest"
)

// List lists a directory. MLflow's API has no pages here: each costs a request for the whole directory, and the token is the
// last name.
func (a *Artifacts) List(ctx context.Context, dir string, o core.ListOptions) (page core.Page[core.Artifact], err error) {
	err = a.read(ctx, "list artifacts", dir, func(ctx context.Context) error {
		p, err := a.profile(ctx)
		if err != nil {
			return err
		}
		if dir, err = core.CheckArtifactDir(dir); err != nil {
			return err
		}
		if err := a.survives(ctx, dir); err != nil {
			return err
		}
		s, err := newSearch([2]string{dir, strconv.FormatBool(o.Recursive)}, &o.PageOptions, p.limits.ArtifactPage)
		if err != nil {
			return err
		}
		w := walk{files: a, recursive: o.Recursive, after: s.token, want: s.limit + 1}
		if err := w.dir(ctx, dir); err != nil {
			return err
		}
		page.Items = w.found
		if len(page.Items) > s.limit {
			page.Items = page.Items[:s.limit]
			page.Next = s.next(page.Items[s.limit-1].Path)
		}
		return nil
	})
	return page, err
}

// walk collects what comes after a path, in the order of the bytes of paths, until there is enough.
type walk struct {
	files     *Artifacts
	recursive bool
	after     string
	want      int
	found     []core.Artifact
}

func (w *walk) dir(ctx context.Context, dir string) error {
	list, _, err := w.files.entries(ctx, dir)
	if err != nil {
		return err
	}
	if w.recursive { // what is in a directory comes where its name with a slash would
		slices.SortFunc(list, func(a, b core.Artifact) int { return cmp.Compare(place(a), place(b)) })
	}
	for _, entry := range list {
		if len(w.found) == w.want {
			return nil
		}
		if err := w.entry(ctx, entry); err != nil {
			return err
		}
	}
	return nil
}

func place(a core.Artifact) string {
	if a.Dir {
		return a.Path + "/"
	}
	return a.Path
}

func (w *walk) entry(ctx context.Context, entry core.Artifact) error {
	if w.recursive && entry.Dir {
		if below := entry.Path + "/"; below > w.after || strings.HasPrefix(w.after, below) {
			return w.dir(ctx, entry.Path)
		}
		return nil
	}
	if entry.Path <= w.after {
		return nil
	}
	there, err := w.files.real(ctx, entry)
	if there {
		w.found = append(w.found, entry)
	}
	return err
}

// entries asks for what lies directly in a directory, sorted. Names that are none here are left out; others reports whether
// there are any.
func (a *Artifacts) entries(ctx context.Context, dir string) (list []core.Artifact, others bool, err error) {
	list, others, err = a.listed(ctx, dir)
	if err != nil || others || dir == "" || len(list) != 1 || list[0].Dir || path.Base(list[0].Path) != path.Base(dir) {
		return list, others, err
	}
	// Some of MLflow's stores list a file as if it were in itself: its parent tells.
	parent, _ := path.Split(dir)
	siblings, _, err := a.listed(ctx, strings.TrimSuffix(parent, "/"))
	if err != nil {
		return nil, false, err
	}
	if slices.ContainsFunc(siblings, func(s core.Artifact) bool { return s.Path == dir && !s.Dir }) {
		return nil, false, nil
	}
	return list, false, nil
}

// listed is entries for a path that is a directory.
func (a *Artifacts) listed(ctx context.Context, dir string) (list []core.Artifact, others bool, err error) {
	var answer rest.ListArtifactsAnswer
	in := rest.ListProxied{Path: path.Join(a.root, dir)}
	err = a.call(ctx, restclient.Call{Endpoint: rest.ProxyList, In: in, Out: &answer})
	if core.CodeOf(err) == core.NotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	list = make([]core.Artifact, 0, len(answer.Files))
	for _, f := range answer.Files {
		entry := f.Core()
		entry.Path = path.Join(dir, f.Path)
		if strings.Contains(f.Path, "/") || names.ArtifactPath(entry.Path) != nil {
			others = true
			continue
		}
		list = append(list, entry)
	}
	slices.SortFunc(list, func(a, b core.Artifact) int { return cmp.Compare(a.Path, b.Path) })
	return slices.CompactFunc(list, func(a, b core.Artifact) bool { return a.Path == b.Path }), others, nil
}

// real reports whether an entry is a file, or a directory with a file below it, of whatever name: one that has nothing but
// files whose names are none here is not empty, and must not make place for another.
func (a *Artifacts) real(ctx context.Context, entry core.Artifact) (bool, error) {
	p, err := a.profile(ctx)
	if err != nil || p.ours || !entry.Dir {
		return err == nil, err
	}
	list, others, err := a.listed(ctx, entry.Path)
	if others || err != nil {
		return err == nil, err
	}
	slices.SortStableFunc(list, func(a, b core.Artifact) int { return cmp.Compare(place(a)[len(a.Path):], place(b)[len(b.Path):]) })
	for _, below := range list {
		if there, err := a.real(ctx, below); there || err != nil {
			return there, err
		}
	}
	return false, nil
}
