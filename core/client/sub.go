package client

import (
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/mlstore/mlstore/core"
)

// Sub returns the part of a repository below prefix as a repository of its own; "" is the whole. Paths go in and out
// relative to the prefix, page tokens pass through. Closing the view does not close the repository that it looks into.
func Sub(r core.ArtifactRepository, prefix string) (core.ArtifactRepository, error) {
	prefix, err := core.CheckArtifactDir(prefix)
	if err != nil {
		return nil, core.Do("open part of repository", prefix, err)
	}
	return &view{whole: r, prefix: prefix}, nil
}

type view struct {
	whole  core.ArtifactRepository
	prefix string
	closed atomic.Bool
}

// Describe declares the promises of the whole, and of its abilities those that Ability answers for: others know nothing of the
// prefix.
func (v *view) Describe(ctx context.Context) (core.Info, error) {
	if err := v.alive(); err != nil {
		return core.Info{}, err
	}
	info, err := v.whole.Describe(ctx)
	abilities, own := core.AbilityNames(), core.CapabilitiesOf(v)
	info.Capabilities = slices.DeleteFunc(slices.Clone(info.Capabilities), func(c core.Capability) bool {
		return slices.Contains(abilities, c) && !slices.Contains(own, c)
	})
	return info, err
}

// Ability answers for the transfer of local files and for requests of others.
func (v *view) Ability(target any) bool {
	switch target := target.(type) {
	case *core.PathTransfer:
		transfer, ok := core.As[core.PathTransfer](v.whole)
		return ok && core.Provide[core.PathTransfer](target, viewFiles{v, transfer})
	case *core.Presigner:
		signer, ok := core.As[core.Presigner](v.whole)
		return ok && core.Provide[core.Presigner](target, viewRequests{v, signer})
	case *core.Multipart:
		uploads, ok := core.As[core.Multipart](v.whole)
		return ok && core.Provide[core.Multipart](target, viewUploads{v, uploads})
	}
	return false
}

// viewFiles transfers local files to and from the part.
type viewFiles struct {
	*view
	transfer core.PathTransfer
}

func (v viewFiles) PutFile(ctx context.Context, path string, from *os.File, o core.PutOptions) (core.Artifact, error) {
	if err := v.check(path); err != nil {
		return core.Artifact{}, core.Do("put artifact", path, err)
	}
	stored, err := v.transfer.PutFile(ctx, v.below(path), from, o)
	if err != nil {
		return core.Artifact{}, err
	}
	return v.inside(stored)
}

func (v viewFiles) GetFile(ctx context.Context, path string, to *os.File) (core.Artifact, error) {
	if err := v.check(path); err != nil {
		return core.Artifact{}, core.Do("open artifact", path, err)
	}
	found, err := v.transfer.GetFile(ctx, v.below(path), to)
	if err != nil {
		return core.Artifact{}, err
	}
	return v.inside(found)
}

func (v *view) Close() error {
	v.closed.Store(true)
	return nil
}

func (v *view) alive() error {
	if v.closed.Load() {
		return core.Closed("artifact")
	}
	return nil
}

// below is the path in the whole.
func (v *view) below(path string) string {
	switch {
	case v.prefix == "":
		return path
	case path == "":
		return v.prefix
	}
	return v.prefix + "/" + path
}

// inside makes a path of the whole relative to the prefix, and refuses what is not below it.
func (v *view) inside(a core.Artifact) (core.Artifact, error) {
	if v.prefix == "" {
		return a, nil
	}
	path, ok := strings.CutPrefix(a.Path, v.prefix+"/")
	if !ok || path == "" {
		return core.Artifact{}, core.Errorf(core.DataLoss, "the store answered with %q, which is not below %q", a.Path, v.prefix)
	}
	a.Path = path
	return a, nil
}

func (v *view) check(path string) error {
	if err := v.alive(); err != nil {
		return err
	}
	return core.CheckArtifactPath(path)
}

func (v *view) Stat(ctx context.Context, path string) (core.Artifact, error) {
	if err := v.check(path); err != nil {
		return core.Artifact{}, core.Do("stat artifact", path, err)
	}
	found, err := v.whole.Stat(ctx, v.below(path))
	if err != nil {
		return core.Artifact{}, err
	}
	return v.inside(found)
}

func (v *view) List(ctx context.Context, dir string, o core.ListOptions) (core.Page[core.Artifact], error) {
	err := v.alive()
	if err == nil {
		dir, err = core.CheckArtifactDir(dir)
	}
	if err != nil {
		return core.Page[core.Artifact]{}, core.Do("list artifacts", dir, err)
	}
	page, err := v.whole.List(ctx, v.below(dir), o)
	if err != nil {
		return core.Page[core.Artifact]{}, err
	}
	items := make([]core.Artifact, len(page.Items))
	for i, a := range page.Items {
		if items[i], err = v.inside(a); err != nil {
			return core.Page[core.Artifact]{}, core.Do("list artifacts", dir, err)
		}
	}
	return core.Page[core.Artifact]{Items: items, Next: page.Next}, nil
}

func (v *view) Open(ctx context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	if err := v.check(path); err != nil {
		return nil, core.Do("open artifact", path, err)
	}
	return v.whole.Open(ctx, v.below(path), o)
}

func (v *view) Put(ctx context.Context, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	if err := v.check(path); err != nil {
		return core.Artifact{}, core.Do("put artifact", path, err)
	}
	stored, err := v.whole.Put(ctx, v.below(path), r, o)
	if err != nil {
		return core.Artifact{}, err
	}
	return v.inside(stored)
}

func (v *view) Delete(ctx context.Context, path string, o core.DeleteOptions) error {
	err := v.alive()
	if err == nil {
		err = core.CheckDelete(path, o)
	}
	if err != nil {
		return core.Do("delete artifact", path, err)
	}
	return v.whole.Delete(ctx, v.below(path), o)
}
