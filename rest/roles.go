package rest

import "github.com/mlstore/mlstore/core"

// Calls on roles. Source: mlflow/server/auth/routes.py.
const (
	RolesCreate            Endpoint = "POST /3.0/mlflow/roles/create"
	RolesGet               Endpoint = "GET /3.0/mlflow/roles/get"
	RolesList              Endpoint = "GET /3.0/mlflow/roles/list"
	RolesUpdate            Endpoint = "PATCH /3.0/mlflow/roles/update"
	RolesDelete            Endpoint = "DELETE /3.0/mlflow/roles/delete"
	RolesAddPermission     Endpoint = "POST /3.0/mlflow/roles/permissions/add"
	RolesRemovePermission  Endpoint = "DELETE /3.0/mlflow/roles/permissions/remove"
	RolesListPermissions   Endpoint = "GET /3.0/mlflow/roles/permissions/list"
	RolesUpdatePermission  Endpoint = "PATCH /3.0/mlflow/roles/permissions/update"
	RolesAssign            Endpoint = "POST /3.0/mlflow/roles/assign"
	RolesUnassign          Endpoint = "DELETE /3.0/mlflow/roles/unassign"
	RolesListUsers         Endpoint = "GET /3.0/mlflow/roles/users/list"
	UsersListRoles         Endpoint = "GET /3.0/mlflow/users/roles/list"
	UsersCurrentPermission Endpoint = "GET /3.0/mlflow/users/current/permissions"
	UsersListPermissions   Endpoint = "GET /3.0/mlflow/users/permissions/list"
	UsersGrant             Endpoint = "POST /3.0/mlflow/users/permissions/grant"
	UsersRevoke            Endpoint = "POST /3.0/mlflow/users/permissions/revoke"
	UsersGetPermission     Endpoint = "GET /3.0/mlflow/users/permissions/get"
)

// Role is a set of permissions that users share.
type Role struct {
	ID          int64            `json:"id"`
	Name        string           `json:"name"`
	Workspace   string           `json:"workspace"`
	Description *string          `json:"description"`
	Permissions []RolePermission `json:"permissions"`
}

// RoleOf is the role of a store.
func RoleOf(r core.Role) Role {
	role := Role{ID: int64(r.ID), Name: r.Name, Workspace: r.Workspace, Permissions: []RolePermission{}}
	if r.Description != "" {
		role.Description = &r.Description
	}
	for _, g := range r.Grants {
		role.Permissions = append(role.Permissions, RolePermissionOf(r.ID, g))
	}
	return role
}

// RolesOf are the roles of a store.
func RolesOf(roles []core.Role) []Role {
	all := make([]Role, len(roles))
	for i, r := range roles {
		all[i] = RoleOf(r)
	}
	return all
}

// RolePermission is one permission of a role.
type RolePermission struct {
	ID              int64  `json:"id"`
	RoleID          int64  `json:"role_id"`
	ResourceType    string `json:"resource_type"`
	ResourcePattern string `json:"resource_pattern"`
	Permission      string `json:"permission"`
}

// RolePermissionOf is a grant of a store.
func RolePermissionOf(role core.RoleID, g core.Grant) RolePermission {
	return RolePermission{
		ID: int64(g.ID), RoleID: int64(role), ResourceType: g.Kind, ResourcePattern: g.Pattern, Permission: g.Permission,
	}
}

// Assignment is a user's place in a role.
type Assignment struct {
	ID     int64 `json:"id"`
	UserID int64 `json:"user_id"`
	RoleID int64 `json:"role_id"`
}

// CreateRole asks for RolesCreate.
type CreateRole struct {
	Name        string `json:"name" rest:"required"`
	Workspace   string `json:"workspace" rest:"required"`
	Description string `json:"description,omitempty"`
}

// RoleID names a role.
type RoleID struct {
	RoleID Int `json:"role_id" rest:"required"`
}

// ListRoles asks for RolesList.
type ListRoles struct {
	Workspaces []string `json:"workspace,omitempty"`
}

