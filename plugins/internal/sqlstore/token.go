package sqlstore

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/mlstore/mlstore/core"
)

// checksum is the number of bytes of SHA-256 that a token begins with.
const checksum = 12

// seal makes the page token that continues the query after position. It depends on nothing but the two, so that a token
// outlives the store that made it.
func seal(query string, position any) (string, error) {
	body, err := json.Marshal(position)
	if err != nil {
		return "", core.Errorf(core.Internal, "the position of a page cannot be encoded: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(append(digest(query, body), body...)), nil
}

// unseal reads a token of the query into position. A token that seal did not make for this query is ErrInvalid.
func unseal(query, token string, position any) error {
	packed, err := base64.RawURLEncoding.DecodeString(token)
	// Go's decoder skips line breaks and stray bits, so that one position had several tokens: compare with the true one.
	if err != nil || len(packed) < checksum || base64.RawURLEncoding.EncodeToString(packed) != token {
		return badToken()
	}
	body := packed[checksum:]
	if string(packed[:checksum]) != string(digest(query, body)) || json.Unmarshal(body, position) != nil {
		return badToken()
	}
	return nil
}

func digest(query string, body []byte) []byte {
	h := sha256.New()
	h.Write([]byte(query))
	h.Write([]byte{0})
	h.Write(body)
	return h.Sum(nil)[:checksum]
}

func badToken() error {
	return core.Invalid("page_token", "Invalid page token: this store did not make it, or made it for another query")
}

// Seal makes page tokens for the stores of the packages below.
func Seal(query string, position any) (string, error) { return seal(query, position) }

// Unseal reads what Seal made.
func Unseal(query, token string, position any) error { return unseal(query, token, position) }
