package core

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The permissions of a grant. Source: mlflow/server/auth/permissions.py.
const (
	GrantNothing = "NO_PERMISSIONS" // kept by old servers alone
	GrantDeny    = "DENY"           // wins over every other grant for the same kind
	GrantRead    = "READ"
	GrantUse     = "USE"
	GrantEdit    = "EDIT"
	GrantManage  = "MANAGE"
)

// The kinds of grants that the server judges by. There are more (GrantKinds).
const (
	GrantWorkspace    = "workspace" // all that is in one: MANAGE is its administrator's
	GrantExperiment   = "experiment"
	GrantRun          = "run"
	GrantLoggedModel  = "logged_model"
	GrantModel        = "registered_model"
	GrantModelVersion = "registered_model_version"
	GrantPrompt       = "prompt"
	GrantPromptVer    = "prompt_version"
)

// GrantAll is the pattern of every resource of a kind.
const GrantAll = "*"

// DefaultWorkspace is the one of stores without workspaces.
const DefaultWorkspace = "default"

// GrantKinds lists the kinds of resource that a grant may be for, sorted.
func GrantKinds() []string {
	return []string{
		"assessment", GrantExperiment, "gateway_endpoint", "gateway_model_definition", "gateway_secret", GrantLoggedModel,
		"mcp_server", "mcp_server_version", GrantPrompt, GrantPromptVer, GrantModel, GrantModelVersion, "review_queue", GrantRun,
		"scorer", "scorer_version", "skill", "trace", GrantWorkspace,
	}
}

// grantedByID lists the kinds whose resources can be granted one by one; the others only all at once.
func grantedByID() []string {
	return []string{
		GrantExperiment, GrantModel, GrantPrompt, "scorer", "gateway_secret", "gateway_endpoint", "gateway_model_definition",
		"mcp_server", "skill",
	}
}

// OwnRole is the name of the role that holds what a user alone was granted.
func OwnRole(id UserID) string { return fmt.Sprintf(OwnRolePrefix+"%d__", id) }

// OwnRolePrefix begins the names of such roles, and is kept for them.
const OwnRolePrefix = "__user_"

// IsOwnRole reports whether a role is one that holds what a user alone was granted.
func IsOwnRole(name string) bool {
	id, isOwn := strings.CutPrefix(strings.TrimSuffix(name, "__"), OwnRolePrefix)
	n, err := strconv.ParseInt(id, 10, 64)
	return isOwn && err == nil && name == OwnRole(UserID(n))
}

// The lengths of what accounts are made of (mlflow/utils/validation.py and the columns of mlflow/server/auth/db/models.py).
const (
	maxAccountName = 255
	maxDescription = 1024
	maxWorkspace   = 63
	maxHash        = 255
	maxPattern     = 255
	maxTokenID     = 64
	maxTokenScope  = 1000
)

// AccountPage bounds the pages of users, roles and tokens.
func AccountPage() Bound { return Bound{Default: 1000, Max: 10000} }

// CheckUserName refuses a name that no user may have.
func CheckUserName(name string) error {
	switch {
	case name == "":
		return fieldError("username", "Username cannot be empty.")
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fieldError("username", "Username cannot contain control characters.")
	}
	return checkText("username", name, maxAccountName)
}

// CheckUserSpec refuses a user that cannot be created.
func CheckUserSpec(s UserSpec) error {
	return first(CheckUserName(s.Name), checkText("password", s.Password.Reveal(), maxHash))
}

// CheckUserChange refuses a bad change of a user.
func CheckUserChange(c UserChange) error {
	if c.Password == nil {
		return nil
	}
	return checkText("password", c.Password.Reveal(), maxHash)
}

func checkRoleName(name string) error {
	if strings.TrimSpace(name) == "" {
		return fieldError("name", "Role name cannot be empty.")
	}
	return checkText("name", name, maxAccountName)
}

// CheckRoleSpec refuses a role that cannot be created.
func CheckRoleSpec(s RoleSpec) error {
	if strings.TrimSpace(s.Workspace) == "" {
		return fieldError("workspace", "Workspace cannot be empty.")
	}
	return first(
		checkRoleName(s.Name), checkText("workspace", s.Workspace, maxWorkspace),
		checkText("description", s.Description, maxDescription), checkGrants(s.Grants),
	)
}

