package core_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

func parse(t *testing.T, text string) core.URI {
	t.Helper()
	u, err := core.ParseURI(text)
	if err != nil {
		t.Fatalf("ParseURI(%q): %v", text, err)
	}
	return u
}

func TestURIParts(t *testing.T) {
	t.Parallel()
	type parts struct{ Scheme, User, Host, Path, Query, Fragment string }
	tests := map[string]parts{
		"":                                     {},
		"./mlruns":                             {Path: "./mlruns"},
		"/tmp/100% done":                       {Path: "/tmp/100% done"},
		`C:\mlruns`:                            {Path: `C:\mlruns`},
		"C:/mlruns":                            {Path: "C:/mlruns"},
		"databricks":                           {Path: "databricks"},
		"databricks://scope:prefix":            {Scheme: "databricks", Host: "scope:prefix"},
		"S3://bucket/a/b":                      {Scheme: "s3", Host: "bucket", Path: "/a/b"},
		"s3://bucket":                          {Scheme: "s3", Host: "bucket"},
		"s3:":                                  {Scheme: "s3"},
		"file:rel/dir":                         {Scheme: "file", Path: "rel/dir"},
		"file:///abs":                          {Scheme: "file", Path: "/abs"},
		"sqlite:///mlflow.db":                  {Scheme: "sqlite", Path: "/mlflow.db"},
		"sqlite:////abs/mlflow.db":             {Scheme: "sqlite", Path: "//abs/mlflow.db"},
		"postgresql+psycopg2://u:p@h:5/db?a=b": {Scheme: "postgresql+psycopg2", Host: "h:5", Path: "/db", Query: "a=b"},
		"wasbs://box@acc.blob.core.windows.net/p": {
			Scheme: "wasbs", User: "box", Host: "acc.blob.core.windows.net", Path: "/p",
		},
		"runs:/abc/model":            {Scheme: "runs", Path: "/abc/model"},
		"models:/m/1":                {Scheme: "models", Path: "/m/1"},
		"gs://b/p?x=1#f":             {Scheme: "gs", Host: "b", Path: "/p", Query: "x=1", Fragment: "f"},
		"http://u:p@h@evil/x":        {Scheme: "http", Host: "evil", Path: "/x"},
		"https://h/p#frag?not=query": {Scheme: "https", Host: "h", Path: "/p", Fragment: "frag?not=query"},
	}
	for text, want := range tests {
		u := parse(t, text)
		got := parts{u.Scheme(), u.User(), u.Host(), u.Path(), u.Query(), u.Fragment()}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
		if u.Raw() != text {
			t.Errorf("Raw of %q is %q", text, u.Raw())
		}
	}
}

func TestURIRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{" s3://b", "s3://b ", "s3://b\n", "s3://b\x00", "a\tb", "s3://\xff"} {
		if _, err := core.ParseURI(text); !errors.Is(err, core.ErrInvalid) {
			t.Errorf("ParseURI(%q) = %v, want ErrInvalid", text, err)
		}
	}
}

