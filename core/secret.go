package core

import (
	"context"
	"fmt"
	"log/slog"
)

const mask = "***"

// Secret is a password, token or key. However it is printed, logged or encoded, it shows three stars; Reveal gives the
// text to the one place that needs it. The zero value is no secret.
type Secret struct{ text string }

// NewSecret hides text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the hidden text.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == "" }

func (s Secret) String() string { return mask }

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return mask }

// Format hides the secret from every verb of package fmt.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(mask)) }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// LogValue hides the secret from package log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(mask) }

// SecretUpdater is the ability of an open store to go on with new secrets, such as a token that was renewed. It takes the
// whole set, by the names of OpenRequest.Secrets; calls that run may still use the old one.
type SecretUpdater interface {
	// UpdateSecrets replaces the secrets. One that the store does not know is ErrInvalid, by name and unseen, and the store
	// goes on as it was [PL-037].
	UpdateSecrets(ctx context.Context, secrets map[string]Secret) error
}
