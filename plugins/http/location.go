package http

import (
	"net/url"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// location is what a URI names.
type location struct {
	server core.URI
	files  bool   // the files that the server serves, not its records
	root   string // the place in them
}

// filesPath is where a server serves files.
const filesPath = "/api/2.0/mlflow-artifacts/artifacts"

func locate(request core.OpenRequest) (location, error) {
	u := request.URI
	if u.Scheme() == "mlflow-artifacts" {
		return locateFiles(u, request.Tracking)
	}
	text := u.Raw()
	head, below, found := strings.Cut(text, filesPath)
	if !found || below != "" && below[0] != '/' {
		return location{server: u}, nil
	}
	server, err := core.ParseURI(head)
	if err != nil {
		return location{}, err
	}
	root, err := decodedRoot(below)
	return location{server: server, files: true, root: root}, err
}

// locateFiles resolves mlflow-artifacts: URIs against the tracking server. Source: MLflow,
// mlflow/store/artifact/mlflow_artifacts_repo.py.
func locateFiles(u, tracking core.URI) (location, error) {
	if scheme := tracking.Scheme(); scheme != "http" && scheme != "https" {
		return location{}, core.Invalid("uri", "%s is a place on the tracking server, and the tracking URI names no server: "+
			"set it to http://host:port, or write %s://host:port/path with a tracking server", u, u.Scheme())
	}
	raw := strings.TrimRight(tracking.Raw(), "/")
	if host := u.Host(); host != "" {
		if strings.Trim(host, "0123456789") == "" {
			return location{}, core.Invalid("uri", "%s has a port and no host: write mlflow-artifacts://host:%s/path", u, host)
		}
		raw = tracking.Scheme() + "://" + host + strings.TrimRight(tracking.Path(), "/")
	}
	server, err := core.ParseURI(raw)
	if err != nil {
		return location{}, err
	}
	path := u.Path()
	if below, found := strings.CutPrefix(path, filesPath); found && (below == "" || below[0] == '/') {
		path = below
	}
	root, err := rootOf(path)
	return location{server: server, files: true, root: root}, err
}

// rootOf is the place that the path of a URI names.
func rootOf(path string) (string, error) {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return core.CheckArtifactDir(strings.Trim(path, "/"))
}

// decodedRoot is rootOf for the path of a URL.
func decodedRoot(path string) (string, error) {
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return "", core.Invalid("uri", "the path %q of the URL cannot be decoded", path)
	}
	return rootOf(decoded)
}

// Mount splits the URI of artifacts into that of all the files of their server, and the place in them, so that the roots of
// many runs share one connection. A URI that names no files is its own instance.
func Mount(u core.URI) (instance core.URI, prefix string, err error) {
	head, below, found := strings.Cut(u.Raw(), filesPath)
	switch {
	case u.Scheme() == "mlflow-artifacts":
		head = "mlflow-artifacts:/"
		if host := u.Host(); host != "" {
			head = "mlflow-artifacts://" + host + "/"
		}
		prefix, err = rootOf(strings.TrimPrefix(u.Path(), filesPath))
	case !found || below != "" && below[0] != '/':
		return u, "", nil
	default:
		head += filesPath
		prefix, err = decodedRoot(below)
	}
	if err != nil {
		return u, "", err
	}
	instance, err = core.ParseURI(head)
	return instance, prefix, err
}
