package server

import (
	"context"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/names"
	"github.com/mlstore/mlstore/registry"
)

// proxyScheme is the scheme of artifacts that the server serves itself, and proxyPath where its URLs have them.
const (
	proxyScheme = "mlflow-artifacts"
	proxyPath   = "/api/2.0/mlflow-artifacts/artifacts"
)

// locations decide where the artifacts at a URI are, and whether the server opens them. A URI that a store has kept is judged
// like one that comes with a request: somebody may have put it there (R5).
type locations struct {
	destination core.URI // zero when the server serves no artifacts
	local       []string // folders below which local paths are opened, absolute and without links
	named       []string // those of them that a client may name
	hosts       []core.URI
}

// newLocations takes what the operator configured as what the operator trusts.
func newLocations(c Config) (*locations, error) {
	l := new(locations)
	texts := append([]string{c.ArtifactsDestination, c.ArtifactRoot}, c.TrustedRoots...)
	for i, text := range texts {
		if text == "" {
			continue
		}
		u, err := core.ParseURI(text)
		if err != nil {
			return nil, err
		}
		if err := l.trust(u); err != nil {
			return nil, err
		}
		if i == 0 {
			l.destination = u
		}
	}
	l.named = slices.Clone(l.local)
	if l.destination.IsLocal() && !l.destination.IsZero() {
		l.named = l.named[1:] // what is there is named by the scheme mlflow-artifacts
	}
	for _, u := range []core.URI{c.Tracking, c.registry()} {
		if u.IsLocal() && !u.IsZero() {
			if err := l.trust(u); err != nil { // a folder of MLflow's layout keeps artifacts inside
				return nil, err
			}
		}
	}
	return l, nil
}

func (l *locations) trust(u core.URI) error {
	if !u.IsLocal() {
		l.hosts = append(l.hosts, u)
		return nil
	}
	folder, err := localFolder(u)
	if err == nil {
		l.local = append(l.local, folder)
	}
	return err
}

// localFolder is the absolute path of a local URI, as far as it exists without links.
func localFolder(u core.URI) (string, error) {
	path, err := u.LocalPath()
	if err != nil {
		return "", err
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", core.Errorf(core.Internal, "find the working directory: %w", err)
	}
	return resolved(path), nil
}

// resolved follows the links of the part of a path that exists.
func resolved(path string) string {
	if followed, err := filepath.EvalSymlinks(path); err == nil {
		return followed
	}
	parent := filepath.Dir(path)
	if parent == path {
		return path
	}
	return filepath.Join(resolved(parent), filepath.Base(path))
}

// within reports whether path lies in the folder, or is it.
func within(path, folder string) bool {
	below, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(below)
}

// locate returns the root to open for what lies at name below the artifacts at root, and a path in it: it makes a
// registry.Settings.Locate.
func (l *locations) locate(root core.URI, name string) (core.URI, string, error) {
	path, proxied := proxiedPath(root)
	switch {
	case proxied && l.destination.IsZero():
		return root, "", core.Errorf(core.FailedPrecondition,
			"the artifacts at %s are those of a server that serves them: start this one with --serve-artifacts", root)
	case proxied:
		path, err := core.CheckArtifactDir(strings.Trim(path, "/"))
		if err != nil {
			return root, "", err
		}
		return l.under(path, name)
	}
	return root, "", l.check(root)
}

// keepsRoot reports whether the tracking store at u can be told where the artifacts of new experiments go: folders and SQL
// databases can. The stores of other servers decide by themselves, and others are given a place with each experiment.
func keepsRoot(u core.URI) bool {
	scheme, _, _ := strings.Cut(u.Scheme(), "+") // the driver, as in postgresql+psycopg2
	return slices.Contains([]string{"", "file", "sqlite", "postgres", "postgresql"}, scheme)
}

// withArtifactRoot has a tracking store that can keep the artifacts of new experiments below root. The option stands in its
// URI, so that whoever opens the URI opens the same store.
func withArtifactRoot(u core.URI, root string) (core.URI, error) {
	if root == "" || u.IsZero() || !keepsRoot(u) || strings.Contains(u.Query(), "artifact_root=") {
		return u, nil
	}
	text := u.Raw()
	if u.Scheme() == "" {
		path, err := filepath.Abs(filepath.FromSlash(text))
		if err != nil {
			return u, core.Errorf(core.Internal, "find the working directory: %w", err)
		}
		text = (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(path), "/")}).String()
	}
	mark := "?"
	if u.Query() != "" {
		mark = "&"
	}
	return core.ParseURI(text + mark + "artifact_root=" + url.QueryEscape(root))
}

// disjoint refuses folders of different uses that lie in one another (R22): who may write artifacts could write records.
func (c Config) disjoint() error {
	at, err := core.ParseURI(c.ArtifactsDestination)
	if err != nil || at.IsZero() || !at.IsLocal() {
		return err
	}
	destination, err := localFolder(at)
	if err != nil {
		return err
	}
	others := map[string]string{"--ui-dir": c.UIDir}
	maps.Copy(others, c.Private)
	for name, u := range map[string]core.URI{"--backend-store-uri": c.Tracking, "--registry-store-uri": c.registry()} {
		switch {
		case u.IsZero():
		case u.Scheme() == "sqlite":
			others[name] = strings.TrimPrefix(u.Path(), "/")
		case u.IsLocal():
			if others[name], err = u.LocalPath(); err != nil {
				return err
			}
		}
	}
	for name, other := range others {
		if other == "" || strings.HasPrefix(other, ":memory:") {
			continue
		}
		if other, err = filepath.Abs(other); err != nil {
			return core.Errorf(core.Internal, "find the working directory: %w", err)
		}
		if other = resolved(other); within(other, destination) || within(destination, other) {
			return core.Invalid("artifacts-destination",
				"--artifacts-destination %s and %s lie in one another: choose a folder of its own for artifacts",
				c.ArtifactsDestination, name)
		}
	}
	return nil
}

