package mem

import (
	"context"
	"io"
	"io/fs"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// Artifacts is a core.ArtifactRepository. It keeps every promise that the contract has for repositories. It is safe for
// concurrent use.
type Artifacts struct {
	handle
	data *artifactData
	root string // of a view on a part of the data: "" or a path that ends in a slash
}

// NewArtifacts makes an empty repository.
func NewArtifacts() *Artifacts { return openArtifacts(&artifactData{}) }

func openArtifacts(d *artifactData) *Artifacts {
	return &Artifacts{handle: newHandle("artifact"), data: d}
}

// Reopen returns a new handle on the same data.
func (a *Artifacts) Reopen() *Artifacts {
	other := openArtifacts(a.data)
	other.root = a.root
	return other
}

// Describe says that the store keeps every promise for repositories.
func (a *Artifacts) Describe(ctx context.Context) (_ core.Info, err error) {
	defer named(&err, "describe", a.kind)
	if err := a.read(ctx); err != nil {
		return core.Info{}, err
	}
	return a.describe(a, core.PagesKeyset, core.PutIfAbsent, core.PutAtomic, core.ArtifactMtime, core.ArtifactVerbatim), nil
}

// relative takes the root of the view off a path of the data.
func (a *Artifacts) relative(e core.Artifact) core.Artifact {
	e.Path = strings.TrimPrefix(e.Path, a.root)
	return e
}

// Stat describes a file or directory.
func (a *Artifacts) Stat(ctx context.Context, path string) (_ core.Artifact, err error) {
	defer named(&err, "stat artifact", path)
	if err := a.read(ctx); err != nil {
		return core.Artifact{}, err
	}
	if err := core.CheckArtifactPath(path); err != nil {
		return core.Artifact{}, err
	}
	d := a.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	if f, found := d.files[a.root+path]; found {
		return a.relative(f.Artifact), nil
	}
	if d.isDir(a.root + path) {
		return core.Artifact{Path: path, Dir: true}, nil
	}
	return core.Artifact{}, core.Missing("artifact", path)
}

// List returns a page of what lies in dir.
func (a *Artifacts) List(
	ctx context.Context, dir string, o core.ListOptions,
) (_ core.Page[core.Artifact], err error) {
	defer named(&err, "list artifacts", dir)
	none := core.Page[core.Artifact]{}
	if err := a.read(ctx); err != nil {
		return none, err
	}
	if dir, err = core.CheckArtifactDir(dir); err != nil {
		return none, err
	}
	limit, err := core.CheckPage(o.PageOptions, a.limits.ArtifactPage)
	if err != nil {
		return none, err
	}
	query := "list\x00" + dir
	if o.Recursive {
		query = "walk\x00" + dir
	}
	var after string
	if o.Token != "" {
		if err := unseal(query, o.Token, &after); err != nil {
			return none, err
		}
		after = a.root + after
	}
	prefix := a.root
	if dir != "" {
		prefix += dir + "/"
	}
	a.data.mu.RLock()
	entries := a.data.below(prefix, after, o.Recursive)
	a.data.mu.RUnlock()
	page := core.Page[core.Artifact]{}
	for _, e := range entries[:min(limit, len(entries))] {
		page.Items = append(page.Items, a.relative(e))
	}
	if len(entries) > limit {
		page.Next, err = seal(query, page.Items[limit-1].Path)
	}
	return page, err
}

// Open reads a file or a part of it. What is written to the path afterwards does not change what the reader yields.
func (a *Artifacts) Open(ctx context.Context, path string, o core.ReadOptions) (_ io.ReadCloser, err error) {
	defer named(&err, "open artifact", path)
	if err := a.read(ctx); err != nil {
		return nil, err
	}
	if err := core.CheckArtifactPath(path); err != nil {
		return nil, err
	}
	if err := core.CheckRead(o); err != nil {
		return nil, err
	}
	d := a.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	f, found := d.files[a.root+path]
	switch {
	case !found && d.isDir(a.root+path):
		return nil, core.State(path, "the artifact %q is a directory", path)
	case !found:
		return nil, core.Missing("artifact", path)
	case o.Offset > f.Size:
		return nil, core.Errorf(core.OutOfRange, "the offset %d is past the end of %q, which has %d bytes",
			o.Offset, path, f.Size)
	}
	rest := f.content[o.Offset:]
	if o.Length != nil {
		rest = rest[:min(int64(len(rest)), *o.Length)]
	}
	return &reader{ctx: ctx, store: &a.handle, path: path, rest: rest}, nil
}

// reader yields bytes for as long as its context and its store live.
type reader struct {
	ctx   context.Context //nolint:containedctx // the reader of a call belongs to the call
	store *handle
	path  string
	rest  []byte
	done  bool
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.store.read(r.ctx); err != nil {
		return 0, core.Do("read artifact", r.path, err)
	}
	switch {
	case r.done:
		return 0, core.Do("read artifact", r.path, core.State(r.path, "the reader of %q: %w", r.path, fs.ErrClosed))
	case len(p) == 0:
		return 0, nil
	case len(r.rest) == 0:
		return 0, io.EOF
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *reader) Close() error {
	r.done, r.rest = true, nil
	return nil
}

// Put stores what r yields. The bytes are collected without the lock and become visible in one step.
func (a *Artifacts) Put(
	ctx context.Context, path string, r io.Reader, o core.PutOptions,
) (_ core.Artifact, err error) {
	defer named(&err, "put artifact", path)
	if err := a.change(ctx); err != nil {
		return core.Artifact{}, err
	}
	if err := core.CheckArtifactPath(path); err != nil {
		return core.Artifact{}, err
	}
	if err := core.CheckPut(o, a.limits); err != nil {
		return core.Artifact{}, err
	}
	d := a.data
	d.mu.RLock()
	err = d.obstacle(a.root+path, o.IfAbsent)
	d.mu.RUnlock()
	if err != nil {
		return core.Artifact{}, err
	}
	f, err := collect(&source{ctx: ctx, store: &a.handle, r: r}, o, a.limits.ArtifactSize)
	if err != nil {
		return core.Artifact{}, err
	}
	f.Path = a.root + path
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := a.change(ctx); err != nil { // the last chance to stop
		return core.Artifact{}, err
	}
	if err := d.obstacle(f.Path, o.IfAbsent); err != nil {
		return core.Artifact{}, err
	}
	d.put(f)
	return a.relative(f.Artifact), nil
}

// Delete removes what is at path and below it.
func (a *Artifacts) Delete(ctx context.Context, path string, o core.DeleteOptions) (err error) {
	defer named(&err, "delete artifact", path)
	if err := a.change(ctx); err != nil {
		return err
	}
	if err := core.CheckDelete(path, o); err != nil {
		return err
	}
	d := a.data
	d.mu.Lock()
	defer d.mu.Unlock()
	if path == "" {
		d.deleteBelow(a.root)
		return nil
	}
	d.deleteFile(a.root + path)
	d.deleteBelow(a.root + path + "/")
	return nil
}