func TestURIHidesCredentials(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for _, text := range []string{
		"postgresql://me:hunter2@host/db", "http://hunter2@host", "https://u:hunter2@h@host/p",
		"postgresql://host/db?password=hunter2&x=1", "https://h/p?X-Amz-Signature=hunter2", "s3://b/k?access_key=hunter2",
		"https://h/p?sig=hunter2#f", "https://h/?api_token=hunter2", "https://h/?apiKey=hunter2", "https://h/?PassWord=hunter2",
		"https://h/?pass%77ord=hunter2", "mysql://a:hunter2@h/d?ssl=1&secret=hunter2",
		// passwords that are not encoded, and other slips
		"postgresql://me:hun/hunter2@host/db", "postgresql://me:hun?hunter2@host/db?x=1", "postgresql://me:hun#hunter2@host/db",
		"postgresql://me:/hunter2@h/db", "http:me:hunter2@host", "http:/me:hunter2@host/x", "wasbs://box:hunter2@acc/p",
		"postgresql://me:a?b@host/db?password=hunter2",
	} {
		u := parse(t, text)
		encoded, err := json.Marshal(map[string]core.URI{"u": u})
		if err != nil {
			t.Fatal(err)
		}
		_, bad := u.LocalPath()
		for _, shown := range []string{u.String(), fmt.Sprintf("%v %s %+v %#v %#v", u, u, u, u, struct{ U core.URI }{u}), string(encoded), bad.Error()} {
			if strings.Contains(shown, secret) {
				t.Errorf("%q shows its credential: %s", text, shown)
			}
		}
		if !strings.Contains(u.Credential().Reveal(), secret) {
			t.Errorf("the credential of %q is not %q", text, secret)
		}
	}
	for _, text := range []string{
		"wasbs://box@acc/p", "databricks://scope:prefix", "http://host:5000/a@b", "http://[::1]:5000/a@b", "https://h/p?mail=a@b",
		"s3://bucket/v1:x@y", "/tmp/a:b@c", "file:///tmp/a:b@c", "sqlite:///a:b@c.db", "models:/m@champion", "",
	} {
		if got := parse(t, text).String(); got != text {
			t.Errorf("%q was shown as %s", text, got)
		}
	}
}

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"./a b": "./a b", "a%20b": "a%20b", "file:rel": "rel", "file:///a%20b": "/a b", "file://localhost/x": "/x", "file:/x": "/x",
		"file:///C:/x": "C:/x",
	} {
		got, err := parse(t, text).LocalPath()
		if err != nil || got != want {
			t.Errorf("LocalPath of %q = %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"s3://b/k", "file://elsewhere/x", "file:///%zz"} {
		if got, err := parse(t, text).LocalPath(); !errors.Is(err, core.ErrInvalid) {
			t.Errorf("LocalPath of %q = %q, %v; want ErrInvalid", text, got, err)
		}
	}
}

// The rows of MLflow's own rule: the experiment 7 and a run in it, below several roots.
func TestJoinLocation(t *testing.T) {
	t.Parallel()
	for root, want := range map[string]string{
		"s3://b": "s3://b/7/r/artifacts", "s3://b/": "s3://b/7/r/artifacts", "gs://b/p?x=1#f": "gs://b/p/7/r/artifacts?x=1#f",
		"mlflow-artifacts:/": "mlflow-artifacts:/7/r/artifacts", "/data/x/": "/data/x/7/r/artifacts",
		"file:///data/x": "file:///data/x/7/r/artifacts", "http://h/a": "http://h/a/7/r/artifacts",
		"mlflow-artifacts://h:1/a//b/": "mlflow-artifacts://h:1/a/b/7/r/artifacts", "dbfs:/x": "dbfs:/x/7/r/artifacts",
		"mlruns": "mlruns/7/r/artifacts",
	} {
		if got := core.JoinLocation(root, "7", "r", "artifacts"); got != want {
			t.Errorf("below %s: %s, want %s", root, got, want)
		}
	}
}

func TestAbsoluteLocation(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"": "", "./mlruns": "/work dir/mlruns", "mlruns": "/work dir/mlruns", "file:rel": "file:///work dir/rel",
		"file:///data": "file:///data", "/abs": "/abs", "s3://b": "s3://b",
	} {
		if got := core.AbsoluteLocation(location, "/work dir"); got != want {
			t.Errorf("AbsoluteLocation(%q) = %q, want %q", location, got, want)
		}
	}
}

func FuzzURI(f *testing.F) {
	for _, seed := range []string{"s3://u:p@b/k?token=x#f", "C:\\x", "file:///a%20b", "wasbs://c@a/p", "x:", "://", "a?b#c@d", "A0::@0", "A0:://0@"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := core.ParseURI(text)
		if err != nil {
			return
		}
		if u.Raw() != text {
			t.Fatalf("Raw changed %q to %q", text, u.Raw())
		}
		again, err := core.ParseURI(u.String())
		if err != nil {
			t.Fatalf("the redacted form %q of %q does not parse: %v", u, text, err)
		}
		if again.String() != u.String() {
			t.Fatalf("redacting twice changes %q to %q", u, again)
		}
		if again.Scheme() != u.Scheme() {
			t.Fatalf("redacting moved the scheme of %q: %q", text, u)
		}
		// What looks like a password outside the authority is hidden where it stands, be that host or path.
		misplaced := strings.Contains(text, "@") && !strings.Contains(authority(u), "@")
		if !misplaced && (again.Host() != u.Host() || again.Path() != u.Path()) {
			t.Fatalf("redacting moved parts of %q: %q", text, u)
		}
	})
}

// authority is what RFC 3986, section 3.2, calls so.
func authority(u core.URI) string {
	rest, found := strings.CutPrefix(u.Raw()[len(u.Scheme()):], "://")
	if !found || u.Scheme() == "" {
		return ""
	}
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	return rest
}
