package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/registry"
)

// chatty is an opener like many a driver: its errors repeat all that it was given.
func chatty(_ context.Context, q core.OpenRequest) (core.Backend, error) {
	if strings.Contains(q.URI.Raw(), "ok") {
		return core.Backend{Tracking: mem.NewTracking(), Artifacts: mem.NewArtifacts()}, nil
	}
	return core.Backend{}, fmt.Errorf("cannot connect to %s with %s", q.URI.Raw(), q.Secrets["token"].Reveal())
}

// says is every way in which a value may be printed.
func says(values ...any) string {
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintf(&b, "%v\n%+v\n%#v\n%s\n", v, v, v, v)
		if text, err := json.Marshal(v); err == nil {
			b.Write(text)
		}
		if err, ok := v.(error); ok {
			for inner := err; inner != nil; inner = errors.Unwrap(inner) {
				fmt.Fprintf(&b, "%v\n%+v\n%#v\n", inner, inner, inner)
				var typed *core.Error
				if errors.As(inner, &typed) {
					fmt.Fprintf(&b, "%+v\n%#v\n", *typed, *typed)
				}
			}
		}
	}
	return b.String()
}

func TestNoCredentialIsEverShown(t *testing.T) {
	t.Parallel()
	const secret = "PLANTED-5ecret"
	uris := []string{
		"http://user:" + secret + "@host%s", "http://" + secret + "@host%s", "http://user:p/" + secret + "@host%s",
		"http://user:p/" + secret + "/q@host%s", "http://host%s?password=" + secret, "http://host%s?a=b&X-Amz-Signature=" + secret,
		"http://host%s?sig=" + secret + "#frag", "http:user:" + secret + "@host%s", "http:/user:" + secret + "@host%s",
		"gopher://user:" + secret + "@host%s", "htpp://user:" + secret + "@host%s", "http://user:" + secret + "@host/../x%s",
		"http://user:1" + secret + "@ho@st%s", "runs://user:" + secret + "@databricks/0123%s", "models://user:" + secret + "@databricks/m/1%s",
	}
	r := registry.New(nil)
	rule := registry.Rule{
		Opener: core.OpenerFunc(chatty), Mount: registry.ByAuthority,
		Kinds: []registry.Kind{registry.Tracking, registry.Artifacts, registry.Registry},
	}
	check(t, r.Handle("http", rule))
	for _, form := range uris {
		for _, end := range []string{"/ok", "/broken"} {
			u := uri(t, fmt.Sprintf(form, end))
			for _, s := range []registry.Settings{
				{Secrets: map[string]core.Secret{"token": core.NewSecret(secret)}},
				{Tracking: u, Registry: u},
			} {
				tracking, err1 := r.Tracking(t.Context(), u, s)
				models, err2 := r.Registry(t.Context(), u, s)
				artifacts, err3 := r.Artifacts(t.Context(), u, s)
				_, _, err4 := r.ArtifactAt(t.Context(), u, s)
				explanation, err5 := r.Explain(t.Context(), u, s)
				_, err6 := r.Artifacts(t.Context(), uri(t, "runs:/0123"), s)
				_, err7 := r.Artifacts(t.Context(), uri(t, "models:/m/1"), s)
				_, _, err8 := registry.ByAuthority(u)
				out := says(err1, err2, err3, err4, err5, err6, err7, err8, explanation, r, s, tracking, models, artifacts)
				if at := strings.Index(out, secret); at >= 0 {
					t.Fatalf("%s: the secret is shown: …%s", u, out[max(0, at-200):at+30])
				}
			}
		}
	}
}

// The operation and the URI are told once, whoever of those on the way has told them already.
func TestErrorsOfOpeningSayItOnce(t *testing.T) {
	t.Parallel()
	cause := core.Errorf(core.Unavailable, "plugin test: signal: killed")
	for name, err := range map[string]error{
		"plain": errors.New("plugin test: signal: killed"), "named": core.Do("open", "", cause), "wrapped": cause,
		"with the secret": core.Do("open", "", errors.New("plugin test: PLANTED-5ecret: signal: killed")),
	} {
		r := registry.New(nil)
		check(t, r.Handle("http", registry.Rule{
			Opener: core.OpenerFunc(func(context.Context, core.OpenRequest) (core.Backend, error) { return core.Backend{}, err }),
			Kinds:  []registry.Kind{registry.Tracking},
		}))
		_, got := r.Tracking(t.Context(), uri(t, "http://host/x"), registry.Settings{
			Secrets: map[string]core.Secret{"token": core.NewSecret("PLANTED-5ecret")},
		})
		if text := fmt.Sprint(got); strings.Count(text, "open: ") != 1 || strings.Count(text, "http://host/x") != 1 ||
			!strings.HasSuffix(text, "signal: killed") || strings.Contains(text, "PLANTED") {
			t.Errorf("%s: the error is %q", name, text)
		}
		if core.CodeOf(err) == core.Unavailable && !errors.Is(got, core.ErrUnavailable) {
			t.Errorf("%s: got %v, want ErrUnavailable", name, got)
		}
	}
}