// proxiedPath is the path below the destination of artifacts that a server serves: MLflow compares no host here, and so
// neither do we, since nothing is fetched from there.
func proxiedPath(u core.URI) (string, bool) {
	switch u.Scheme() {
	case proxyScheme:
		path := u.Path()
		if after, found := strings.CutPrefix(path, proxyPath); found && (after == "" || after[0] == '/') {
			path = after
		}
		return path, true
	case "http", "https":
		_, path, found := strings.Cut(u.Path(), proxyPath+"/")
		return path, found
	}
	return "", false
}

// hostPort is the host that a URI of some schemes names to speak to (mlflow/store/artifact/host_policy.py), with the port that
// is meant. The server speaks to such hosts only where the operator does.
func hostPort(u core.URI) (scheme, address string, named bool) {
	ports := map[string]string{
		"ftp": "21", "sftp": "22", "hdfs": "", "viewfs": "", "http": "80", "https": "443", "r2": "443", "b2": "443", "abfss": "443",
	}
	port, named := ports[u.Scheme()]
	if !named {
		return "", "", false
	}
	host, given, err := net.SplitHostPort(u.Host())
	if err != nil {
		host, given = u.Host(), port
	}
	scheme = u.Scheme()
	switch scheme {
	case "viewfs":
		scheme = "hdfs"
	case "https":
		scheme = "http"
	}
	return scheme, strings.ToLower(host) + ":" + given, true
}

// check decides whether the server opens a root that is not its own.
func (l *locations) check(root core.URI) error { return l.checkIn(root, l.local) }

func (l *locations) checkIn(root core.URI, folders []string) error {
	if root.IsLocal() {
		path, err := localFolder(root)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(folders, func(folder string) bool { return within(path, folder) }) {
			return nil
		}
		return core.Invalid("uri", "the server does not open local artifacts outside of its own folders: "+
			"the operator may name more of them with --trusted-artifact-root")
	}
	if err := names.ArtifactLocation(root.Raw()); err != nil {
		return core.Invalid("uri", "%w", err)
	}
	scheme, address, named := hostPort(root)
	if !named {
		return nil
	}
	for _, known := range l.hosts {
		if s, a, ok := hostPort(known); ok && s == scheme && a == address {
			return nil
		}
	}
	return core.Invalid("uri", "the server does not speak to the host of this %s URI: "+
		"the operator may name it with --trusted-artifact-root", root.Scheme())
}

// checkRemote refuses a location that the client of a server names for artifacts: what may never be opened is not kept either,
// and a local path is the server's own business (R4).
func (l *locations) checkRemote(location string) error {
	if err := names.ArtifactLocation(location); err != nil {
		return core.Invalid("artifact_location", "%w", err)
	}
	u, err := core.ParseURI(location)
	if err != nil {
		return err
	}
	if strings.Contains(location, `\`) {
		return core.Invalid("artifact_location", "an artifact location has no backslash")
	}
	if !u.IsLocal() {
		rest := strings.TrimPrefix(location, location[:len(u.Scheme())+1])
		if !strings.HasPrefix(rest, "/") {
			return core.Invalid("artifact_location", "an artifact location has a slash behind the colon of its scheme")
		}
	}
	if path, proxied := proxiedPath(u); proxied {
		_, err := core.CheckArtifactDir(strings.Trim(path, "/"))
		return err
	}
	return l.checkIn(u, l.named)
}

// checkLocation is checkRemote, and refuses a scheme that neither MLflow's clients nor this server know. Those of MLflow are
// taken though this server may not have a plugin for them: clients speak to such places themselves.
func (s *Server) checkLocation(ctx context.Context, location string) error {
	if err := s.locations.checkRemote(location); err != nil {
		return err
	}
	u, err := core.ParseURI(location)
	if err != nil {
		return err
	}
	return s.knownScheme(ctx, u)
}

// knownScheme refuses a URI of a scheme that no client of MLflow and no store of this server has.
func (s *Server) knownScheme(ctx context.Context, u core.URI) error {
	switch u.Scheme() {
	case "", "file", proxyScheme, "http", "https", "s3", "gs", "wasb", "wasbs", "abfss", "dbfs", "ftp", "sftp", "hdfs", "viewfs",
		"r2", "b2", "oss":
		return nil
	}
	known, err := s.config.Resolver.Explain(ctx, u, s.config.settings())
	if err != nil || !slices.Contains(known.Kinds, registry.Artifacts) {
		return core.Invalid("uri", "no artifacts can be at a URI of the scheme %s", u.Scheme())
	}
	return nil
}

// shownURI is how a URI that a caller gave is shown: without a password, and cut.
func shownURI(text string) string {
	u, err := core.ParseURI(text)
	if err != nil {
		return "…"
	}
	return cut(u.String())
}

// artifacts opens the artifact root at uri, for what lies at name there. Close it after use: the store below is shared.
func (s *Server) artifacts(ctx context.Context, uri, name string) (core.ArtifactRepository, error) {
	u, err := core.ParseURI(uri)
	if err != nil {
		return nil, err
	}
	settings := s.config.settings()
	settings.Locate = func(root core.URI) (core.URI, string, error) { return s.locations.locate(root, name) }
	return s.config.Resolver.Artifacts(ctx, u, settings)
}
