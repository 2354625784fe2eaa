package tracking

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

const accounts core.Capability = "accounts"

// AccountSuite is the part of the suite that stores pass which keep accounts and nothing else.
func AccountSuite() conformance.Suite[core.TrackingStore] {
	return conformance.Suite[core.TrackingStore]{Kind: "tracking", Cases: accountCases()}
}

func accountCases() []entry {
	of := func(id, name, rule string, run func(*accountCase)) entry {
		return entry{ID: id, Name: "account/" + name, Rule: rule, Needs: []core.Capability{accounts}, Run: func(t check, e *env) {
			a, _ := core.As[core.Accounts](e.Store)
			run(&accountCase{check: t, env: e, accounts: a})
		}}
	}
	return []entry{
		of("TS-240", "user", "A user comes back as it was created; a name is taken once; a bad one is ErrInvalid.", userRoundTrip),
		of("TS-241", "user-missing", "An unknown user is ErrNotFound in every call; names are case-sensitive.", userMissing),
		of("TS-242", "user-update", "A change touches what it names.", userUpdate),
		of("TS-243", "user-delete", "A deleted user takes its own role, its memberships and its tokens along.", userDelete),
		of("TS-244", "user-search", "Users are listed by id, page by page.", userSearch),
		of("TS-245", "role", "A role comes back as it was created; a name is taken once in its workspace.", roleRoundTrip),
		of("TS-246", "role-refused", "A bad grant is ErrInvalid and an unknown member ErrNotFound, without effect.", roleRefused),
		of("TS-247", "role-update", "A change of a role does all that it names: names, grants and members.", roleUpdate),
		of("TS-248", "role-delete", "A deleted role is found no longer, and others stay.", roleDelete),
		of("TS-249", "role-search", "Roles are found by workspace, name, member, grant and resource, page by page.", roleSearch),
		of("TS-250", "token", "A token comes back as it was given; a bad one, a taken id and a stranger are refused.", tokenRoundTrip),
		of("TS-251", "token-ends", "A token ends with the password of its user.", tokenEnds),
		of("TS-252", "token-delete", "A deleted token is found no longer, and a second time is ErrNotFound.", tokenDelete),
		of("TS-253", "token-search", "Tokens are listed by id, all or a user's, page by page.", tokenSearch),
	}
}

// accountCase is a case with the ability and what it needs all the time.
type accountCase struct {
	check
	env      *env
	accounts core.Accounts
}

// user creates a user that goes with the case.
func (c *accountCase) user(what string) core.User {
	c.Helper()
	spec := core.UserSpec{Name: c.env.Name(what), Password: core.NewSecret("scrypt:32768:8:1$salt$" + what)}
	u, err := c.accounts.CreateUser(c.Context(), spec)
	conformance.NoError(c, "CreateUser", err)
	c.env.Undo(c, "deleting user "+u.Name, func(ctx context.Context) error { return c.accounts.DeleteUser(ctx, u.Name) })
	return u
}

// role creates a role that goes with the case.
func (c *accountCase) role(spec core.RoleSpec) core.Role {
	c.Helper()
	if spec.Workspace == "" {
		spec.Workspace = core.DefaultWorkspace
	}
	r, err := c.accounts.CreateRole(c.Context(), spec)
	conformance.NoError(c, "CreateRole", err)
	c.env.Undo(c, fmt.Sprintf("deleting role %d", r.ID), func(ctx context.Context) error {
		return c.accounts.DeleteRole(ctx, r.ID)
	})
	return r
}

// token is a token of a user.
func (c *accountCase) token(id, user string) core.Token {
	now := core.Now()
	return core.Token{
		ID: id, User: user, Name: "größe", Hash: core.NewSecret("hash of " + id), CreatedAt: now, ExpiresAt: now + 60_000,
		Scope: core.TokenScope{Access: core.TokenWrites, Experiments: []core.ExperimentID{"1", "22"}, Models: []string{"a b"}},
	}
}

// kept keeps a token that goes with the case.
func (c *accountCase) kept(t core.Token) core.Token {
	c.Helper()
	conformance.NoError(c, "CreateToken", c.accounts.CreateToken(c.Context(), t))
	c.env.Undo(c, "deleting token "+t.ID, func(ctx context.Context) error { return c.accounts.DeleteToken(ctx, t.ID) })
	return t
}

// tokenID is an id that belongs to the case.
func (c *accountCase) tokenID(n int) string {
	id := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, c.env.Name("token"))
	return id + strconv.Itoa(n)
}

