package http

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/mlstore/mlstore/core"
)

// checksum is the number of bytes of SHA-256 that a token begins with.
const checksum = 12

// seal binds a server's page token to its query, so that one of another query is refused also where the server would take it.
// It depends on nothing but the two: a token outlives the handle that made it.
func seal(query, token string) string {
	if token == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(digest(query, token), token...))
}

// unseal returns the server's token.
func unseal(query, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	packed, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(packed) <= checksum || base64.RawURLEncoding.EncodeToString(packed) != sealed {
		return "", badToken()
	}
	token := string(packed[checksum:])
	if string(digest(query, token)) != string(packed[:checksum]) {
		return "", badToken()
	}
	return token, nil
}

func digest(query, token string) []byte {
	h := sha256.New()
	h.Write([]byte(query))
	h.Write([]byte{0})
	h.Write([]byte(token))
	return h.Sum(nil)[:checksum]
}

func badToken() error {
	return core.Invalid("page_token", "Invalid page token: this store did not make it, or made it for another query")
}
