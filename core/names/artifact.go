package names

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of artifact paths, in bytes because file systems and object stores count bytes (security rule R1).
const (
	maxPathBytes    = 1024
	maxSegmentBytes = 255
	maxSegments     = 100
)

// ArtifactPath checks the path of a file or directory inside an artifact repository.
//
// The text given is the name: it is never decoded further, so `a%2Fb` and `a/b` are two objects, and blanks, quotes, tildes
// and anything else of Unicode are plain characters. The path is relative, in normal form and separated by "/". It is
// refused when the text, or what up to ten rounds of percent-decoding make of it, holds a ".." segment, a leading slash, a
// backslash, a control character, "#", a leading drive ("C:") or scheme ("s3:/"), or is not UTF-8.
//
// Source: security rule R1; MLflow, mlflow/utils/uri.py, which refuses less.
func ArtifactPath(path string) error {
	return verdict("artifact path", path, artifactPathRule(path))
}

// ArtifactDir checks the path of a directory to list and returns it in normal form: "" is the root, and one slash at the end
// is tolerated and removed. Otherwise the rules of [ArtifactPath] hold.
func ArtifactDir(path string) (string, error) {
	dir, rule := artifactDirRule(path)
	return dir, verdict("artifact path", path, rule)
}

func artifactDirRule(path string) (dir, rule string) {
	if path == "" {
		return "", ""
	}
	dir = path
	if len(path) > 1 {
		dir = strings.TrimSuffix(path, "/")
	}
	if rule = artifactPathRule(dir); rule != "" {
		return "", rule
	}
	return dir, ""
}

func artifactPathRule(path string) string {
	switch {
	case path == "":
		return ruleEmpty
	case len(path) > maxPathBytes:
		return fmt.Sprintf("must not be longer than %d bytes", maxPathBytes)
	}
	if rule := everyRound(path, unsafePathRule); rule != "" {
		return rule
	}
	return segmentsRule(path)
}

// unsafePathRule holds what a path must not contain in any spelling.
func unsafePathRule(path string) string {
	switch {
	case !utf8.ValidString(path):
		return ruleUTF8
	case hasControl(path):
		return ruleControl
	case strings.Contains(path, `\`):
		return "must not contain a backslash"
	case strings.Contains(path, "#"):
		return `must not contain "#"`
	case strings.HasPrefix(path, "/"):
		return `must be relative, not start with "/"`
	case hasDrive(path):
		return "must not start with a drive letter and a colon"
	case hasSchemeAndSlash(path):
		return "must be a path, not a URL"
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == ".." {
			return `must not contain a ".." segment`
		}
	}
	return ""
}

// segmentsRule holds what only the name itself must obey.
func segmentsRule(path string) string {
	if strings.HasSuffix(path, "/") {
		return `must not end with "/"`
	}
	if strings.Count(path, "/") >= maxSegments {
		return fmt.Sprintf("must not have more than %d segments", maxSegments)
	}
	for segment := range strings.SplitSeq(path, "/") {
		switch {
		case segment == "":
			return "must not contain an empty segment"
		case segment == ".":
			return `must not contain a "." segment`
		case len(segment) > maxSegmentBytes:
			return fmt.Sprintf("must not have a segment longer than %d bytes", maxSegmentBytes)
		}
	}
	return ""
}

// hasDrive reports a Windows drive prefix such as "C:".
func hasDrive(s string) bool { return len(s) >= 2 && isASCIILetter(s[0]) && s[1] == ':' }

// hasSchemeAndSlash reports a URL such as "file:/x" or "s3://bucket".
func hasSchemeAndSlash(s string) bool {
	scheme, rest := cutScheme(s)
	return scheme != "" && strings.HasPrefix(rest, "/")
}
