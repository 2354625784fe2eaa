package http

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
)

// Artifacts are the files that a server keeps below a root. It is safe for concurrent use.
//
// MLflow's server keeps empty directories, which are none here: to tell, each directory of a listing costs one request more.
// It also decodes names until nothing is left to decode; names that it would change are ErrInvalid.
type Artifacts struct {
	handle
	root string
}

// Describe says what the server's files promise.
func (a *Artifacts) Describe(ctx context.Context) (info core.Info, err error) {
	err = a.read(ctx, "describe artifacts", a.name, func(ctx context.Context) error {
		p, err := a.profile(ctx)
		if err != nil {
			return err
		}
		info = core.Info{
			Name: "http", Version: Version, Contract: core.ContractVersion,
			Capabilities: core.CapabilitiesOf(a, p.files...), Limits: p.limits,
		}
		return nil
	})
	return info, err
}

// url is where the file or directory is on the server, escaped.
func (a *Artifacts) url(at string) string {
	at = path.Join(a.root, at)
	if at == "" {
		return filesPath
	}
	return filesPath + "/" + escaped(at)
}

// escaped is a path as it stands in a URL.
func escaped(at string) string {
	segments := strings.Split(at, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}

// check refuses a path that is none, and one that an MLflow server would take for another.
func (a *Artifacts) check(ctx context.Context, at string) error {
	if err := core.CheckArtifactPath(at); err != nil {
		return err
	}
	return a.survives(ctx, at)
}

// survives refuses what MLflow's validate_path_is_safe would change or refuse (mlflow/utils/uri.py), of a path and of all the
// directories in it: it decodes, and reads the path as a URL, whose scheme it lower-cases and whose empty parts it drops.
func (a *Artifacts) survives(ctx context.Context, at string) error {
	p, err := a.profile(ctx)
	if err != nil || p.ours {
		return err
	}
	whole := path.Join(a.root, at)
	scheme, _, found := strings.Cut(whole, ":")
	odd := found && !strings.Contains(scheme, "/") && strings.ToLower(scheme) != scheme
	if strings.ContainsAny(whole, "%?#") || strings.Contains(whole+"/", ";/") || strings.HasPrefix(whole, " ") || odd {
		return core.Invalid("path", "MLflow's server would take %q for another name: leave out %%, ?, # and a ; at the end", at)
	}
	return nil
}

// sendable refuses a name that an older MLflow server cannot send: until 3.13 it writes the name as it is into a header
// (mlflow/server/handlers.py), which holds ASCII alone, and Latin-1 at the web server of MLflow 2.
func (a *Artifacts) sendable(ctx context.Context, at string) error {
	p, err := a.profile(ctx)
	if err != nil || p.ours || p.since(3, 13) {
		return err
	}
	name, most := path.Base(at), unicode.MaxASCII
	if !p.since(3, 0) {
		most = unicode.MaxLatin1
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r > most }) {
		return core.Invalid("path", "MLflow's server %s cannot send a file with the name %q: use ASCII", p.version, name)
	}
	return nil
}

// Stat describes a file or directory. It reads the listing of the directory in which that lies.
func (a *Artifacts) Stat(ctx context.Context, at string) (found core.Artifact, err error) {
	err = a.read(ctx, "stat artifact", at, func(ctx context.Context) error {
		if err := a.check(ctx, at); err != nil {
			return err
		}
		found, err = a.stat(ctx, at)
		return err
	})
	return found, err
}

func (a *Artifacts) stat(ctx context.Context, at string) (core.Artifact, error) {
	dir, _ := path.Split(at)
	list, _, err := a.entries(ctx, strings.TrimSuffix(dir, "/"))
	if err != nil {
		return core.Artifact{}, err
	}
	for _, entry := range list {
		if entry.Path != at {
			continue
		}
		there, err := a.real(ctx, entry)
		if err != nil {
			return core.Artifact{}, err
		}
		if there {
			return entry, nil
		}
	}
	return core.Artifact{}, core.Missing("artifact", at)
}

// Delete removes a file or directory.
func (a *Artifacts) Delete(ctx context.Context, at string, o core.DeleteOptions) error {
	return a.write(ctx, "delete artifact", at, func(ctx context.Context) error {
		if err := core.CheckDelete(at, o); err != nil {
			return err
		}
		if err := a.survives(ctx, at); err != nil {
			return err
		}
		if at != "" || a.root != "" {
			return a.delete(ctx, at)
		}
		list, _, err := a.entries(ctx, "")
		for _, entry := range list {
			err = errors.Join(err, a.delete(ctx, entry.Path))
		}
		return err
	})
}

// delete removes what is at a path. MLflow's stores do not agree on what they say when nothing is.
func (a *Artifacts) delete(ctx context.Context, at string) error {
	r := restclient.Request{Method: http.MethodDelete, Path: a.url(at), Direct: true}
	answer, err := a.client.Send(ctx, r)
	if err == nil {
		answer.Drain()
		return nil
	}
	if unreachable(err) {
		return err
	}
	if at == "" {
		if list, _, bad := a.entries(ctx, ""); bad == nil && len(list) == 0 {
			return nil
		}
		return err
	}
	if _, gone := a.stat(ctx, at); gone != nil {
		if errors.Is(gone, core.ErrNotFound) {
			return nil
		}
		return err
	}
	r.Direct = false // somebody else may have deleted it first, and then somebody have put it there again
	if answer, err = a.client.Send(ctx, r); err == nil {
		answer.Drain()
	}
	return err
}
