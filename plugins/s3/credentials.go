package s3

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/mlstore/mlstore/core"
)

var _ core.SecretUpdater = (*Artifacts)(nil)

// identity yields the credentials that requests are signed with: those that were given, or else those of the chain.
type identity struct {
	chain aws.CredentialsProvider

	mu    sync.Mutex
	given aws.Credentials
	role  *aws.CredentialsCache // assumed with the identity; nil is none
}

// Retrieve returns the credentials.
func (i *identity) Retrieve(ctx context.Context) (aws.Credentials, error) {
	i.mu.Lock()
	given := i.given
	i.mu.Unlock()
	if given.HasKeys() {
		return given, nil
	}
	return i.chain.Retrieve(ctx)
}

// give replaces the credentials by those in s, if there are any.
func (i *identity) give(s settings) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.given = aws.Credentials{
		AccessKeyID: s.accessKey.Reveal(), SecretAccessKey: s.secretKey.Reveal(), SessionToken: s.token.Reveal(), Source: "mlstore",
	}
	if i.role != nil {
		i.role.Invalidate()
	}
}

// UpdateSecrets goes on with new credentials, in every repository that was opened with the same settings as this one. Without
// any the usual chain of AWS finds them.
func (a *Artifacts) UpdateSecrets(ctx context.Context, secrets map[string]core.Secret) error {
	var s settings
	err := a.alive(ctx)
	if err == nil {
		err = s.takeSecrets(secrets)
	}
	if err != nil {
		return core.Do("update secrets", a.bucket, err)
	}
	a.identity.give(s)
	return nil
}