// saw observes what the second handle reads.
func (c *accountCase) saw(what string, want any, read func(context.Context, core.Accounts) (any, error)) {
	c.Helper()
	c.env.Observe(c, func(ctx context.Context, s store) error {
		a, ok := core.As[core.Accounts](s)
		if !ok {
			return errors.New("the second handle has no accounts")
		}
		got, err := read(ctx, a)
		if text := fmt.Sprintf("%+v", got); err != nil || text != fmt.Sprintf("%+v", want) {
			return fmt.Errorf("%s: %s, %w; want %+v", what, text, err, want)
		}
		return nil
	})
}

func (c *accountCase) sawUser(want core.User) {
	c.Helper()
	c.saw("user", want, func(ctx context.Context, a core.Accounts) (any, error) {
		got, err := a.User(ctx, want.Name)
		if err == nil && got.Password.Reveal() != want.Password.Reveal() {
			err = fmt.Errorf("the hash is %q, want %q", got.Password.Reveal(), want.Password.Reveal())
		}
		return got, err
	})
}

func (c *accountCase) sawRole(want core.Role) {
	c.Helper()
	c.saw("role", want, func(ctx context.Context, a core.Accounts) (any, error) { return a.Role(ctx, want.ID) })
}

func userRoundTrip(c *accountCase) {
	u := c.user("gretel")
	c.sawUser(u)
	if u.ID == 0 || u.Admin {
		c.Errorf("a user without id, or who may everything: %+v", u)
	}
	_, err := c.accounts.CreateUser(c.Context(), core.UserSpec{Name: u.Name})
	conformance.Refused(c, "a second one of the name", err, core.ErrExists, u.Name)
	for _, name := range []string{"", "a\nb", "a\x00"} {
		_, err = c.accounts.CreateUser(c.Context(), core.UserSpec{Name: name})
		conformance.Refused(c, fmt.Sprintf("the name %q", name), err, core.ErrInvalid)
	}
	c.sawUser(u)
}

func userMissing(c *accountCase) {
	u := c.user("hans")
	name := "H" + u.Name
	_, err := c.accounts.User(c.Context(), name)
	conformance.Refused(c, "User", err, core.ErrNotFound, name)
	yes := true
	_, err = c.accounts.UpdateUser(c.Context(), name, core.UserChange{Admin: &yes})
	conformance.Refused(c, "UpdateUser", err, core.ErrNotFound, name)
	conformance.Refused(c, "DeleteUser", c.accounts.DeleteUser(c.Context(), name), core.ErrNotFound, name)
	c.sawUser(u)
}

func userUpdate(c *accountCase) {
	u, other := c.user("one"), c.user("two")
	yes, hash := true, core.NewSecret("pbkdf2:sha256:1000$x$y")
	got, err := c.accounts.UpdateUser(c.Context(), u.Name, core.UserChange{Admin: &yes})
	u.Admin = true
	conformance.NoError(c, "UpdateUser", err)
	conformance.Equal(c, "the changed user", got.Admin, true)
	c.sawUser(u)
	_, err = c.accounts.UpdateUser(c.Context(), u.Name, core.UserChange{Password: &hash})
	conformance.NoError(c, "UpdateUser", err)
	u.Password = hash
	c.sawUser(u)
	c.sawUser(other)
}

func userDelete(c *accountCase) {
	ctx, u, stays := c.Context(), c.user("goes"), c.user("stays")
	own := c.role(core.RoleSpec{Name: core.OwnRole(u.ID), Members: []core.UserID{u.ID}})
	shared := c.role(core.RoleSpec{Name: c.env.Name("shared"), Members: []core.UserID{u.ID, stays.ID}})
	token := c.kept(c.token(c.tokenID(1), u.Name))
	conformance.NoError(c, "DeleteUser", c.accounts.DeleteUser(ctx, u.Name))
	_, err := c.accounts.User(ctx, u.Name)
	conformance.Refused(c, "User", err, core.ErrNotFound, u.Name)
	_, err = c.accounts.Role(ctx, own.ID)
	conformance.Refused(c, "the own role", err, core.ErrNotFound)
	_, err = c.accounts.Token(ctx, token.ID)
	conformance.Refused(c, "the token", err, core.ErrNotFound, token.ID)
	shared.Members = shared.Members[1:]
	c.sawRole(shared)
	// Whoever gets the name, or the number, gets nothing with it.
	again := c.user("goes")
	_, err = c.accounts.Token(ctx, token.ID)
	conformance.Refused(c, "the token of another one of the name", err, core.ErrNotFound, token.ID)
	page, err := c.accounts.SearchRoles(ctx, core.RoleQuery{Member: again.ID})
	conformance.NoError(c, "SearchRoles", err)
	conformance.Equal(c, "roles of the new user", len(page.Items), 0)
}

