package http

import (
	"cmp"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
)

// Put sends a file as a stream. Its last byte goes out when size and digest have turned out as the caller said, so that
// a server never has a whole file that is wrong. An upload that fails is repeated when r can seek.
func (a *Artifacts) Put(ctx context.Context, at string, r io.Reader, o core.PutOptions) (stored core.Artifact, err error) {
	err = a.write(ctx, "put artifact", at, func(ctx context.Context) error {
		stored, err = a.put(ctx, at, r, o)
		return err
	})
	return stored, err
}

func (a *Artifacts) put(ctx context.Context, at string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	p, err := a.profile(ctx)
	if err != nil {
		return core.Artifact{}, err
	}
	if err := cmp.Or(a.check(ctx, at), a.sendable(ctx, at), core.CheckPut(o, p.limits)); err != nil {
		return core.Artifact{}, err
	}
	if o.IfAbsent {
		return core.Artifact{}, core.Errorf(core.Unimplemented, "MLflow's API cannot store a file only where there is none")
	}
	up := newUpload(ctx, r, o)
	defer up.end(ctx)
	if p.ours {
		return a.send(ctx, at, up, p)
	}
	if err := a.clear(ctx, at, up); err != nil {
		return core.Artifact{}, err
	}
	stored, err := a.send(ctx, at, up, p)
	if !up.seeks() {
		return stored, err
	}
	again, bad := a.cleared(ctx, at, stored, err)
	if !again || bad != nil {
		return stored, cmp.Or(bad, err)
	}
	return a.send(ctx, at, up, p)
}

// send sends a file, past the server or through it.
func (a *Artifacts) send(ctx context.Context, at string, up *upload, p *profile) (core.Artifact, error) {
	o := up.want
	if dir := path.Dir(path.Join(a.root, at)); a.direct.sends(p.passes, up.size) && dir != "." {
		stored, err := a.putParts(ctx, at, up, a.newParts(at, up.size))
		if err == nil || p.passes.only || ctx.Err() != nil || !elsewhere(err) {
			return stored, err
		}
	}
	request := restclient.Request{
		Method: http.MethodPut, Path: a.url(at), Once: !up.seeks(), Direct: true,
		Header: map[string]string{"Content-Type": contentType(at, o)},
		Body:   restclient.Body{Stream: up.start, Size: -1},
	}
	// An older MLflow takes a body of a known size that breaks off for a whole one; it notices when chunks break off.
	if o.Size != nil && (*o.Size == 0 || p.ours || p.since(3, 15)) {
		request.Body.Size = *o.Size
	}
	answer, err := a.client.Send(ctx, request)
	if err != nil {
		return core.Artifact{}, a.whyPut(ctx, at, err)
	}
	answer.Drain()
	size, digest, whole := up.sent()
	if !whole {
		return core.Artifact{}, created(core.Errorf(core.Internal, "the server says that it has the file before it got all of it"))
	}
	return core.Artifact{Path: at, Size: size, SHA256: digest}, nil
}

// elsewhere reports an error of the way past a server, which the way through it may not have.
func elsewhere(err error) bool {
	return errors.Is(err, core.ErrUnsupported) || errors.Is(err, core.ErrUnavailable)
}

// putParts sends a file past the server.
func (a *Artifacts) putParts(ctx context.Context, at string, up *upload, parts parts) (core.Artifact, error) {
	body, err := up.start()
	if err != nil {
		return core.Artifact{}, err
	}
	if err := parts.send(ctx, body); err != nil {
		return core.Artifact{}, a.whyPut(ctx, at, err)
	}
	size, digest, _ := up.sent()
	return core.Artifact{Path: at, Size: size, SHA256: digest}, nil
}

func contentType(at string, o core.PutOptions) string {
	if o.ContentType != "" {
		return o.ContentType
	}
	if guess := mime.TypeByExtension(path.Ext(at)); guess != "" {
		return guess
	}
	return "application/octet-stream"
}

func (a *Artifacts) overDirectory(ctx context.Context, at string) error {
	found, err := a.stat(ctx, at)
	switch {
	case err == nil && found.Dir:
		return core.State(at, "there is a directory at %q", at)
	case errors.Is(err, core.ErrNotFound):
		return nil
	}
	return err
}

// whyPut looks for a file or directory in the way of one that could not be stored.
func (a *Artifacts) whyPut(ctx context.Context, at string, refused error) error {
	e, ok := errors.AsType[*core.Error](refused)
	if !ok || unreachable(refused) && e.Reason == "" || ctx.Err() != nil {
		return refused
	}
	if e.Code == core.InvalidArgument && strings.Contains(e.Err.Error(), "directory") { // our server, of one that is in the making
		return recoded(refused, core.FailedPrecondition, at)
	}
	if err := a.overDirectory(ctx, at); err != nil {
		return whyOr(err, refused)
	}
	for i, c := range at {
		if c != '/' {
			continue
		}
		found, err := a.stat(ctx, at[:i])
		if err != nil {
			return refused
		}
		if !found.Dir {
			return core.State(at, "there is a file at %q, so that there can be nothing below it", strings.Clone(at[:i]))
		}
	}
	return refused
}

// whyOr is a reason that was found, or else the refusal.
func whyOr(why, refused error) error {
	if errors.Is(why, core.ErrState) {
		return why
	}
	return refused
}