// CheckRoleChange refuses a bad change of a role.
func CheckRoleChange(c RoleChange) error {
	if c.Name != nil {
		if err := checkRoleName(*c.Name); err != nil {
			return err
		}
	}
	if c.Description != nil {
		if err := checkText("description", *c.Description, maxDescription); err != nil {
			return err
		}
	}
	return checkGrants(c.Grant)
}

func checkGrants(grants []Grant) error {
	for _, g := range grants {
		if err := CheckGrant(g); err != nil {
			return err
		}
	}
	return nil
}

// CheckGrant refuses a grant of an unknown kind or permission, and one that its kind cannot have. Source:
// mlflow/server/auth/permissions.py.
func CheckGrant(g Grant) error {
	if err := CheckGrantPattern(g.Kind, g.Pattern); err != nil {
		return err
	}
	if !slices.Contains([]string{GrantRead, GrantUse, GrantEdit, GrantManage, GrantNothing, GrantDeny}, g.Permission) {
		return fieldError("permission", "Invalid permission '%s'. Valid permissions are: %s", short(g.Permission),
			pythonTuple(GrantRead, GrantUse, GrantEdit, GrantManage, GrantNothing, GrantDeny))
	}
	allowed, scope := []string{GrantDeny, GrantEdit, GrantManage, GrantRead, GrantUse}, "Resource-level"
	switch g.Kind {
	case GrantWorkspace:
		allowed, scope = []string{GrantManage, GrantUse}, "Workspace-wide"
	case "skill":
		allowed, scope = []string{GrantDeny, GrantEdit, GrantManage, GrantRead}, "Skill Registry"
	}
	if !slices.Contains(allowed, g.Permission) {
		return fieldError("permission", "Invalid permission '%s' for resource_type='%s'. %s grants accept only: %s.",
			g.Permission, g.Kind, scope, pythonTuple(allowed...))
	}
	return nil
}

// CheckGrantPattern refuses an unknown kind of resource, and a single resource where only all can be granted.
func CheckGrantPattern(kind, pattern string) error {
	switch {
	case !slices.Contains(GrantKinds(), kind):
		return fieldError("resource_type", "Invalid resource type '%s'. Valid resource types are: %s", short(kind),
			pythonTuple(GrantKinds()...))
	case pattern == "":
		return fieldError("resource_pattern", "Missing value for required parameter 'resource_pattern'.")
	case pattern != GrantAll && !slices.Contains(grantedByID(), kind):
		return fieldError("resource_pattern", "Invalid resource_pattern '%s' for resource_type='%s'. This resource type supports "+
			"only wildcard ('*') grants.", short(pattern), kind)
	}
	return checkText("resource_pattern", pattern, maxPattern)
}

// pythonTuple writes texts as Python shows a tuple.
func pythonTuple(texts ...string) string {
	return "('" + strings.Join(texts, "', '") + "')"
}

// CheckToken refuses a token that cannot be kept.
func CheckToken(t Token) error {
	switch {
	case t.ID == "" || strings.ContainsFunc(t.ID, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') }):
		return fieldError("id", "The id of a token consists of small letters and digits.")
	case t.Hash.IsZero():
		return fieldError("hash", "A token needs the hash of its secret.")
	case !slices.Contains([]TokenAccess{TokenReads, TokenWrites, TokenManages}, t.Scope.Access):
		return fieldError("access", "The access of a token is '%s': it must be read, write or admin.", short(string(t.Scope.Access)))
	case t.ExpiresAt <= t.CreatedAt:
		return fieldError("expires_at", "A token must expire, after it was created.")
	case len(t.Scope.Experiments)+len(t.Scope.Models) > maxTokenScope:
		return fieldError("scope", "A token is for at most %d experiments and models.", maxTokenScope)
	}
	for _, id := range t.Scope.Experiments {
		if err := CheckExperimentID(id); err != nil {
			return err
		}
	}
	for _, name := range t.Scope.Models {
		if err := CheckModelName(name, DefaultLimits()); err != nil {
			return err
		}
	}
	return first(
		checkText("id", t.ID, maxTokenID), CheckUserName(t.User), checkText("name", t.Name, maxAccountName),
		checkText("hash", t.Hash.Reveal(), maxHash),
	)
}

// Fingerprint tells a query of roles apart from others, for page tokens.
func (q RoleQuery) Fingerprint() string {
	q.PageOptions = PageOptions{}
	text, _ := json.Marshal(q) // of strings and numbers alone
	return "roles " + string(text)
}
