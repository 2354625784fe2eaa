package names_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core/names"
)

func TestArtifactLocation(t *testing.T) {
	t.Parallel()
	accepts(
		t, names.ArtifactLocation,
		"s3://bucket", "s3://bucket/", "s3://bucket/a/b", "s3://bucket/a/.../b", "s3://bucket/a..b", "S3://bucket/a", "s3://b/a%20b", "s3://b/100%", "s3://b/a+b",
		"gs://bucket/a?version=1", "wasbs://container@account.blob.core.windows.net/a", "abfss://fs@account.dfs.core.windows.net/a",
		"dbfs:/a", "dbfs://profile@databricks/a", "dbfs://scope:prefix@databricks/a", "mlflow-artifacts:/1", "mlflow-artifacts://host:5000/1", "hdfs://h:8020/a",
		"ftp://user:pw@host/a", "http://[::1]:5000/a", "file:///abs/dir", "file:./mlruns", "/abs/dir", "./mlruns", "mlruns/1", "mlruns", "runs", "runs/1",
		`C:\mlruns`, "C:/mlruns", "~/mlruns", "s3://b/é", "s3://b/a b", "prefix-runs:/x",
		"s3://b/"+strings.Repeat("a", 2041), "s3://b/"+strings.Repeat("é", 2041),
	)
	refuses(t, names.ArtifactLocation, refusal{"", "must not be empty"})
	refuses(t, names.ArtifactLocation, because("runs:/ URI", "runs:/R/a", "RUNS:/R", "runs://profile@databricks/R", "runs:R")...)
	refuses(t, names.ArtifactLocation, because("fragment", "s3://b/a#f", "s3://b/a#", "./a#b", "s3://b/a?q=1#f", "#f")...)
	refuses(t, names.ArtifactLocation, because("path parameters", "http://h/a;p", "s3://b/a;p/c", "./a;b", "s3://b;p/a", "s3://b/a;p?q=1")...)
	refuses(t, names.ArtifactLocation, because("must not be longer than 2048", "s3://b/"+strings.Repeat("a", 2042), "s3://b/"+strings.Repeat("é", 2042))...)
	refuses(t, names.ArtifactLocation, because(`".."`, "../mlruns", "s3://b/a?../x", "s3://b/a?x=..", "s3://b/a?x=a..b", "s3://b/a?x=%2e%2e", "s3://b/a?x=%252e%252ea")...)
	refusesClimbing(t, names.ArtifactLocation)
}

// refusesClimbing holds what both stored URIs, artifact locations and version sources, must not be.
func refusesClimbing(t *testing.T, check func(string) error) {
	t.Helper()
	refuses(t, check, because(`".."`,
		"..", "a/..", "a/../b", `a\..\b`, "s3://b/..", "s3://bucket/../other", "s3://../b", "s3:/../b", "s3:..", "file:../x", "file:..", "FILE:///a/../b", "dbfs:/a?/../..", "dbfs:/Volumes/../x",
		"s3://bucket/a/%2e%2e/b", "s3://bucket/a/%2E./b", "s3://bucket/%252e%252e/b", "s3://bucket/a%2f..%2fb", "s3://bucket/..%2fb", "s3://b/..;x/y", "s3://b/..?x", "s3://b/a?..", "http://u@../x",
		"s3:%2f%2fb%2f..", "s3%3a//b/../c", "s3://b/a%3f/../..", "mlflow-artifacts:/"+encode("../x", 9),
	)...)
	refuses(t, check, because("control", "s3://b/a\x00b", "s3://b/a%00b", "s3://b/a%2500b", "s3://b/a\nb", "file:///etc\n", "\tfile:///etc", "s3:%00//b", "s3://b%0d%0a/x", "./a\x7fb", "s3://b/\u0085")...)
	refuses(t, check, because("white space", " file:///etc", "file:///etc ", "\u200bfile:///etc", "\ufefffile:///etc", "\u00a0s3://b", "s3://b/a\u200b", " ", "\u2003")...)
	refuses(t, check, because("UTF-8", "s3://b/\xff", "\xc0\xae\xc0\xae", "s3://b/%c0%ae%c0%ae/x", "s3://b/%ff")...)
	refuses(t, check, because("more than ten times", "s3://b/"+encode("..", 11))...)
	refuses(t, check, because("password", "s3://KEY:SECRET@bucket/p", "s3://:SECRET@bucket", "http://u:p@h/x", "s3://KEY%3ASECRET@bucket/p", "//u:p@h/x", "a://u:p@h/x", "http://u@v:p@h/x", "s3://u:p@databricks.evil.example/x")...)
}

// U14: the secret of a refused URI is not repeated, neither in the text nor in the field.
func TestRefusedURIsKeepSecrets(t *testing.T) {
	t.Parallel()
	const secret = "S3CR3T"
	uris := []string{
		"s3://KEY:S3CR3T@bucket/p", "s3://KEY:S3CR3T@bucket/../p", "s3://KEY:a/S3CR3T@bucket/..", "s3://KEY:a?S3CR3T@bucket/..", "s3://KEY%3aS3CR3T@bucket/../p",
		"//u:S3CR3T@h/..", "http://u@v:S3CR3T@h/..", "ftp://u:S3CR3T@h/../x", "wasbs://c@a.blob.core.windows.net/../x?sig=S3CR3T", "http://h/../?token=S3CR3T#f", "runs://u:S3CR3T@h/R", " http://u:S3CR3T@h",
	}
	checks := map[string]func(string) error{
		"location": names.ArtifactLocation,
		"source":   names.VersionSource,
		"runs":     func(uri string) error { _, _, err := names.RunsURI(uri); return err },
		"models":   func(uri string) error { _, err := names.ModelsURI(uri); return err },
	}
	for name, check := range checks {
		for _, uri := range uris {
			t.Run(name+" "+uri, func(t *testing.T) {
				t.Parallel()
				err := check(uri)
				if name == "location" || name == "source" {
					wantRule(t, err, "must not")
				}
				var refused *names.Error
				if errors.As(err, &refused) && strings.Contains(refused.Input+refused.Error(), secret) {
					t.Errorf("secret repeated in %v", err)
				}
			})
		}
	}
}

func FuzzArtifactLocation(f *testing.F) {
	for _, seed := range []string{"s3://b/a", "runs:/x", "a#b", "a;b", "s3://b/..", "%2e%2e", "s3://u:p@b", "file:../x", "s3://b?..", " s3://b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		if names.ArtifactLocation(uri) != nil {
			return
		}
		if err := names.VersionSource(uri); err != nil && !strings.HasPrefix(strings.ToLower(uri), "file:") {
			t.Errorf("%q may be a location, but not a source: %v", uri, err)
		}
		if strings.Contains(uri, "#") || strings.HasPrefix(strings.ToLower(uri), "runs:") {
			t.Errorf("accepted %q", uri)
		}
		neverClimbs(t, uri)
	})
}
