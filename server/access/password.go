package access

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // werkzeug's old hashes may use it
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/scrypt"

	"github.com/mlstore/mlstore/core"
)

const (
	// shipped is the password that MLflow came with before 3.17. Everybody knows it.
	shipped = "password1234"

	minPassword = 12
	maxPassword = 1024 // bytes: hashing a longer one would only cost time
)

// CheckPassword refuses a new password that is too short, too long, or easy to guess.
func CheckPassword(user, password string) error {
	refuse := func(format string, args ...any) error { return core.Invalid("password", format, args...) }
	switch {
	case len(password) > maxPassword:
		return refuse("Password must be at most %d bytes.", maxPassword)
	case utf8.RuneCountInString(password) < minPassword:
		return refuse("Password must be at least %d characters.", minPassword)
	case strings.EqualFold(password, user):
		return refuse("Password must differ from the username.")
	case password == shipped:
		return refuse("Password must not be the one that MLflow was shipped with.")
	case strings.Count(password, password[:1]) == len(password):
		return refuse("Password must not repeat one character.")
	}
	for _, known := range []string{"password", "123456789012", "qwertyuiop", "administrator", "changeme"} {
		if rest, found := strings.CutPrefix(strings.ToLower(password), known); found && len(rest) <= 5 {
			return refuse("Password must not begin with %q and go on with little else.", known)
		}
	}
	return nil
}

// The cost of new hashes: werkzeug's default, 32 MiB and about a tenth of a second.
const (
	scryptN, scryptR, scryptP = 1 << 15, 8, 1
	scryptLength              = 64
)

// HashPassword hashes a password in werkzeug's form: method, salt and hash, with $ between them.
func HashPassword(password string) (core.Secret, error) {
	salt := rand.Text()[:16] // of letters and digits, as werkzeug's
	sum, err := scrypt.Key([]byte(password), []byte(salt), scryptN, scryptR, scryptP, scryptLength)
	if err != nil {
		return core.Secret{}, core.Errorf(core.Internal, "hash a password: %w", err)
	}
	method := "scrypt:" + strconv.Itoa(scryptN) + ":" + strconv.Itoa(scryptR) + ":" + strconv.Itoa(scryptP)
	return core.NewSecret(method + "$" + salt + "$" + hex.EncodeToString(sum)), nil
}

// matches reports whether the hash is one of the password. A hash of another form, or one that would cost more than a second
// or much memory, matches none. Source: werkzeug/security.py.
func matches(stored core.Secret, password string) bool {
	method, rest, _ := strings.Cut(stored.Reveal(), "$")
	salt, text, found := strings.Cut(rest, "$")
	want, err := hex.DecodeString(text)
	if !found || err != nil || len(want) == 0 || len(password) > maxPassword {
		return false
	}
	got, ok := derive(method, salt, password, len(want))
	return ok && subtle.ConstantTimeCompare(got, want) == 1
}

func derive(method, salt, password string, length int) ([]byte, bool) {
	args := strings.Split(method, ":")
	switch {
	case args[0] == "scrypt" && len(args) == 4:
		n, r, p := count(args[1], 1<<20), count(args[2], 64), count(args[3], 16)
		if n == 0 || r == 0 || p == 0 || n*r > 1<<21 {
			return nil, false
		}
		sum, err := scrypt.Key([]byte(password), []byte(salt), n, r, p, length)
		return sum, err == nil
	case args[0] == "pbkdf2" && len(args) == 3:
		hashes := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}
		rounds := count(args[2], 5_000_000)
		h, known := hashes[args[1]]
		if !known || rounds == 0 {
			return nil, false
		}
		sum, err := pbkdf2.Key(h, password, []byte(salt), rounds, length)
		return sum, err == nil
	}
	return nil, false
}

// count reads a number between 1 and most; 0 is everything else.
func count(text string, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0
	}
	return n
}
