package registry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/registry"
)

func TestManyRootsAreViewsOfOneInstance(t *testing.T) {
	t.Parallel()
	r, opener := newResolver(t)
	var open []core.ArtifactRepository
	for i := range 10_000 {
		repo, err := r.Artifacts(t.Context(), uri(t, fmt.Sprintf("mem://bucket/%d/artifacts", i)), registry.Settings{})
		check(t, err)
		open = append(open, repo)
	}
	if n := opener.opened.Load(); n != 1 {
		t.Errorf("opened %d stores, want 1", n)
	}
	put(t, open[7], "x", "seven")
	if _, err := open[8].Stat(t.Context(), "x"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("root 8 sees what root 7 has: %v", err)
	}
	for _, repo := range open[1:] {
		check(t, repo.Close())
	}
	_, err := open[0].List(t.Context(), "", core.ListOptions{})
	check(t, err)
	if n := opener.closed.Load(); n != 0 {
		t.Fatal("closed while a root is in use")
	}
	check(t, open[0].Close())
	check(t, open[0].Close())
	if n := opener.closed.Load(); n != 1 {
		t.Errorf("closed %d times after the last use, want 1", n)
	}
	again, err := r.Artifacts(t.Context(), uri(t, "mem://bucket/7/artifacts"), registry.Settings{})
	check(t, err)
	defer again.Close()
	if got := get(t, again, "x"); got != "seven" || opener.opened.Load() != 2 {
		t.Errorf("after reopening: %q, opened %d", got, opener.opened.Load())
	}
}

func TestEveryKindOfAURISharesOneInstance(t *testing.T) {
	t.Parallel()
	r, opener := newResolver(t)
	ctx, at := t.Context(), uri(t, "mem://all")
	s := registry.Settings{Tracking: at, Registry: at}
	tracking, err := r.Tracking(ctx, at, s)
	check(t, err)
	models, err := r.Registry(ctx, uri(t, "mem://all/"), s)
	check(t, err)
	jobs, err := r.Projects(ctx, uri(t, "MEM://all"), s)
	check(t, err)
	files, err := r.Artifacts(ctx, at, registry.Settings{Tracking: at})
	check(t, err)
	if n := opener.opened.Load(); n != 1 {
		t.Errorf("opened %d stores, want 1", n)
	}
	stores := []core.Store{tracking, models, jobs, files}
	for i, s := range stores {
		if opener.closed.Load() != 0 {
			t.Fatalf("closed after %d of %d", i, len(stores))
		}
		check(t, s.Close())
		_, err := s.Describe(ctx)
		wantIs(t, err, core.ErrClosed)
	}
	if n := opener.closed.Load(); n != 1 {
		t.Errorf("closed %d times, want 1", n)
	}
}

func TestAHandleIsClosedWhileOthersUseTheInstance(t *testing.T) {
	t.Parallel()
	r, _ := newResolver(t)
	ctx := t.Context()
	first, err := r.Tracking(ctx, uri(t, "mem:"), registry.Settings{})
	check(t, err)
	second, err := r.Tracking(ctx, uri(t, "mem:"), registry.Settings{})
	check(t, err)
	defer second.Close()
	if _, ok := core.As[core.Purger](first); !ok {
		t.Error("the abilities of the store are not passed on")
	}
	check(t, first.Close())
	_, err = first.SearchExperiments(ctx, core.ExperimentQuery{})
	wantIs(t, err, core.ErrClosed)
	if _, ok := core.As[core.Purger](first); ok {
		t.Error("a closed handle has abilities")
	}
	_, err = second.SearchExperiments(ctx, core.ExperimentQuery{})
	check(t, err)
}

func TestOneOpeningServesAllWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate, opener := make(chan struct{}), &counting{Opener: mem.NewOpener()}
		r := registry.New(nil)
		check(t, r.Handle("mem", memRule(core.OpenerFunc(func(ctx context.Context, q core.OpenRequest) (core.Backend, error) {
			<-gate
			if ctx.Err() != nil {
				return core.Backend{}, ctx.Err()
			}
			return opener.Open(ctx, q)
		}))))
		impatient, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := r.Tracking(impatient, uri(t, "mem:"), registry.Settings{})
			left <- err
		}()
		synctest.Wait() // the impatient one opens
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				s, err := r.Tracking(t.Context(), uri(t, "mem:"), registry.Settings{})
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
		close(gate)
		all.Wait()
		synctest.Wait()
		if opener.opened.Load() < 1 || opener.opened.Load() != opener.closed.Load() {
			t.Errorf("opened %d, closed %d", opener.opened.Load(), opener.closed.Load())
		}
	})
}

func TestAnOpeningThatNobodyWaitsForEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		opener, stopped := &counting{Opener: mem.NewOpener()}, false
		r := registry.New(nil)
		check(t, r.Handle("mem", memRule(core.OpenerFunc(func(ctx context.Context, q core.OpenRequest) (core.Backend, error) {
			<-ctx.Done()
			stopped = true
			return opener.Open(context.WithoutCancel(ctx), q) // opens nevertheless: it must be closed
		}))))
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			synctest.Wait()
			cancel()
		}()
		_, err := r.Tracking(ctx, uri(t, "mem:"), registry.Settings{})
		wantIs(t, err, context.Canceled)
		synctest.Wait()
		if !stopped || opener.opened.Load() != 1 || opener.closed.Load() != 1 {
			t.Errorf("stopped %v, opened %d, closed %d", stopped, opener.opened.Load(), opener.closed.Load())
		}
	})
}

func TestAFailedOpeningIsNotKept(t *testing.T) {
	t.Parallel()
	tries, opener := 0, mem.NewOpener()
	r := registry.New(nil)
	check(t, r.Handle("mem", memRule(core.OpenerFunc(func(ctx context.Context, q core.OpenRequest) (core.Backend, error) {
		if tries++; tries == 1 {
			return core.Backend{}, core.Errorf(core.Unavailable, "not now")
		}
		return opener.Open(ctx, q)
	}))))
	_, err := r.Tracking(t.Context(), uri(t, "mem:"), registry.Settings{})
	wantIs(t, err, core.ErrUnavailable)
	wantText(t, err, "mem:", "not now")
	s, err := r.Tracking(t.Context(), uri(t, "mem:"), registry.Settings{})
	check(t, err)
	check(t, s.Close())
}

func TestWhatTellsInstancesApart(t *testing.T) {
	t.Parallel()
	accept := core.OpenerFunc(func(context.Context, core.OpenRequest) (core.Backend, error) {
		return core.Backend{Tracking: mem.NewTracking(), Artifacts: mem.NewArtifacts()}, nil
	})
	secrets := func(text string) registry.Settings {
		return registry.Settings{Secrets: map[string]core.Secret{"token": core.NewSecret(text)}}
	}
	option := func(text string) registry.Settings {
		return registry.Settings{Options: map[string]string{"region": text}}
	}
	type opening struct {
		uri string
		s   registry.Settings
	}
	none := registry.Settings{}
	tests := []struct {
		a, b opening
		same bool
	}{
		{opening{"./x", none}, opening{"x/", none}, true},
		{opening{"./x", none}, opening{"file:./y/../x", none}, true},
		{opening{"./x", none}, opening{"./y", none}, false},
		{opening{"file:x?durability=relaxed", none}, opening{"file:x", none}, false},
		{opening{"/a?b", none}, opening{"/a?c", none}, false},
		{opening{"/a%20b", none}, opening{"file:///a%20b", none}, false},
		{opening{"/a b", none}, opening{"file:///a%20b", none}, true},
		{opening{"http://Host:5000/", none}, opening{"HTTP://host:5000", none}, true},
		{opening{"http://host:5000/a", none}, opening{"http://host:5000/A", none}, false},
		{opening{"http://u:one@host", none}, opening{"http://u:two@host", none}, false},
		{opening{"http://u:one@host", none}, opening{"http://u:one@host/", none}, true},
		{opening{"http://u:one@host", none}, opening{"http://host", none}, false},
		{opening{"http:u:one@host", none}, opening{"http:u:two@host", none}, false},
		{opening{"http://[::1]:5000/a@b", none}, opening{"http://[::1]:5000/a@c", none}, false},
		{opening{"http://host?token=a", none}, opening{"http://host?token=b", none}, false},
		{opening{"http://host?v=a", none}, opening{"http://host?v=b", none}, false},
		{opening{"http://host", secrets("a")}, opening{"http://host", secrets("b")}, false},
		{opening{"http://host", secrets("a")}, opening{"http://host", secrets("a")}, true},
		{opening{"http://host", secrets("a")}, opening{"http://host", none}, false},
		{opening{"http://host", option("a")}, opening{"http://host", option("b")}, false},
		{opening{"http://host", none}, opening{"http://host", registry.Settings{ReadOnly: true}}, false},
		{opening{"http://host", none}, opening{"http://host", registry.Settings{Workspace: "w"}}, false},
	}
	for _, test := range tests {
		r := registry.New(nil)
		opened := 0
		rule := registry.Rule{Kinds: []registry.Kind{registry.Tracking}, Opener: core.OpenerFunc(
			func(ctx context.Context, q core.OpenRequest) (core.Backend, error) {
				opened++
				return accept(ctx, q)
			})}
		check(t, r.Handle("file", rule))
		check(t, r.Handle("http", rule))
		for _, o := range []opening{test.a, test.b} {
			s, err := r.Tracking(t.Context(), uri(t, o.uri), o.s)
			check(t, err)
			defer s.Close()
		}
		if same := opened == 1; same != test.same {
			t.Errorf("%s %+v and %s %+v share an instance: %v, want %v", test.a.uri, test.a.s, test.b.uri, test.b.s, same, test.same)
		}
	}
}

