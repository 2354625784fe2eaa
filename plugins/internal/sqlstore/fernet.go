package sqlstore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"

	"github.com/mlstore/mlstore/core"
)

// fernet encrypts texts in the form in which MLflow keeps the secrets of webhooks: version 0x80, seconds since the epoch,
// initial vector, AES-128 in CBC mode, and HMAC-SHA256 of all that (the specification of Fernet). The zero value has no key.
type fernet struct{ signing, encryption []byte }

const (
	fernetVersion = 0x80
	fernetHead    = 1 + 8 // version and time
)

// newFernet reads a key: 32 bytes in URL-safe base64. An empty one makes the zero value.
func newFernet(key core.Secret) (fernet, error) {
	if key.IsZero() {
		return fernet{}, nil
	}
	raw, err := base64.URLEncoding.DecodeString(key.Reveal())
	if err != nil || len(raw) != 32 {
		return fernet{}, core.Invalid(WebhookKeyVariable,
			"%s is no key of Fernet: it must be 32 random bytes in URL-safe base64, as `openssl rand -base64 32 | tr +/ -_` makes them",
			WebhookKeyVariable)
	}
	return fernet{signing: raw[:16], encryption: raw[16:]}, nil
}

// hasKey reports whether texts can be encrypted.
func (f fernet) hasKey() bool { return f.signing != nil }

// seal encrypts a text.
func (f fernet) seal(text string) (string, error) {
	block, err := aes.NewCipher(f.encryption)
	if err != nil {
		return "", core.Errorf(core.Internal, "encrypting a secret: %w", err)
	}
	token := []byte{fernetVersion}
	token = binary.BigEndian.AppendUint64(token, uint64(time.Now().Unix()))
	var vector [aes.BlockSize]byte
	_, _ = rand.Read(vector[:]) // never fails (its documentation)
	token = append(token, vector[:]...)
	padding := aes.BlockSize - len(text)%aes.BlockSize
	body := slices.Concat([]byte(text), slices.Repeat([]byte{byte(padding)}, padding))
	cipher.NewCBCEncrypter(block, vector[:]).CryptBlocks(body, body)
	token = append(token, body...)
	return base64.URLEncoding.EncodeToString(append(token, f.sign(token)...)), nil
}

// open decrypts what seal made; ok is false for what another key made, or nobody.
func (f fernet) open(sealed string) (text string, ok bool) {
	token, err := base64.URLEncoding.DecodeString(sealed)
	least := fernetHead + 2*aes.BlockSize + sha256.Size
	if err != nil || !f.hasKey() || len(token) < least || token[0] != fernetVersion {
		return "", false
	}
	token, mac := token[:len(token)-sha256.Size], token[len(token)-sha256.Size:]
	if !hmac.Equal(mac, f.sign(token)) {
		return "", false
	}
	vector, body := token[fernetHead:fernetHead+aes.BlockSize], token[fernetHead+aes.BlockSize:]
	block, err := aes.NewCipher(f.encryption)
	if err != nil || len(body)%aes.BlockSize != 0 {
		return "", false
	}
	cipher.NewCBCDecrypter(block, vector).CryptBlocks(body, body)
	padding := int(body[len(body)-1])
	if padding < 1 || padding > aes.BlockSize {
		return "", false
	}
	return string(body[:len(body)-padding]), true
}

func (f fernet) sign(token []byte) []byte {
	h := hmac.New(sha256.New, f.signing)
	h.Write(token)
	return h.Sum(nil)
}
