package core

import "context"

// UserID is the number by which MLflow's REST API knows a user.
type UserID int64

// RoleID is that of a role.
type RoleID int64

// GrantID is that of a grant.
type GrantID int64

// MemberID is that of a user's place in a role.
type MemberID int64

// User is somebody who may log in.
type User struct {
	ID       UserID
	Name     string
	Admin    bool   // may do everything
	Password Secret // a hash of the password, in the form of werkzeug; zero lets nobody in by password
}

// UserSpec describes a user to create.
type UserSpec struct {
	Name     string
	Admin    bool
	Password Secret
}

// UserChange changes what is given; nil is unchanged.
type UserChange struct {
	Admin    *bool
	Password *Secret
}

// Role is a set of grants that its members have. What a user was granted alone is kept in a role of their own (OwnRole).
type Role struct {
	ID          RoleID
	Workspace   string
	Name        string
	Description string
	Grants      []Grant  // by id
	Members     []Member // by id
}

// Grant is a permission for one resource, or for all of a kind.
type Grant struct {
	ID         GrantID
	Kind       string // such as "experiment" (GrantKinds)
	Pattern    string // the id or name of the resource, or "*"
	Permission string // such as "READ"
}

// Member is a user's place in a role.
type Member struct {
	ID   MemberID
	User UserID
}

// RoleSpec describes a role to create. The ids of its grants are not looked at.
type RoleSpec struct {
	Workspace   string
	Name        string
	Description string
	Grants      []Grant
	Members     []UserID
}

// RoleChange changes what is given, all or nothing.
type RoleChange struct {
	Name        *string
	Description *string
	Grant       []Grant   // to add, or to replace where the role has one for the same kind and pattern
	Revoke      []GrantID // those that the role does not have are gone already
	Join        []UserID  // those who are members stay
	Leave       []UserID  // those who are not are gone already
}

// RoleQuery lists roles by id: those that meet every condition given.
type RoleQuery struct {
	Workspaces []string
	Name       string
	Member     UserID
	Grant      GrantID
	Kind       string // with Pattern: roles that have a grant for exactly this
	Pattern    string
	PageOptions
}

// Token lets a program in without a password.
type Token struct {
	ID        string // its public part
	User      string // the name of whom it stands for
	Name      string // what it is for
	Hash      Secret // of its secret part
	Scope     TokenScope
	CreatedAt Millis
	ExpiresAt Millis
}

// TokenScope is what a token may be used for, whatever its user may do.
type TokenScope struct {
	Access      TokenAccess
	Experiments []ExperimentID // and what belongs to them; with Models the only ones; both empty are all
	Models      []string
}

// TokenAccess is how much a token may do.
type TokenAccess string

// How much a token may do.
const (
	TokenReads   TokenAccess = "read"
	TokenWrites  TokenAccess = "write" // and reads
	TokenManages TokenAccess = "admin" // whatever its user may
)

// TokenQuery lists tokens by id.
type TokenQuery struct {
	User string // whose; empty is everybody's
	PageOptions
}

// Accounts is the ability of a TrackingStore to keep who may use a server, and for what. It decides nothing: that is the
// server's. What it keeps is MLflow's, but for tokens.
type Accounts interface {
	Users
	Roles
	Tokens
}

// Users are those who may log in.
type Users interface {
	// CreateUser creates a user; a name that is taken is ErrExists [TS-240].
	CreateUser(ctx context.Context, spec UserSpec) (User, error)

	// User returns a user by name, which is case-sensitive; an unknown one is ErrNotFound [TS-241].
	User(ctx context.Context, name string) (User, error)

	// UpdateUser changes a user and returns it [TS-242].
	UpdateUser(ctx context.Context, name string, change UserChange) (User, error)

	// DeleteUser removes a user with their own roles, their places in others and their tokens [TS-243].
	DeleteUser(ctx context.Context, name string) error

	// SearchUsers lists all users by id [TS-244].
	SearchUsers(ctx context.Context, page PageOptions) (Page[User], error)
}

// Roles are what users may do.
type Roles interface {
	// CreateRole creates a role; a name that is taken in its workspace is ErrExists [TS-245]. An unknown member is
	// ErrNotFound, a bad grant ErrInvalid [TS-246].
	CreateRole(ctx context.Context, spec RoleSpec) (Role, error)

	// Role returns a role; an unknown one is ErrNotFound.
	Role(ctx context.Context, id RoleID) (Role, error)

	// UpdateRole changes a role and returns it; errors are those of creation, without effect [TS-247].
	UpdateRole(ctx context.Context, id RoleID, change RoleChange) (Role, error)

	// DeleteRole removes a role with its grants and members' places [TS-248].
	DeleteRole(ctx context.Context, id RoleID) error

	// SearchRoles lists roles by id [TS-249].
	SearchRoles(ctx context.Context, query RoleQuery) (Page[Role], error)
}

// Tokens let programs in. A token ends with its user, and when the password of its user changes.
type Tokens interface {
	// CreateToken keeps a token as it is; an id that is taken is ErrExists, an unknown user ErrNotFound [TS-250].
	CreateToken(ctx context.Context, token Token) error

	// Token returns a token, expired or not; one that is unknown or has ended is ErrNotFound [TS-251].
	Token(ctx context.Context, id string) (Token, error)

	// DeleteToken removes a token; a second time is ErrNotFound [TS-252].
	DeleteToken(ctx context.Context, id string) error

	// SearchTokens lists tokens by id [TS-253].
	SearchTokens(ctx context.Context, query TokenQuery) (Page[Token], error)
}
