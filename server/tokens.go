package server

import (
	"cmp"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
	"github.com/mlstore/mlstore/server/access"
)

// tokenRoutes serve tokens, which everybody makes for themselves and administrators for all. A token makes no token.
func (a *accounts) tokenRoutes() []route {
	return []route{
		json(rest.TokensCreate, tokenNeeds(func(q rest.CreateToken) string { return q.Username }), a.createToken),
		json(rest.TokensList, tokenNeeds(func(q rest.ListTokens) string { return q.Username }), a.listTokens),
		json(rest.TokensDelete, tokenNeeds(func(q rest.DeleteToken) string { return q.Username }), a.deleteToken),
	}
}

// tokenNeeds are those of somebody's tokens; nobody's name means the caller's own.
func tokenNeeds[Q any](of func(Q) string) func(Q) []need {
	return func(q Q) []need {
		if name := of(q); name != "" {
			return []need{{manage, userKind, name}}
		}
		return []need{{permission: authenticated}}
	}
}

// noToken refuses calls that come with a token: one that leaked would else make others that outlive it.
func noToken(c *call) error {
	if c.principal.caller.Scope != nil {
		return core.Errorf(core.PermissionDenied, "Permission denied: tokens are made and removed with a password")
	}
	return nil
}

func (a *accounts) createToken(c *call, q rest.CreateToken) (rest.CreateTokenAnswer, error) {
	if err := noToken(c); err != nil {
		return rest.CreateTokenAnswer{}, err
	}
	spec := access.TokenSpec{
		User: cmp.Or(q.Username, c.principal.name), Name: q.Name,
		Age:   time.Duration(min(q.ExpiresInSeconds, 1<<32)) * time.Second,
		Scope: core.TokenScope{Access: core.TokenAccess(q.Access), Models: q.Models},
	}
	for _, id := range q.ExperimentIDs {
		spec.Scope.Experiments = append(spec.Scope.Experiments, core.ExperimentID(id))
	}
	token, text, err := access.NewToken(spec)
	if err != nil {
		return rest.CreateTokenAnswer{}, err
	}
	if err := a.access.Store().CreateToken(c.ctx(), token); err != nil {
		return rest.CreateTokenAnswer{}, noUser(err, spec.User)
	}
	return rest.CreateTokenAnswer{Text: text.Reveal(), Token: rest.TokenOf(token)}, nil
}

func (a *accounts) listTokens(c *call, q rest.ListTokens) (rest.TokensAnswer, error) {
	search := access.TokensOf(a.access.Store(), cmp.Or(q.Username, c.principal.name))
	answer := rest.TokensAnswer{Tokens: []rest.Token{}}
	for token, err := range core.All(c.ctx(), search, core.PageOptions{}) {
		if err != nil {
			return rest.TokensAnswer{}, err
		}
		answer.Tokens = append(answer.Tokens, rest.TokenOf(token))
	}
	return answer, nil
}

func (a *accounts) deleteToken(c *call, q rest.DeleteToken) (rest.None, error) {
	if err := noToken(c); err != nil {
		return rest.None{}, err
	}
	token, err := a.access.Store().Token(c.ctx(), q.ID)
	if err == nil && token.User != cmp.Or(q.Username, c.principal.name) {
		err = core.Missing("token", q.ID)
	}
	if err != nil {
		return rest.None{}, err
	}
	defer a.access.Forget()
	return rest.None{}, a.access.Store().DeleteToken(c.ctx(), q.ID)
}
