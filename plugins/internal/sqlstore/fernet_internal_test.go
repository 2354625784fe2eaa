package sqlstore

import (
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
)

// The key and the token are those of the acceptance tests in Fernet's specification.
const (
	specKey   = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
	specToken = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=="
)

func TestFernet(t *testing.T) {
	t.Parallel()
	f, err := newFernet(core.NewSecret(specKey))
	if err != nil {
		t.Fatal(err)
	}
	if text, ok := f.open(specToken); !ok || text != "hello" {
		t.Errorf("the token of the specification is %q, %v", text, ok)
	}
	for _, text := range []string{"", "a", strings.Repeat("b", 16), strings.Repeat("é", 100)} {
		sealed, err := f.seal(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := f.open(sealed); !ok || got != text {
			t.Errorf("%q came back as %q, %v", text, got, ok)
		}
		other, err := newFernet(core.NewSecret("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := other.open(sealed); ok {
			t.Error("another key opens it")
		}
		for i := range len(sealed) - 4 { // the last ones hold stray bits of base64
			spoilt := []byte(sealed)
			spoilt[i] ^= 1
			if got, ok := f.open(string(spoilt)); ok && got != text {
				t.Errorf("with byte %d changed it opens as %q", i, got)
			}
		}
	}
	longest, err := f.seal(strings.Repeat("a", core.MostWebhookSecret))
	if err != nil || len(longest) > 1000 {
		t.Errorf("the longest secret takes %d characters (%v), the column has 1000", len(longest), err)
	}
	for _, bad := range []string{"short", specKey[:20], specKey + "AAAA", "not base64 at all, but as long as a key ...."} {
		if _, err := newFernet(core.NewSecret(bad)); core.CodeOf(err) != core.InvalidArgument {
			t.Errorf("the key %q: %v", bad, err)
		}
	}
}
