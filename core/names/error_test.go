package names_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mlstore/mlstore/core/names"
)

func TestErrorText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"short", names.Key("/a"), `key must not start with "/", got "/a"`},
		{"empty", names.RunID(""), `run id must not be empty, got ""`},
		{"quoted", names.ArtifactPath("a\nb"), `artifact path must not contain control characters, got "a\nb"`},
		{"exactly 200 bytes", names.Alias(strings.Repeat("*", 200)), `alias may only contain letters, numbers, underscores and dashes, got "` + strings.Repeat("*", 200) + `"`},
		{"longer", names.Alias(strings.Repeat("*", 207)), `alias may only contain letters, numbers, underscores and dashes, got "` + strings.Repeat("*", 200) + `" and 7 more bytes`},
		{"never cuts a character", names.ModelName(strings.Repeat("a", 199) + "é/"), `model name must not contain "/" or ":", got "` + strings.Repeat("a", 199) + `" and 3 more bytes`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fmt.Sprint(tt.err); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestErrorSurvivesWrapping(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("log batch: %w", names.Key("../x"))
	var refused *names.Error
	if !errors.As(err, &refused) {
		t.Fatalf("%v does not hold a *names.Error", err)
	}
	if refused.Input != "../x" {
		t.Errorf("Input is %q, want the refused key", refused.Input)
	}
}

// An error text may hold any bytes of an attacker: it stays short, printable and valid.
func FuzzErrorText(f *testing.F) {
	f.Add("a\r\nSet-Cookie: x", "must not")
	f.Add(strings.Repeat("\xff", 500), "")
	f.Fuzz(func(t *testing.T, input, rule string) {
		text := (&names.Error{Input: input, Rule: rule}).Error()
		echo := strings.TrimPrefix(text, rule)
		if !utf8.ValidString(echo) || strings.ContainsAny(echo, "\r\n\x00") {
			t.Errorf("unprintable echo %q", echo)
		}
		if limit := 4*200 + 60; len(echo) > limit { // %q writes at most \xNN for each byte
			t.Errorf("echo of %d bytes, want at most %d", len(echo), limit)
		}
	})
}
