package registry_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/registry"
)

// folders stands for the file store.
func folders() registry.Rule {
	opener := core.OpenerFunc(func(context.Context, core.OpenRequest) (core.Backend, error) {
		return core.Backend{Tracking: mem.NewTracking(), Artifacts: mem.NewArtifacts()}, nil
	})
	return registry.Rule{Opener: opener, Kinds: []registry.Kind{registry.Tracking, registry.Artifacts}, About: "folders", Form: "file:/path"}
}

func TestASchemeHasOneRule(t *testing.T) {
	t.Parallel()
	r, _ := newResolver(t)
	err := r.Handle("mem", registry.Rule{
		Opener: mem.NewOpener(), Kinds: []registry.Kind{registry.Tracking}, About: "another", Origin: "/plugins/mem.json",
	})
	wantIs(t, err, core.ErrExists)
	wantText(t, err, "stores in memory (linked in)", "another (/plugins/mem.json)")
	for _, bad := range []string{"", "Mem", "1x", "a/b", "a..b", "ü", "runs", "models", strings.Repeat("x", 33)} {
		wantIs(t, r.Handle(bad, memRule(mem.NewOpener())), core.ErrInvalid)
	}
	wantIs(t, r.Handle("other", registry.Rule{Kinds: []registry.Kind{registry.Tracking}}), core.ErrInvalid)
	wantIs(t, r.Handle("other", registry.Rule{Opener: mem.NewOpener()}), core.ErrInvalid)
	if diff := cmp.Diff([]string{"mem"}, r.Schemes()); diff != "" {
		t.Errorf("schemes (-want +got):\n%s", diff)
	}
}

func TestTheZeroResolverKnowsNothing(t *testing.T) {
	t.Parallel()
	var r registry.Resolver
	for _, text := range []string{"mem:", "./mlruns", "s3://b"} {
		_, err := r.Tracking(t.Context(), uri(t, text), registry.Settings{})
		wantIs(t, err, core.ErrInvalid)
	}
	_, err := r.Tracking(t.Context(), core.URI{}, registry.Settings{})
	wantIs(t, err, core.ErrInvalid)
	check(t, r.Handle("mem", memRule(mem.NewOpener())))
	s, err := r.Tracking(t.Context(), uri(t, "mem:"), registry.Settings{})
	check(t, err)
	check(t, s.Close())
}

func TestErrorsNameTheFix(t *testing.T) {
	t.Parallel()
	r, _ := newResolver(t)
	check(t, r.Handle("file", folders()))
	onlyFiles := registry.Rule{Opener: mem.NewOpener(), Kinds: []registry.Kind{registry.Artifacts}, Form: "s3://bucket/path"}
	check(t, r.Handle("s3", onlyFiles))
	check(t, r.Handle("sqlite", registry.Rule{Opener: mem.NewOpener(), Kinds: []registry.Kind{registry.Tracking}}))
	tests := []struct {
		uri  string
		err  error
		text []string
	}{
		{"sqlit:///x.db", core.ErrInvalid, []string{`"sqlit"`, "did you mean sqlite?", "known schemes: file, mem, s3, sqlite, and plain paths", "plugin"}},
		{"gopher://x", core.ErrInvalid, []string{`"gopher"`, "known schemes: file, mem, s3, sqlite", "install"}},
		{"s3+http://x", core.ErrInvalid, []string{`"s3+http"`}},
		{"javascript:alert(1)", core.ErrInvalid, []string{`"javascript"`}},
		{strings.Repeat("x", 200) + "://y", core.ErrInvalid, []string{"no store serves"}},
		{"../../x://y", core.ErrInvalid, []string{"is no scheme"}},
		{"a/b://y", core.ErrInvalid, []string{"is no scheme"}},
		{"s3://bucket", core.ErrUnsupported, []string{"s3://bucket is no tracking store", "s3 offers artifacts"}},
		{"s3:", core.ErrInvalid, []string{"names no store", "s3://bucket/path"}},
		{"s3://", core.ErrInvalid, []string{"names no store", "s3://bucket/path"}},
		{"s3", core.ErrInvalid, []string{"name of a scheme", "s3://bucket/path", "./s3"}},
		{"file:", core.ErrInvalid, []string{"file:/path"}},
		{"databricks", core.ErrInvalid, []string{"name of a scheme", "./databricks"}},
		{"postgresql", core.ErrInvalid, []string{"./postgresql"}},
		{"runs:/abc", core.ErrInvalid, []string{"names artifacts"}},
		{"sqlite://user:pass/word@host/db", core.ErrInvalid, []string{"sqlite://***@host/db", "percent-encoded"}},
		{"file://elsewhere/x", core.ErrInvalid, []string{"elsewhere"}},
	}
	for _, test := range tests {
		_, err := r.Tracking(t.Context(), uri(t, test.uri), registry.Settings{})
		wantIs(t, err, test.err)
		wantText(t, err, test.text...)
		if len(err.Error()) > 700 {
			t.Errorf("the error is %d bytes long", len(err.Error()))
		}
	}
	_, err := r.Tracking(t.Context(), uri(t, "gopher://x"), registry.Settings{})
	if strings.Contains(err.Error(), "did you mean") {
		t.Errorf("a wild guess: %v", err)
	}
	for _, fine := range []string{"./databricks", "mlruns", "a b/100% done", "file:./x", "mem:"} {
		s, err := r.Tracking(t.Context(), uri(t, fine), registry.Settings{})
		check(t, err)
		check(t, s.Close())
	}
}