func userSearch(c *accountCase) {
	a, b := c.user("a"), c.user("b")
	var mine []core.UserID
	for u, err := range core.All(c.Context(), c.accounts.SearchUsers, core.PageOptions{Limit: 1}) {
		conformance.NoError(c, "SearchUsers", err)
		if c.env.Owns(u.Name) {
			mine = append(mine, u.ID)
		}
	}
	conformance.Equal(c, "users", mine, []core.UserID{a.ID, b.ID})
	_, err := c.accounts.SearchUsers(c.Context(), core.PageOptions{Limit: -1})
	conformance.Refused(c, "a negative limit", err, core.ErrInvalid)
	_, err = c.accounts.SearchUsers(c.Context(), core.PageOptions{Token: "nobody's"})
	conformance.Refused(c, "a foreign token", err, core.ErrInvalid)
}

func roleRoundTrip(c *accountCase) {
	u := c.user("member")
	spec := core.RoleSpec{
		Name: c.env.Name("role"), Description: "größe", Members: []core.UserID{u.ID},
		Grants: []core.Grant{
			{Kind: core.GrantExperiment, Pattern: "7", Permission: core.GrantEdit},
			{Kind: core.GrantRun, Pattern: core.GrantAll, Permission: core.GrantDeny},
			{Kind: core.GrantWorkspace, Pattern: core.GrantAll, Permission: core.GrantUse},
		},
	}
	r := c.role(spec)
	if r.ID == 0 || len(r.Grants) != 3 || len(r.Members) != 1 || r.Description != spec.Description || r.Members[0].User != u.ID {
		c.Fatalf("created %+v of %+v", r, spec)
	}
	for i, g := range r.Grants {
		spec.Grants[i].ID = g.ID
		conformance.Equal(c, "grant", g, spec.Grants[i])
	}
	c.sawRole(r)
	_, err := c.accounts.CreateRole(c.Context(), core.RoleSpec{Workspace: r.Workspace, Name: r.Name})
	conformance.Refused(c, "a second one of the name", err, core.ErrExists, r.Name)
	c.role(core.RoleSpec{Workspace: "elsewhere", Name: r.Name})
	_, err = c.accounts.Role(c.Context(), 2_000_000_000)
	conformance.Refused(c, "an unknown role", err, core.ErrNotFound)
	_, err = c.accounts.Role(c.Context(), 1<<40)
	conformance.Refused(c, "an impossible role", err, core.ErrNotFound)
}

func roleRefused(c *accountCase) {
	r := c.role(core.RoleSpec{Name: c.env.Name("role")})
	for _, g := range []core.Grant{
		{Kind: "planet", Pattern: "*", Permission: core.GrantRead},
		{Kind: core.GrantExperiment, Pattern: "1", Permission: "OWN"},
		{Kind: core.GrantExperiment, Pattern: "1", Permission: core.GrantNothing},
		{Kind: core.GrantExperiment, Pattern: "", Permission: core.GrantRead},
		{Kind: core.GrantRun, Pattern: "abc", Permission: core.GrantRead},
		{Kind: core.GrantWorkspace, Pattern: "*", Permission: core.GrantRead},
	} {
		_, err := c.accounts.UpdateRole(c.Context(), r.ID, core.RoleChange{Grant: []core.Grant{g}})
		conformance.Refused(c, fmt.Sprintf("UpdateRole with %+v", g), err, core.ErrInvalid)
		_, err = c.accounts.CreateRole(c.Context(), core.RoleSpec{Workspace: "w", Name: c.env.Name("x"), Grants: []core.Grant{g}})
		conformance.Refused(c, fmt.Sprintf("CreateRole with %+v", g), err, core.ErrInvalid)
	}
	_, err := c.accounts.CreateRole(c.Context(), core.RoleSpec{
		Workspace: "w", Name: c.env.Name("x"), Members: []core.UserID{1 << 30},
	})
	conformance.Refused(c, "an unknown member", err, core.ErrNotFound)
	page, err := c.accounts.SearchRoles(c.Context(), core.RoleQuery{Name: c.env.Name("x")})
	conformance.NoError(c, "SearchRoles", err)
	conformance.Equal(c, "roles left behind", len(page.Items), 0)
	c.sawRole(r)
}

