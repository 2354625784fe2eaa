package file

import (
	"strings"
	"unicode/utf8"

	"github.com/mlstore/mlstore/core/names"
)

// MLflow keeps the metric, param or tag of a key in a file of that name, and a slash in it makes a folder. That has two gaps
// for which the file gets another name. MLflow then shows the key by that name; we show the true one.
//
//   - A file and a folder cannot have one name: of the keys "a" and "a/b" the one that comes second gets a suffix, as
//     "a.mlstore-file" or "a.mlstore-dir/b".
//   - A component of more than maxComponent bytes is cut into folders whose names end in ".mlstore-part".
//
// A key that ends in one of the suffixes by itself gets one more.
const (
	fileSuffix = ".mlstore-file"
	dirSuffix  = ".mlstore-dir"
	partSuffix = ".mlstore-part"

	maxComponent = 255 - len(".mlstore-part")
	partLength   = 200
)

// taken tells what is at a path: nothing, a file or a folder.
type taken interface {
	isFile(path string) bool
	isDir(path string) bool
}

// keyPath chooses the path for a key among what is there already.
func keyPath(key string, there taken) string {
	var path strings.Builder
	components := strings.Split(key, "/")
	for i, component := range components {
		leaf := i == len(components)-1
		for len(component) > maxComponent {
			cut := partLength
			for !utf8.RuneStart(component[cut]) {
				cut--
			}
			path.WriteString(component[:cut] + partSuffix + "/")
			component = component[cut:]
		}
		switch {
		case leaf && (reservedName(component) || there.isDir(path.String()+component)):
			component += fileSuffix
		case !leaf && (reservedName(component) || there.isFile(path.String()+component)):
			component += dirSuffix
		}
		path.WriteString(component)
		if !leaf {
			path.WriteByte('/')
		}
	}
	return path.String()
}

// reservedName reports whether the name of a file must not stand for itself.
func reservedName(component string) bool {
	return strings.HasSuffix(component, fileSuffix) || strings.HasSuffix(component, dirSuffix) ||
		strings.HasSuffix(component, partSuffix)
}

// pathKey is the key of the file at a path; false when no key has such a file.
func pathKey(path string) (string, bool) {
	if !strings.Contains(path, ".mlstore-") {
		return path, names.Key(path) == nil
	}
	var key strings.Builder
	components := strings.Split(path, "/")
	for i, component := range components {
		if i == len(components)-1 {
			key.WriteString(strings.TrimSuffix(component, fileSuffix))
			break
		}
		if part, found := strings.CutSuffix(component, partSuffix); found {
			key.WriteString(part)
			continue
		}
		key.WriteString(strings.TrimSuffix(component, dirSuffix) + "/")
	}
	return key.String(), names.Key(key.String()) == nil
}
