package names

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestDecodings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		input   string
		want    []string
		settled bool
	}{
		{"", []string{""}, true},
		{"a+b", []string{"a+b"}, true},
		{"%", []string{"%"}, true},
		{"%4", []string{"%4"}, true},
		{"%zz%41", []string{"%zz%41", "%zzA"}, true},
		{"%41%42c", []string{"%41%42c", "ABc"}, true},
		{"%2e%2E", []string{"%2e%2E", ".."}, true},
		{"%252e", []string{"%252e", "%2e", "."}, true},
		{"%%34%31", []string{"%%34%31", "%41", "A"}, true},
		{"%30%39%4a%4A%5f%5F", []string{"%30%39%4a%4A%5f%5F", "09JJ__"}, true},
		{"%ff", []string{"%ff", "\xff"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.input, func(t *testing.T) {
			t.Parallel()
			got, settled := decodings(tt.input)
			if !slices.Equal(got, tt.want) || settled != tt.settled {
				t.Errorf("got %q, %v, want %q, %v", got, settled, tt.want, tt.settled)
			}
		})
	}
}

func TestDecodingsGiveUpAfterTenRounds(t *testing.T) {
	t.Parallel()
	for depth := range 15 {
		rounds, settled := decodings("%" + strings.Repeat("25", depth) + "41")
		if want := depth+1 <= maxDecodings; settled != want {
			t.Errorf("encoded %d times over: settled is %v, want %v", depth+1, settled, want)
		}
		if want := min(depth+2, maxDecodings+1); len(rounds) != want {
			t.Errorf("encoded %d times over: %d rounds, want %d", depth+1, len(rounds), want)
		}
	}
}

// Where the standard library can decode at all, it decodes the same.
func FuzzDecodeOnce(f *testing.F) {
	for _, seed := range []string{"%41", "%%41", "a%2", "%zz", "%25%32%35", "\xff%ff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, changed := decodeOnce(s)
		if changed != (len(got) < len(s)) {
			t.Errorf("%q decodes to %q, changed is %v", s, got, changed)
		}
		if want, err := url.PathUnescape(s); err == nil && got != want {
			t.Errorf("%q decodes to %q, want %q", s, got, want)
		}
	})
}
