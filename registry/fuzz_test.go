package registry_test

import (
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/registry"
)

// Whatever a URI looks like: no panic, a typed error or an explanation whose instance is explained as itself.
func FuzzExplain(f *testing.F) {
	for _, seed := range []string{
		" file:///etc", "s3://bucket/../other", "mem://bucket/a/%2e%2e/b", "s3://KEY:SECRET@bucket/p", "models:/m/1", "models:/m@a",
		"runs:/../x", "runs:/", "dbfs:/a?/../..", "sqlite:////etc/x.db", "../../x://", "a/b://", "S3://", "s3+http://", "javascript:",
		"unix:", "mem:", "mem://b/p/", "file:./x?durability=relaxed", "./x/", "C:\\x", "http://u:p/w@host", "http:@", "mem://@", "mem:?a=b",
	} {
		f.Add(seed)
	}
	r, _ := newResolver(f)
	check(f, r.Handle("file", folders()))
	s3 := memRule(mem.NewOpener())
	s3.Mount, s3.Empty = registry.ByAuthority, false
	check(f, r.Handle("s3", s3))
	f.Fuzz(func(t *testing.T, text string) {
		u, err := core.ParseURI(text)
		if err != nil {
			return
		}
		s := registry.Settings{Tracking: uri(t, "mem://t")}
		e, err := r.Explain(t.Context(), u, s)
		if err != nil {
			if code := core.CodeOf(err); code == core.Unknown || code == core.Internal {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if strings.Contains(e.Instance, "***") {
			return // cannot be opened from what is shown
		}
		again, err := r.Explain(t.Context(), uri(t, e.Instance), s)
		if err != nil || again.Key != e.Key || again.Prefix != "" {
			t.Fatalf("%q is in %q, which is %+v, %v", text, e.Instance, again, err)
		}
	})
}
