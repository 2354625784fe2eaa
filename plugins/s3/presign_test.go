package s3_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
)

// do makes a presigned request as somebody without credentials.
func do(t *testing.T, p core.PresignedRequest, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), p.Method, p.URL.Reveal(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range p.Headers {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(content)
}

func TestPresign(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.open("root", "upload_extra_args", `{"Metadata": {"who": "me"}}`)
	p, ok := core.As[core.Presigner](a)
	if !ok {
		t.Fatal("no Presigner")
	}
	const name = "dir/é + & ? %.csv"
	put(t, a, name, "a,b")
	down, err := p.Presign(t.Context(), name, core.PresignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if status, content := do(t, down, ""); status != http.StatusOK || content != "a,b" || down.Size != 3 || down.Method != http.MethodGet {
		t.Errorf("the download answers %d %q; %d bytes were told", status, content, down.Size)
	}
	if left := time.Until(time.UnixMilli(int64(down.Expires))); left < 4*time.Minute || left > 5*time.Minute {
		t.Errorf("a download is good for %v", left)
	}
	if text := fmt.Sprintf("%v %+v", down, down); strings.Contains(text, "Signature") {
		t.Errorf("a printed request shows its signature: %s", text)
	}
	up, err := p.Presign(t.Context(), "new.csv", core.PresignOptions{Upload: true, Expires: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if status, content := do(t, up, "c,d"); status != http.StatusOK {
		t.Fatalf("the upload answers %d %s", status, content)
	}
	if got, err := read(t, a, "new.csv", core.ReadOptions{}); err != nil || got != "c,d" {
		t.Errorf("read %q, %v", got, err)
	}
	if up.Headers["Content-Type"] != "text/csv" || up.Headers["X-Amz-Meta-Who"] != "me" {
		t.Errorf("the upload's headers are %v", up.Headers)
	}
	up.Headers["Content-Type"] = "text/html"
	if status, _ := do(t, up, "e,f"); status != http.StatusForbidden {
		t.Errorf("with another content type the upload answers %d, want 403", status)
	}
	for path, test := range map[string]struct {
		o    core.PresignOptions
		want error
	}{
		"missing": {core.PresignOptions{}, core.ErrNotFound}, "dir": {core.PresignOptions{}, core.ErrState},
		"../x": {core.PresignOptions{}, core.ErrInvalid}, name: {core.PresignOptions{Expires: time.Hour}, core.ErrInvalid},
		"new.csv/below": {core.PresignOptions{Upload: true}, core.ErrState},
	} {
		_, err := p.Presign(t.Context(), path, test.o)
		wantError(t, path, err, test.want)
	}
}