// UpdateRole asks for RolesUpdate.
type UpdateRole struct {
	RoleID      Int     `json:"role_id" rest:"required"`
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`
}

// AddRolePermission asks for RolesAddPermission.
type AddRolePermission struct {
	RoleID          Int    `json:"role_id" rest:"required"`
	ResourceType    string `json:"resource_type" rest:"required"`
	ResourcePattern string `json:"resource_pattern" rest:"required"`
	Permission      string `json:"permission" rest:"required"`
}

// RolePermissionID names a permission of a role.
type RolePermissionID struct {
	RolePermissionID Int `json:"role_permission_id" rest:"required"`
}

// UpdateRolePermission asks for RolesUpdatePermission.
type UpdateRolePermission struct {
	RolePermissionID Int    `json:"role_permission_id" rest:"required"`
	Permission       string `json:"permission" rest:"required"`
}

// RoleUser asks for RolesAssign and RolesUnassign.
type RoleUser struct {
	Username string `json:"username" rest:"required"`
	RoleID   Int    `json:"role_id" rest:"required"`
}

// UserPermission asks for UsersGrant, UsersRevoke and UsersGetPermission; the last two name no permission.
type UserPermission struct {
	Username     string `json:"username" rest:"required"`
	ResourceType string `json:"resource_type" rest:"required"`
	ResourceID   string `json:"resource_id" rest:"required"`
	Permission   string `json:"permission,omitempty"`
}

// RoleAnswer answers calls on one role.
type RoleAnswer struct {
	Role Role `json:"role"`
}

// RolesAnswer answers calls on several.
type RolesAnswer struct {
	Roles []Role `json:"roles"`
}

// RolePermissionAnswer answers calls on one permission.
type RolePermissionAnswer struct {
	RolePermission RolePermission `json:"role_permission"`
}

// RolePermissionsAnswer answers RolesListPermissions.
type RolePermissionsAnswer struct {
	RolePermissions []RolePermission `json:"role_permissions"`
}

// AssignmentAnswer answers RolesAssign.
type AssignmentAnswer struct {
	Assignment Assignment `json:"assignment"`
}

// AssignmentsAnswer answers RolesListUsers.
type AssignmentsAnswer struct {
	Assignments []Assignment `json:"assignments"`
}

// GetPermissionAnswer answers UsersGetPermission.
type GetPermissionAnswer struct {
	Allowed    bool   `json:"allowed"` // at least to use it
	Permission string `json:"permission"`
}

// PermissionsAnswer answers UsersCurrentPermission and UsersListPermissions.
type PermissionsAnswer struct {
	IsAdmin     bool             `json:"is_admin"`
	Permissions []HeldPermission `json:"permissions"`
}

// HeldPermission is a permission that a user has through a role.
type HeldPermission struct {
	RoleID          int64  `json:"role_id"`
	RoleName        string `json:"role_name"`
	Workspace       string `json:"workspace"`
	ResourceType    string `json:"resource_type"`
	ResourcePattern string `json:"resource_pattern"`
	Permission      string `json:"permission"`
}

// Calls on tokens, which MLflow does not have.
const (
	TokensCreate Endpoint = "POST /3.0/mlflow/users/tokens/create"   //nolint:gosec // the name of a call
	TokensList   Endpoint = "GET /3.0/mlflow/users/tokens/list"      //nolint:gosec // the name of a call
	TokensDelete Endpoint = "DELETE /3.0/mlflow/users/tokens/delete" //nolint:gosec // the name of a call
)

// CreateToken asks for TokensCreate.
type CreateToken struct {
	Username         string   `json:"username,omitempty"` // whose; empty is the caller's
	Name             string   `json:"name,omitempty"`     // what it is for
	Access           string   `json:"access" rest:"required"`
	ExpiresInSeconds Int      `json:"expires_in_seconds" rest:"required"`
	ExperimentIDs    []string `json:"experiment_ids,omitempty"`
	Models           []string `json:"models,omitempty"`
}

// ListTokens asks for TokensList.
type ListTokens struct {
	Username string `json:"username,omitempty"` // empty is the caller's
}

// DeleteToken asks for TokensDelete.
type DeleteToken struct {
	Username string `json:"username,omitempty"` // empty is the caller's
	ID       string `json:"id" rest:"required"`
}

// Token is a token without its secret.
type Token struct {
	ID            string   `json:"id"`
	Username      string   `json:"username"`
	Name          string   `json:"name"`
	Access        string   `json:"access"`
	ExperimentIDs []string `json:"experiment_ids,omitempty"`
	Models        []string `json:"models,omitempty"`
	CreatedAt     int64    `json:"created_at"`
	ExpiresAt     int64    `json:"expires_at"`
}

// TokenOf is the token of a store.
func TokenOf(t core.Token) Token {
	token := Token{
		ID: t.ID, Username: t.User, Name: t.Name, Access: string(t.Scope.Access), Models: t.Scope.Models,
		CreatedAt: int64(t.CreatedAt), ExpiresAt: int64(t.ExpiresAt),
	}
	for _, id := range t.Scope.Experiments {
		token.ExperimentIDs = append(token.ExperimentIDs, string(id))
	}
	return token
}

// CreateTokenAnswer answers TokensCreate. The text is told this once.
type CreateTokenAnswer struct {
	Text  string `json:"token_value"`
	Token Token  `json:"token"`
}

// TokensAnswer answers TokensList.
type TokensAnswer struct {
	Tokens []Token `json:"tokens"`
}
