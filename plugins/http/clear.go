package http

import (
	"context"
	"path"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// clear refuses a file where there is a directory, and removes an empty one, which is none here. MLflow before 3.15 puts the
// file into it. Only the listing of its parent shows an empty directory, which takes the longer the more there is; an upload
// that can be repeated leaves that to cleared.
func (a *Artifacts) clear(ctx context.Context, at string, up *upload) error {
	if !up.seeks() {
		_, err := a.removeEmpty(ctx, at)
		return err
	}
	list, others, err := a.entries(ctx, at)
	if err != nil || len(list) == 0 && !others {
		return err
	}
	return a.replaceable(ctx, core.Artifact{Path: at, Dir: true})
}

// cleared reports whether an empty directory was in the way of a file that was sent, which is removed now, with what has got
// into it: the file can be sent again.
func (a *Artifacts) cleared(ctx context.Context, at string, stored core.Artifact, refused error) (bool, error) {
	if badRequest(refused) {
		return a.removeEmpty(ctx, at)
	}
	p, err := a.profile(ctx)
	if err != nil || refused != nil || p.since(3, 15) {
		return false, err
	}
	list, others, err := a.entries(ctx, at)
	if err != nil || others || len(list) != 1 || list[0].Path != path.Join(at, path.Base(at)) || list[0].Size != stored.Size {
		return false, err
	}
	return true, a.delete(ctx, at)
}

// removeEmpty removes an empty directory, and reports whether there was one. One with files is ErrState.
func (a *Artifacts) removeEmpty(ctx context.Context, at string) (bool, error) {
	dir, _ := path.Split(at)
	list, _, err := a.entries(ctx, strings.TrimSuffix(dir, "/"))
	if err != nil {
		return false, err
	}
	for _, entry := range list {
		if entry.Path == at && entry.Dir {
			return true, a.replaceable(ctx, entry)
		}
	}
	return false, nil
}

// replaceable removes a directory without files. One with files is ErrState.
func (a *Artifacts) replaceable(ctx context.Context, dir core.Artifact) error {
	there, err := a.real(ctx, dir)
	switch {
	case err != nil:
		return err
	case there:
		return core.State(dir.Path, "there is a directory at %q", dir.Path)
	}
	return a.delete(ctx, dir.Path)
}
