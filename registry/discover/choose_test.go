//go:build unix

package discover_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/discover"
)

func TestAnAmbiguousSchemeNamesBothAndTheLineThatSettlesIt(t *testing.T) {
	t.Parallel()
	first, second := folder(t), folder(t)
	put(t, first, manifest("fast", "s3"))
	put(t, second, manifest("plain", "s3", "gs"))
	found := find(t, first, second)
	_, err := found.For("s3", "")
	if !errors.Is(err, core.ErrState) || core.ReasonOf(err) != discover.ReasonAmbiguous {
		t.Fatalf("error %v", err)
	}
	settings := filepath.Join(first, "plugins.json")
	line := `{"schemes": {"s3": "fast"}}`
	for _, want := range []string{filepath.Join(first, "mlstore-plugin-fast.json"), filepath.Join(second, "mlstore-plugin-plain.json"), settings, line} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %s:\n%v", want, err)
		}
	}
	if c, err := found.For("gs", "artifacts"); err != nil || c.Name() != "plain" {
		t.Errorf("the other scheme: %v, %v", c.Name(), err)
	}
	write(t, settings, line, 0o644)
	if c, err := find(t, first, second).For("s3", ""); err != nil || c.Name() != "fast" {
		t.Errorf("with the line: %v, %v", c.Name(), err)
	}
	write(t, settings, `{"schemes": {"s3": "nobody"}}`, 0o644)
	if _, err := find(t, first, second).For("s3", ""); core.ReasonOf(err) != discover.ReasonRefused || !strings.Contains(err.Error(), settings) {
		t.Errorf("with a line for nobody: %v", err)
	}
	write(t, settings, `{`, 0o644)
	if rejected := find(t, first, second).Rejected; len(rejected) != 1 || rejected[0].File != settings {
		t.Errorf("a broken settings file: %+v", rejected)
	}
}

func TestASchemeOfNobody(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	put(t, dir, manifest("a", "a"))
	for _, kind := range []string{"", "artifacts"} {
		if _, err := find(t, dir).For("b", kind); !errors.Is(err, core.ErrNotFound) || core.ReasonOf(err) != discover.ReasonNotFound {
			t.Errorf("error %v", err)
		}
	}
	if _, err := find(t, dir).For("a", "tracking"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a kind that it does not have: %v", err)
	}
	if _, err := find(t, dir).Named("b"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a name of nobody: %v", err)
	}
}

func TestARejectedPluginSaysWhyItsSchemeIsNotServed(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	put(t, dir, manifest("a", "a"))
	write(t, filepath.Join(dir, "mlstore-plugin-a"), "", 0o777)
	_, err := find(t, dir).For("a", "")
	if !errors.Is(err, core.ErrState) || core.ReasonOf(err) != discover.ReasonRefused || !strings.Contains(err.Error(), "chmod go-w") {
		t.Errorf("error %v", err)
	}
}
