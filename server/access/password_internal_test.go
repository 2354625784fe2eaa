package access

import (
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
)

// The hashes are werkzeug's own, of generate_password_hash("correct horse", method).
func TestHashesOfWerkzeugMatch(t *testing.T) {
	t.Parallel()
	for _, hash := range []string{
		"scrypt:32768:8:1$U6aJdzhEbhWoHGHf$f8787dbb947af2559acc20ab08bcf1cc459646880a52b348a07f6aef" +
			"04983ff91e113f2f31d29d5b4aea8a06f4706fd1aa52b6151efaec33f2e6574fbfbffd06",
		"pbkdf2:sha256:20000$cjgvuR9BPRQXF6Eu$92cec060d1786d902d51b4492a94801da751c52bfcfdecacd74f259224714eb0",
		"pbkdf2:sha1:1000$S1nHYbijwmulGDIR$3bd03e71d66e90734b5085449394d3dec47ae213",
	} {
		if !matches(core.NewSecret(hash), "correct horse") {
			t.Errorf("%s does not match", hash)
		}
		for _, wrong := range []string{"", "correct horsE", strings.Repeat("correct horse", 1000)} {
			if matches(core.NewSecret(hash), wrong) {
				t.Errorf("%s matches %.20q", hash, wrong)
			}
		}
	}
}

func TestAHashThatIsNoneMatchesNothing(t *testing.T) {
	t.Parallel()
	for _, hash := range []string{
		"", "x", "$$", "plain$$68656c6c6f", "scrypt:32768:8:1$salt$", "scrypt:32768:8:1$salt$zz", "scrypt:0:8:1$s$00",
		"scrypt:1073741824:8:1$s$00", "scrypt:1048576:64:1$s$00", "scrypt:3:8:1$s$00", "pbkdf2:sha256:0$s$00",
		"pbkdf2:sha256:99999999999$s$00", "pbkdf2:md4:1000$s$00", "scrypt:32768:8$s$00", "md5$s$00",
	} {
		for _, password := range []string{"", "hello"} {
			if matches(core.NewSecret(hash), password) {
				t.Errorf("%q matches %q", hash, password)
			}
		}
	}
}

func TestANewHashMatchesItsPasswordAlone(t *testing.T) {
	t.Parallel()
	a, err := HashPassword("größe des passworts")
	if err != nil {
		t.Fatal(err)
	}
	b, err := HashPassword("größe des passworts")
	if err != nil {
		t.Fatal(err)
	}
	if a == b || !strings.HasPrefix(a.Reveal(), "scrypt:32768:8:1$") || len(a.Reveal()) > 255 {
		t.Errorf("two hashes of one password: %q %q", a.Reveal(), b.Reveal())
	}
	if !matches(a, "größe des passworts") || matches(a, "grösse des passworts") {
		t.Error("the hash does not tell passwords apart")
	}
}

func TestPasswordsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, password := range []string{
		"", "a", "elevenchars", strings.Repeat("x", 1<<20), "aaaaaaaaaaaaaaaa", "Margarethe-II", "password1234", "Password12345",
		"qwertyuiop12",
	} {
		if CheckPassword("margarethe-ii", password) == nil {
			t.Errorf("%.30q is taken", password)
		}
	}
	for _, password := range []string{"correct horse", "größengrößen", "password of many words"} {
		if err := CheckPassword("margarethe-ii", password); err != nil {
			t.Errorf("%q: %v", password, err)
		}
	}
}
