package rest_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// Whatever a body is: no panic, and what is refused is the caller's mistake, in few words.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"run_id":"r","path":"p"}`, `{"runId":"r"}`, `"{\"run_id\":\"r\"}"`, `[]`, `null`, `{"expiration":1e400}`, `{"path":"\ud800"}`,
		`{"num_parts":"9223372036854775808"}`, `{"parts":[{"part_number":1.5}]}`, strings.Repeat("[", 100), "{\"path\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, into := range []any{
			new(rest.ListArtifacts), new(rest.PresignArtifact), new(rest.CreateUpload), new(rest.CompleteUpload), new(rest.CreateExperiment),
			new(rest.SearchRuns), new(rest.LogBatch),
		} {
			if err := rest.Decode(body, into); err != nil {
				judge(t, err)
			}
		}
	})
}

func FuzzDecodeQuery(f *testing.F) {
	for _, seed := range []string{"run_id=r&path=p", "path=%ff", "run_id=&run_uuid=x", "max_results=1.5", "a=b&a=c", "path[]=x", ";", "%zz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		var q rest.ListArtifacts
		if err := rest.DecodeQuery(query, &q); err != nil {
			judge(t, err)
			return
		}
		if q.Path != query.Get("path") || !utf8.ValidString(q.Path) {
			t.Errorf("the path is %q, not %q", q.Path, query.Get("path"))
		}
	})
}

func judge(t *testing.T, err error) {
	t.Helper()
	if code := core.CodeOf(err); code != core.InvalidArgument {
		t.Errorf("%v: %v", code, err)
	}
	if message := rest.MessageOf(err); len(message) > 1000 {
		t.Errorf("an error of %d bytes", len(message))
	}
}