func roleUpdate(c *accountCase) {
	a, b := c.user("a"), c.user("b")
	read := core.Grant{Kind: core.GrantModel, Pattern: "m", Permission: core.GrantRead}
	r := c.role(core.RoleSpec{Name: c.env.Name("role"), Members: []core.UserID{a.ID}, Grants: []core.Grant{
		read, {Kind: core.GrantModel, Pattern: "n", Permission: core.GrantRead},
	}})
	name, description := c.env.Name("renamed"), ""
	manage := read
	manage.Permission = core.GrantManage
	got, err := c.accounts.UpdateRole(c.Context(), r.ID, core.RoleChange{
		Name: &name, Description: &description, Grant: []core.Grant{manage}, Revoke: []core.GrantID{r.Grants[1].ID, 1 << 30},
		Join: []core.UserID{b.ID, b.ID}, Leave: []core.UserID{a.ID, 1 << 30},
	})
	conformance.NoError(c, "UpdateRole", err)
	conformance.Equal(c, "name", got.Name, name)
	manage.ID = r.Grants[0].ID
	conformance.Equal(c, "grants", got.Grants, []core.Grant{manage})
	if len(got.Members) != 1 || got.Members[0].User != b.ID {
		c.Errorf("members %+v, want user %d alone", got.Members, b.ID)
	}
	c.sawRole(got)
	other := c.role(core.RoleSpec{Name: c.env.Name("other")})
	_, err = c.accounts.UpdateRole(c.Context(), other.ID, core.RoleChange{Name: &name, Join: []core.UserID{a.ID}})
	conformance.Refused(c, "a name that is taken", err, core.ErrExists, name)
	_, err = c.accounts.UpdateRole(c.Context(), other.ID, core.RoleChange{Join: []core.UserID{a.ID, 1 << 30}})
	conformance.Refused(c, "an unknown member", err, core.ErrNotFound)
	c.sawRole(other)
	c.sawRole(got)
}

func roleDelete(c *accountCase) {
	r, other := c.role(core.RoleSpec{Name: c.env.Name("a")}), c.role(core.RoleSpec{Name: c.env.Name("b")})
	conformance.NoError(c, "DeleteRole", c.accounts.DeleteRole(c.Context(), r.ID))
	_, err := c.accounts.Role(c.Context(), r.ID)
	conformance.Refused(c, "Role", err, core.ErrNotFound)
	conformance.Refused(c, "a second time", c.accounts.DeleteRole(c.Context(), r.ID), core.ErrNotFound)
	_, err = c.accounts.UpdateRole(c.Context(), r.ID, core.RoleChange{})
	conformance.Refused(c, "UpdateRole", err, core.ErrNotFound)
	c.sawRole(other)
}

func roleSearch(c *accountCase) {
	u, space := c.user("u"), c.env.Name("w")
	grant := core.Grant{Kind: core.GrantModel, Pattern: c.env.Name("m"), Permission: core.GrantRead}
	a := c.role(core.RoleSpec{Workspace: space, Name: "a", Members: []core.UserID{u.ID}})
	b := c.role(core.RoleSpec{Workspace: space, Name: "b", Grants: []core.Grant{grant}})
	d := c.role(core.RoleSpec{Workspace: space + "2", Name: "d"})
	for what, q := range map[string]struct {
		query core.RoleQuery
		want  []core.RoleID
	}{
		"a workspace":    {core.RoleQuery{Workspaces: []string{space}}, []core.RoleID{a.ID, b.ID}},
		"two workspaces": {core.RoleQuery{Workspaces: []string{space + "2", space}}, []core.RoleID{a.ID, b.ID, d.ID}},
		"a name":         {core.RoleQuery{Workspaces: []string{space}, Name: "b"}, []core.RoleID{b.ID}},
		"a member":       {core.RoleQuery{Member: u.ID}, []core.RoleID{a.ID}},
		"a grant":        {core.RoleQuery{Grant: b.Grants[0].ID}, []core.RoleID{b.ID}},
		"a resource":     {core.RoleQuery{Kind: grant.Kind, Pattern: grant.Pattern}, []core.RoleID{b.ID}},
		"nobody":         {core.RoleQuery{Member: 1 << 40}, nil},
	} {
		var got []core.RoleID
		q.query.Limit = 1
		search := func(ctx context.Context, o core.PageOptions) (core.Page[core.Role], error) {
			q.query.PageOptions = o
			return c.accounts.SearchRoles(ctx, q.query)
		}
		for r, err := range core.All(c.Context(), search, core.PageOptions{Limit: 1}) {
			conformance.NoError(c, "SearchRoles by "+what, err)
			got = append(got, r.ID)
		}
		conformance.Equal(c, "roles by "+what, got, q.want)
	}
}

