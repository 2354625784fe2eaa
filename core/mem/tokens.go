package mem

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// CreateToken keeps a token.
func (t *Tracking) CreateToken(ctx context.Context, token core.Token) (err error) {
	defer named(&err, "create token", token.ID)
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckToken(token); err != nil {
		return err
	}
	t.data.mu.Lock()
	defer t.data.mu.Unlock()
	a := &t.data.accounts
	user, err := a.user(token.User)
	if err != nil {
		return err
	}
	if _, taken := a.tokens[token.ID]; taken {
		return core.Exists("token", token.ID)
	}
	a.tokens[token.ID] = keptToken{
		Token: cloneToken(token), user: user.ID, password: sha256.Sum256([]byte(user.Password.Reveal())),
	}
	return nil
}

// Token returns a token that has not ended with its user or their password.
func (t *Tracking) Token(ctx context.Context, id string) (_ core.Token, err error) {
	defer named(&err, "get token", id)
	if err := t.read(ctx); err != nil {
		return core.Token{}, err
	}
	t.data.mu.RLock()
	defer t.data.mu.RUnlock()
	token, found := t.data.accounts.tokens[id]
	if !found || !t.data.accounts.holds(token) {
		return core.Token{}, core.Missing("token", id)
	}
	return cloneToken(token.Token), nil
}

// holds reports whether the user of a token is there and has the password that they had.
func (a *accounts) holds(token keptToken) bool {
	user, found := a.users[token.User]
	return found && user.ID == token.user && sha256.Sum256([]byte(user.Password.Reveal())) == token.password
}

// DeleteToken removes a token.
func (t *Tracking) DeleteToken(ctx context.Context, id string) (err error) {
	defer named(&err, "delete token", id)
	if err := t.change(ctx); err != nil {
		return err
	}
	t.data.mu.Lock()
	defer t.data.mu.Unlock()
	if _, found := t.data.accounts.tokens[id]; !found {
		return core.Missing("token", id)
	}
	delete(t.data.accounts.tokens, id)
	return nil
}

// SearchTokens lists the tokens that have not ended, by id.
func (t *Tracking) SearchTokens(ctx context.Context, q core.TokenQuery) (_ core.Page[core.Token], err error) {
	defer named(&err, "search tokens", q.User)
	if err := t.read(ctx); err != nil {
		return core.Page[core.Token]{}, err
	}
	t.data.mu.RLock()
	defer t.data.mu.RUnlock()
	var all []core.Token
	for _, token := range t.data.accounts.tokens {
		if (q.User == "" || q.User == token.User) && t.data.accounts.holds(token) {
			all = append(all, cloneToken(token.Token))
		}
	}
	slices.SortFunc(all, func(a, b core.Token) int { return cmp.Compare(a.ID, b.ID) })
	return accountPage("tokens "+q.User, q.PageOptions, all, func(t core.Token) string { return t.ID })
}

func cloneToken(t core.Token) core.Token {
	t.Scope.Experiments, t.Scope.Models = slices.Clone(t.Scope.Experiments), slices.Clone(t.Scope.Models)
	return t
}