func TestOpenersLearnTheSettings(t *testing.T) {
	t.Parallel()
	var got core.OpenRequest
	r := registry.New(nil)
	check(t, r.Handle("obj", registry.Rule{Kinds: []registry.Kind{registry.Artifacts}, Opener: core.OpenerFunc(
		func(_ context.Context, q core.OpenRequest) (core.Backend, error) {
			got = q
			return core.Backend{Artifacts: mem.NewArtifacts()}, nil
		})}))
	s := registry.Settings{
		Tracking: uri(t, "mem://t"), Registry: uri(t, "mem://r"), Options: map[string]string{"o": "1"},
		Secrets: map[string]core.Secret{"s": core.NewSecret("2")}, Workspace: "w", ReadOnly: true,
	}
	repo, err := r.Artifacts(t.Context(), uri(t, "obj://bucket/p?region=eu"), s)
	check(t, err)
	defer repo.Close()
	if got.URI.Raw() != "obj://bucket/p?region=eu" || got.Tracking != s.Tracking || got.Registry != s.Registry || got.Options["o"] != "1" ||
		got.Secrets["s"].Reveal() != "2" || got.Workspace != "w" || !got.ReadOnly {
		t.Errorf("the opener got %+v", got)
	}
}

func TestByAuthority(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ uri, instance, prefix string }{
		{"s3://bucket/a/b", "s3://bucket", "a/b"},
		{"s3://bucket/a%20b/", "s3://bucket", "a%20b"},
		{"s3://bucket", "s3://bucket", ""},
		{"s3://bucket/", "s3://bucket", ""},
		{"s3://bucket/bucket?endpoint=x/y", "s3://bucket?endpoint=x/y", "bucket"},
		{"wasbs://c@acct.blob.core.windows.net/p/q", "wasbs://c@acct.blob.core.windows.net", "p/q"},
	} {
		instance, prefix, err := registry.ByAuthority(uri(t, test.uri))
		check(t, err)
		if instance.Raw() != test.instance || prefix != test.prefix {
			t.Errorf("%s is %q in %q, want %q in %q", test.uri, prefix, instance.Raw(), test.prefix, test.instance)
		}
	}
	for _, bad := range []string{"s3:", "s3:///a", "s3://b/../c", "s3://b/a//c", "s3://b/%2e%2e/c", "s3://b/" + strings.Repeat("x", 2000)} {
		_, _, err := registry.ByAuthority(uri(t, bad))
		wantIs(t, err, core.ErrInvalid)
	}
}
