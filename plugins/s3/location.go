package s3

import (
	"strings"

	"github.com/mlstore/mlstore/core"
)

// location is a place in a bucket. The keys of a repository are root and the path; root is empty or ends in a slash.
type location struct {
	bucket string
	root   string
}

// locate reads a URI s3://bucket/prefix. The prefix is taken as it is, never decoded, as MLflow does.
func locate(uri core.URI) (location, error) {
	if uri.Scheme() != "s3" {
		return location{}, core.Invalid("uri", "%s is no S3 location: it must be s3://bucket or s3://bucket/prefix", uri)
	}
	if !uri.Credential().IsZero() {
		return location{}, core.Invalid("uri", "%s has credentials in it: give them in AWS_ACCESS_KEY_ID and "+
			"AWS_SECRET_ACCESS_KEY, or name a profile", uri)
	}
	bucket := uri.Host()
	if bucket == "" || strings.ContainsAny(bucket, ":@ %\\") {
		return location{}, core.Invalid("uri", "%s names no bucket: it must be s3://bucket or s3://bucket/prefix", uri)
	}
	root := strings.Trim(uri.Path(), "/")
	for segment := range strings.SplitSeq(root, "/") {
		if segment == "." || segment == ".." {
			return location{}, core.Invalid("uri", "the prefix of %s has a component %q", uri, segment)
		}
	}
	if root != "" {
		root += "/"
	}
	return location{bucket: bucket, root: root}, nil
}