func tokenRoundTrip(c *accountCase) {
	u := c.user("u")
	t := c.kept(c.token(c.tokenID(1), u.Name))
	c.saw("token", t, func(ctx context.Context, a core.Accounts) (any, error) {
		got, err := a.Token(ctx, t.ID)
		if err == nil && got.Hash.Reveal() != t.Hash.Reveal() {
			err = fmt.Errorf("the hash is %q, want %q", got.Hash.Reveal(), t.Hash.Reveal())
		}
		return got, err
	})
	conformance.Refused(c, "an id that is taken", c.accounts.CreateToken(c.Context(), t), core.ErrExists, t.ID)
	for what, change := range map[string]func(*core.Token){
		"no id":         func(t *core.Token) { t.ID = "" },
		"a bad id":      func(t *core.Token) { t.ID = "A_b" },
		"no hash":       func(t *core.Token) { t.Hash = core.Secret{} },
		"no access":     func(t *core.Token) { t.Scope.Access = "" },
		"no expiry":     func(t *core.Token) { t.ExpiresAt = 0 },
		"a bad model":   func(t *core.Token) { t.Scope.Models = []string{"a/b"} },
		"no experiment": func(t *core.Token) { t.Scope.Experiments = []core.ExperimentID{""} },
	} {
		bad := c.token(c.tokenID(2), u.Name)
		change(&bad)
		conformance.Refused(c, what, c.accounts.CreateToken(c.Context(), bad), core.ErrInvalid)
	}
	nobodys := c.token(c.tokenID(2), u.Name+"x")
	conformance.Refused(c, "an unknown user", c.accounts.CreateToken(c.Context(), nobodys), core.ErrNotFound, nobodys.User)
	_, err := c.accounts.Token(c.Context(), nobodys.ID)
	conformance.Refused(c, "an unknown token", err, core.ErrNotFound, nobodys.ID)
}

func tokenEnds(c *accountCase) {
	ctx, u := c.Context(), c.user("u")
	t := c.kept(c.token(c.tokenID(1), u.Name))
	yes, hash := true, core.NewSecret("another")
	_, err := c.accounts.UpdateUser(ctx, u.Name, core.UserChange{Admin: &yes})
	conformance.NoError(c, "UpdateUser", err)
	_, err = c.accounts.Token(ctx, t.ID)
	conformance.NoError(c, "Token after another change of the user", err)
	_, err = c.accounts.UpdateUser(ctx, u.Name, core.UserChange{Password: &hash})
	conformance.NoError(c, "UpdateUser", err)
	_, err = c.accounts.Token(ctx, t.ID)
	conformance.Refused(c, "Token after a change of the password", err, core.ErrNotFound, t.ID)
	page, err := c.accounts.SearchTokens(ctx, core.TokenQuery{User: u.Name})
	conformance.NoError(c, "SearchTokens", err)
	conformance.Equal(c, "tokens", len(page.Items), 0)
}

func tokenDelete(c *accountCase) {
	u := c.user("u")
	t, other := c.kept(c.token(c.tokenID(1), u.Name)), c.kept(c.token(c.tokenID(2), u.Name))
	conformance.NoError(c, "DeleteToken", c.accounts.DeleteToken(c.Context(), t.ID))
	_, err := c.accounts.Token(c.Context(), t.ID)
	conformance.Refused(c, "Token", err, core.ErrNotFound, t.ID)
	conformance.Refused(c, "a second time", c.accounts.DeleteToken(c.Context(), t.ID), core.ErrNotFound, t.ID)
	_, err = c.accounts.Token(c.Context(), other.ID)
	conformance.NoError(c, "the other token", err)
}

func tokenSearch(c *accountCase) {
	u, v := c.user("u"), c.user("v")
	var want []string
	for i := range 3 {
		want = append(want, c.kept(c.token(c.tokenID(i), u.Name)).ID)
	}
	foreign := c.kept(c.token(c.tokenID(3), v.Name))
	list := func(user string) (ids []string) {
		search := func(ctx context.Context, o core.PageOptions) (core.Page[core.Token], error) {
			return c.accounts.SearchTokens(ctx, core.TokenQuery{User: user, PageOptions: o})
		}
		for t, err := range core.All(c.Context(), search, core.PageOptions{Limit: 2}) {
			conformance.NoError(c, "SearchTokens", err)
			if c.env.Owns(t.User) {
				ids = append(ids, t.ID)
			}
		}
		return ids
	}
	conformance.Equal(c, "a user's tokens", list(u.Name), want)
	conformance.Equal(c, "all tokens", list(""), append(want, foreign.ID))
}
