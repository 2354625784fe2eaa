package example_test

import (
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/example"
	"github.com/mlstore/mlstore/sdk/sdktest"
)

func TestMain(m *testing.M) { sdktest.Main(m, example.Plugin()) }

// fresh names a notebook that nobody has opened yet.
func fresh(t conformance.T) core.OpenRequest {
	uri, err := core.ParseURI("example://" + strings.ToLower(rand.Text()))
	conformance.NoError(t, "the URI", err)
	return core.OpenRequest{URI: uri}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	sdktest.Test(t, example.Plugin(), sdktest.Options{
		Package: "github.com/mlstore/mlstore/sdk/example/cmd/mlstore-plugin-example", Fresh: fresh,
	})
}

func TestTheStoreIsShort(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("store.go")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines >= 150 {
		t.Errorf("store.go has %d lines: an example of a store stays below 150", lines)
	}
}

func TestBadURIsAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"example:", "example://", "example://a/b", "example://a?b=c", "other://a"} {
		uri, err := core.ParseURI(text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = (&example.Opener{}).Open(t.Context(), core.OpenRequest{URI: uri})
		if core.CodeOf(err) != core.InvalidArgument || !strings.Contains(err.Error(), "example://name") {
			t.Errorf("%s: %v, want ErrInvalid that shows the form", text, err)
		}
	}
}
