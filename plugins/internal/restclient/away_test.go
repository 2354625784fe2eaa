package restclient_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
)

// A place that the server names gets the request as it was signed, and nothing that tells who asks.
func TestAnotherPlaceLearnsNothing(t *testing.T) {
	t.Parallel()
	var got *http.Request
	place, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		_, _ = io.WriteString(w, "content")
	})
	s := quick()
	s.Username, s.Password, s.Workspace = "user", core.NewSecret("secret"), "team"
	c := client(t, "http://127.0.0.1:1", s)
	answer, err := c.Send(t.Context(), restclient.Request{
		Method: http.MethodGet, Away: core.NewSecret(place + "/b/a%20k?X-Signature=a%2Fb"), Header: map[string]string{"X-Signed": "1"},
	})
	must(t, err)
	body, err := answer.All(100)
	must(t, err)
	if string(body) != "content" || got.RequestURI != "/b/a%20k?X-Signature=a%2Fb" || got.Header.Get("X-Signed") != "1" {
		t.Errorf("got %q from %q with %v", body, got.RequestURI, got.Header)
	}
	for _, name := range []string{"Authorization", "X-Mlflow-Workspace"} {
		if value := got.Header.Get(name); value != "" {
			t.Errorf("the other place was sent %s: %s", name, value)
		}
	}
}

// A signed URL is a credential: no error shows it, whatever is wrong. Nor is a redirect from there followed.
func TestASignedURLStaysSecret(t *testing.T) {
	t.Parallel()
	refusing, _ := answering(t, refuse(http.StatusForbidden, "<Error>"))
	moving, seen := answering(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere?sig=s3cret", http.StatusTemporaryRedirect)
	})
	c := client(t, "http://127.0.0.1:1", quick())
	for name, place := range map[string]string{
		"refused": refusing, "moved": moving, "nobody there": "http://127.0.0.1:1", "no such host": "http://host.invalid",
		"another scheme": "file://x", "no URL": "http://a b",
	} {
		answer, err := c.Send(t.Context(), restclient.Request{
			Method: http.MethodGet, Away: core.NewSecret(place + "/k?sig=s3cret"),
		})
		if err == nil {
			answer.Drain()
			t.Errorf("%s: no error", name)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v shows the signature", name, err)
		}
	}
	if n := seen.Load(); n != 1 {
		t.Errorf("the place that redirects was asked %d times, want once", n)
	}
}
