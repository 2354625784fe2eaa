package names_test

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core/names"
)

func TestVersionSource(t *testing.T) {
	t.Parallel()
	accepts(
		t, names.VersionSource,
		"s3://b/k", "s3://b/k/.../x", "s3://b/a..b", "s3://bucket", "gs://b/k?generation=1", "mlflow-artifacts:/models///", "mlflow-artifacts:/1/R/artifacts/model", "models:/m/1", "models:/m@champion",
		"models:/m-0123456789abcdef0123456789abcdef", "models://scope:prefix@databricks/m/1", "runs:/R/path", "http://h/api/2.0/mlflow-artifacts/artifacts/1", "dbfs:/a/b", "wasbs://c@a.blob.core.windows.net/x",
		"dummy-source", "prompt-template", "path/to/source", "/abs/path", "./rel", "a b", `C:\models\x`, "s3://b/a#b", "s3://b/a;b", "s3://b/100%", "s3://b/é",
		"file:///abs/x", "FILE:///abs/x", "file:/abs/x", "file:rel", "file://localhost/x", "file://LOCALHOST:80/x", "file://127.0.0.1/x", "file://./x",
		"s3://b/"+strings.Repeat("k", 5000),
	)
	refuses(t, names.VersionSource, refusal{"", "must not be empty"})
	refuses(t, names.VersionSource, because("another host", "file://evil.example/x", "FILE://evil.example/x", "file://etc/passwd", "file://localhost.evil.example/x", "file://127.0.0.1.evil.example", "File://u@localhost/x")...)
	refusesClimbing(t, names.VersionSource)
}

func FuzzVersionSource(f *testing.F) {
	for _, seed := range []string{"s3://b/k", "..", "s3://b/%2e%2e/x", "s3://b/%252e%252e", "a/..%2fb", "s3:%00", "FILE:///a/..", "file://h/x", "models:/m/1", "s3://k:s@b", `a\..\b`, "a://u:p@b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if names.VersionSource(uri) == nil {
			neverClimbs(t, uri)
		}
	})
}

// neverClimbs reads an accepted URI as others would: as a path, or by the standard library's parser, decoded as often as it takes.
func neverClimbs(t *testing.T, uri string) {
	t.Helper()
	for decoded, rounds := uri, 0; rounds < 12; rounds++ {
		for _, slashed := range []string{decoded, strings.ReplaceAll(decoded, `\`, "/")} {
			if !strings.HasPrefix(path.Join("/root/sub", slashed)+"/", "/root/sub/") || path.Join("/", slashed+"/x") != path.Join("/", slashed, "x") {
				t.Errorf("accepted %q, which climbs as %q", uri, slashed)
			}
		}
		if strings.ContainsAny(decoded, "\x00\r\n") {
			t.Errorf("accepted %q, which decodes to %q", uri, decoded)
		}
		if u, err := url.Parse(decoded); err == nil {
			for _, part := range []string{u.Opaque, u.Host, u.Path, u.RawPath} {
				if dotDot(part) {
					t.Errorf("accepted %q, which climbs in %q", uri, part)
				}
			}
			if _, password := u.User.Password(); password && u.Host != "databricks" && u.Scheme != "ftp" && u.Scheme != "sftp" && rounds == 0 {
				t.Errorf("accepted %q, which has a password", uri)
			}
		}
		next, err := url.PathUnescape(decoded)
		if err != nil {
			break
		}
		decoded = next
	}
}

func dotDot(s string) bool {
	for segment := range strings.SplitSeq(s, "/") {
		if segment == ".." {
			return true
		}
	}
	return false
}
