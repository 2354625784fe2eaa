package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// tokenPrefix begins every token, so that scanners for leaked secrets find them: mlf_<id>_<secret>.
const tokenPrefix = "mlf_"

// maxTokenAge is the longest that a token may live.
const maxTokenAge = 366 * 24 * time.Hour

// TokenSpec describes a token to make.
type TokenSpec struct {
	User  string
	Name  string // what it is for
	Age   time.Duration
	Scope core.TokenScope
}

// NewToken makes a token, and its text, which is nowhere else. The secret has 256 bits, so that a plain digest hides it.
func NewToken(spec TokenSpec) (core.Token, core.Secret, error) {
	if spec.Age <= 0 || spec.Age > maxTokenAge {
		return core.Token{}, core.Secret{}, core.Invalid("expires_in_seconds", "A token lives for at most %d days.",
			maxTokenAge/(24*time.Hour))
	}
	now := core.Now()
	token := core.Token{
		ID: strings.ToLower(rand.Text()[:16]), User: spec.User, Name: spec.Name, Scope: spec.Scope, CreatedAt: now,
		ExpiresAt: now + core.Millis(spec.Age.Milliseconds()),
	}
	secret := strings.ToLower(rand.Text() + rand.Text())
	token.Hash = core.NewSecret(digest(secret))
	return token, core.NewSecret(tokenPrefix + token.ID + "_" + secret), core.CheckToken(token)
}

// splitToken reads the text of a token.
func splitToken(text string) (id, secret string, ok bool) {
	const longest = 200
	rest, ok := strings.CutPrefix(text, tokenPrefix)
	if !ok || len(text) > longest {
		return "", "", false
	}
	id, secret, ok = strings.Cut(rest, "_")
	return id, secret, ok && id != "" && secret != ""
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// opens reports whether the secret is that of the token.
func opens(token core.Token, secret string) bool {
	return subtle.ConstantTimeCompare([]byte(digest(secret)), []byte(token.Hash.Reveal())) == 1
}

// TokensOf searches the tokens of a user, or of everybody when it is empty.
func TokensOf(store core.Tokens, user string) func(context.Context, core.PageOptions) (core.Page[core.Token], error) {
	return func(ctx context.Context, o core.PageOptions) (core.Page[core.Token], error) {
		return store.SearchTokens(ctx, core.TokenQuery{User: user, PageOptions: o})
	}
}