func TestBareWords(t *testing.T) {
	t.Parallel()
	r, _ := newResolver(t)
	check(t, r.Handle("file", folders()))
	var asked []string
	bare := registry.Rule{
		Opener: core.OpenerFunc(func(_ context.Context, q core.OpenRequest) (core.Backend, error) {
			asked = append(asked, q.URI.Raw())
			return core.Backend{Tracking: mem.NewTracking(), Projects: mem.NewProjects()}, nil
		}),
		Kinds: []registry.Kind{registry.Tracking, registry.Projects}, Bare: true,
	}
	check(t, r.Handle("databricks", bare))
	check(t, r.Handle("local", bare))
	s, err := r.Tracking(t.Context(), uri(t, "databricks"), registry.Settings{})
	check(t, err)
	check(t, s.Close())
	b, err := r.Projects(t.Context(), uri(t, "local"), registry.Settings{})
	check(t, err)
	check(t, b.Close())
	if diff := cmp.Diff([]string{"databricks", "local"}, asked); diff != "" {
		t.Errorf("opened (-want +got):\n%s", diff)
	}
	e, err := r.Explain(t.Context(), uri(t, "databricks"), registry.Settings{})
	check(t, err)
	if e.Key != "databricks" || e.Scheme != "databricks" {
		t.Errorf("explained as %+v", e)
	}
	_, err = r.Projects(t.Context(), uri(t, "locall"), registry.Settings{})
	wantIs(t, err, core.ErrInvalid)
	wantText(t, err, "did you mean local?")
}

func TestAKindThatTheOpenerDoesNotServeAfterAll(t *testing.T) {
	t.Parallel()
	r, opener := newResolver(t)
	_, err := r.Tracking(t.Context(), uri(t, "mem://b/path"), registry.Settings{})
	wantIs(t, err, core.ErrUnsupported)
	wantText(t, err, "mem://b/path", "tracking")
	if opener.opened.Load() != opener.closed.Load() {
		t.Errorf("opened %d, closed %d", opener.opened.Load(), opener.closed.Load())
	}
}

// found finds one scheme and remembers what it was asked for.
type found struct {
	scheme string
	asked  []string
	err    error
}

func (f *found) Find(_ context.Context, scheme string) (registry.Rule, bool, error) {
	f.asked = append(f.asked, scheme)
	if scheme != f.scheme {
		return registry.Rule{}, false, f.err
	}
	return memRule(core.OpenerFunc(func(context.Context, core.OpenRequest) (core.Backend, error) {
		return core.Backend{Tracking: mem.NewTracking()}, nil
	})), true, nil
}

func TestTheFinderIsAskedLast(t *testing.T) {
	t.Parallel()
	f := &found{scheme: "plug"}
	r := registry.New(f)
	check(t, r.Handle("mem", memRule(mem.NewOpener())))
	for _, text := range []string{"mem:", "PLUG://x"} {
		s, err := r.Tracking(t.Context(), uri(t, text), registry.Settings{})
		check(t, err)
		check(t, s.Close())
	}
	for _, text := range []string{"gopher://x", strings.Repeat("x", 40) + ":y", "../x"} {
		_, err := r.Tracking(t.Context(), uri(t, text), registry.Settings{})
		wantIs(t, err, core.ErrInvalid)
	}
	if diff := cmp.Diff([]string{"plug", "gopher", "file"}, f.asked); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	f.err = errors.New("the plugin folder cannot be read")
	_, err := r.Tracking(t.Context(), uri(t, "gopher://x"), registry.Settings{})
	wantText(t, err, "the plugin folder cannot be read")
}
