package server

import (
	"context"
	"path"
	"path/filepath"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// A path of the artifact proxy has the root of a run or logged model in front, which the server chose. The limits of paths (R1)
// are for what lies below: that part of a deep path is looked for in a repository of its own, whose root is the other part.
// Stores count the whole of a path, so paths are taken apart well before their limits, that a directory and its files are
// looked for in the same way. Only local folders have room for more than one such path: keys of object stores have not.
const (
	deepBytes    = 512
	deepSegments = 50
)

func deep(name string) bool { return len(name) > deepBytes || strings.Count(name, "/") >= deepSegments }

// cutRoot takes a path of the proxy apart: the root of a run or logged model, and the path of a file or directory below it.
func (s *Server) cutRoot(name string) (root, rest string, found bool) {
	segments := strings.Split(name, "/")
	above := 0
	if root := s.proxiedRoot(); root != "" {
		above = strings.Count(root, "/") + 1
	}
	for _, n := range []int{above + 2, above + 3} { // <experiment>/<run>/artifacts, <experiment>/models/<model>/artifacts
		if n+1 < len(segments) && segments[n] == "artifacts" {
			return path.Join(segments[:n+1]...), strings.Join(segments[n+1:], "/"), true
		}
	}
	return "", name, false
}

// checkProxied is core.CheckArtifactPath for a path of the artifact proxy.
func (s *Server) checkProxied(name string) error {
	root, rest, found := s.cutRoot(name)
	if !found || !deep(name) {
		return core.CheckArtifactPath(name)
	}
	if err := core.CheckArtifactPath(root); err != nil {
		return err
	}
	return core.CheckArtifactPath(rest)
}

// kept is where a file or directory is looked for.
type kept struct {
	core.ArtifactRepository

	path string
	own  bool // the repository is closed after use
}

func (k kept) leave() {
	if k.own {
		_ = k.Close()
	}
}

// proxied is where the file or directory at a path of the artifact proxy is. Leave it after use.
func (s *Server) proxied(ctx context.Context, name string) (kept, error) {
	root, rest, found := s.cutRoot(name)
	if !found || !deep(name) {
		return kept{ArtifactRepository: s.destination, path: name}, nil
	}
	if err := s.checkProxied(name); err != nil {
		return kept{}, err
	}
	at, below, err := s.locations.under(root, rest)
	if err != nil {
		return kept{}, err
	}
	if below != "" { // the store judges how long a path may be
		return kept{ArtifactRepository: s.destination, path: name}, nil
	}
	repo, err := s.config.Resolver.Artifacts(ctx, at, s.config.settings())
	return kept{ArtifactRepository: repo, path: rest, own: true}, err
}

// under is the root to open for a path below another one in the destination, and where that is in it: a folder of its own, which
// is in itself, when the path is deep.
func (l *locations) under(root, name string) (core.URI, string, error) {
	if root == "" || !l.destination.IsLocal() || !deep(root+"/"+name) {
		return l.destination, root, nil
	}
	folder, err := localFolder(l.destination)
	if err != nil {
		return core.URI{}, "", err
	}
	below := filepath.Join(folder, filepath.FromSlash(root))
	if resolved(below) != below { // a link is never followed
		return core.URI{}, "", core.Missing("artifact", cut(root))
	}
	u, err := core.ParseURI(below)
	return u, "", err
}
