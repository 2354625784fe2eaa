package core

import (
	"path"
	"path/filepath"
	"strings"
)

// JoinLocation appends path elements to an artifact location: to the path of a URI, whose query and fragment stay at the
// end, or to a local path. Repeated and trailing slashes collapse. Source: MLflow, mlflow/utils/uri.py,
// append_to_uri_path.
func JoinLocation(location string, elements ...string) string {
	suffix := path.Join(elements...)
	scheme := schemeOf(location)
	if scheme == "" {
		if strings.Contains(location, `\`) {
			return filepath.Join(location, filepath.FromSlash(suffix))
		}
		return path.Join(location, suffix)
	}
	rest, tail := location, ""
	if end := strings.IndexAny(location, "?#"); end >= 0 {
		rest, tail = location[:end], location[end:]
	}
	prefix := rest[:len(scheme)+1]
	rest = rest[len(prefix):]
	if after, found := strings.CutPrefix(rest, "//"); found {
		authority, below, _ := strings.Cut(after, "/")
		return prefix + "//" + authority + path.Join("/", below, suffix) + tail
	}
	return prefix + path.Join(rest, suffix) + tail
}

// AbsoluteLocation makes a relative local location, plain or `file:rel`, absolute below dir, an absolute local path in the
// form of this machine. Every other location stays as it is.
func AbsoluteLocation(location, dir string) string {
	switch scheme := schemeOf(location); {
	case location == "":
		return location
	case scheme == "" && !filepath.IsAbs(location):
		return filepath.Join(dir, location)
	case scheme == "file":
		rest := location[len("file:"):]
		if rest != "" && !strings.HasPrefix(rest, "/") {
			return "file://" + path.Join("/", filepath.ToSlash(dir), rest)
		}
	}
	return location
}
