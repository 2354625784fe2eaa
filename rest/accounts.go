package rest

import (
	"github.com/mlstore/mlstore/core"
)

// Calls on users. Source: mlflow/server/auth/routes.py.
const (
	UsersCreate         Endpoint = "POST /mlflow/users/create"
	UsersGet            Endpoint = "GET /mlflow/users/get"
	UsersCurrent        Endpoint = "GET /mlflow/users/current"
	UsersList           Endpoint = "GET /mlflow/users/list"
	UsersUpdatePassword Endpoint = "PATCH /mlflow/users/update-password" //nolint:gosec // the name of a call
	UsersUpdateAdmin    Endpoint = "PATCH /mlflow/users/update-admin"
	UsersDelete         Endpoint = "DELETE /mlflow/users/delete"
)

// UserName names a user.
type UserName struct {
	Username string `json:"username" rest:"required"`
}

// CreateUser asks for UsersCreate.
type CreateUser struct {
	Username string `json:"username" rest:"required"`
	Password string `json:"password" rest:"required"`
}

// UpdatePassword asks for UsersUpdatePassword. Whoever changes their own must show the one that they have.
type UpdatePassword struct {
	Username        string `json:"username" rest:"required"`
	Password        string `json:"password" rest:"required"`
	CurrentPassword string `json:"current_password,omitempty"`
}

// UpdateAdmin asks for UsersUpdateAdmin.
type UpdateAdmin struct {
	Username string `json:"username" rest:"required"`
	IsAdmin  bool   `json:"is_admin"`
}

// User is somebody who may log in. The lists of permissions are for clients of 2.x.
type User struct {
	ID                         int64                       `json:"id"`
	Username                   string                      `json:"username"`
	IsAdmin                    bool                        `json:"is_admin"`
	ExperimentPermissions      []ExperimentPermission      `json:"experiment_permissions"`
	RegisteredModelPermissions []RegisteredModelPermission `json:"registered_model_permissions"`
}

// UserOf is the user of a store, with the role of what was granted to them alone.
func UserOf(u core.User, own core.Role) User {
	user := User{
		ID: int64(u.ID), Username: u.Name, IsAdmin: u.Admin,
		ExperimentPermissions: []ExperimentPermission{}, RegisteredModelPermissions: []RegisteredModelPermission{},
	}
	for _, g := range own.Grants {
		switch g.Kind {
		case core.GrantExperiment:
			user.ExperimentPermissions = append(user.ExperimentPermissions, ExperimentPermissionOf(u.ID, g))
		case core.GrantModel:
			user.RegisteredModelPermissions = append(user.RegisteredModelPermissions, RegisteredModelPermissionOf(u.ID, g))
		}
	}
	return user
}

// UserAnswer answers calls on one user.
type UserAnswer struct {
	User User `json:"user"`
}

// CurrentUserAnswer answers UsersCurrent.
type CurrentUserAnswer struct {
	User        CurrentUser `json:"user"`
	IsBasicAuth bool        `json:"is_basic_auth"`
}

// CurrentUser is who asks.
type CurrentUser struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
	IsAdmin  bool   `json:"is_admin"`
}

// ListedUser is one of UsersList.
type ListedUser struct {
	CurrentUser

	Roles []Role `json:"roles"`
}

// UsersAnswer answers UsersList.
type UsersAnswer struct {
	Users []ListedUser `json:"users"`
}

// The per-resource calls of MLflow up to 3.12.
const (
	ExperimentPermissionsCreate Endpoint = "POST /mlflow/experiments/permissions/create"
	ExperimentPermissionsGet    Endpoint = "GET /mlflow/experiments/permissions/get"
	ExperimentPermissionsUpdate Endpoint = "PATCH /mlflow/experiments/permissions/update"
	ExperimentPermissionsDelete Endpoint = "DELETE /mlflow/experiments/permissions/delete"

	RegisteredModelPermissionsCreate Endpoint = "POST /mlflow/registered-models/permissions/create"
	RegisteredModelPermissionsGet    Endpoint = "GET /mlflow/registered-models/permissions/get"
	RegisteredModelPermissionsUpdate Endpoint = "PATCH /mlflow/registered-models/permissions/update"
	RegisteredModelPermissionsDelete Endpoint = "DELETE /mlflow/registered-models/permissions/delete"
)

// ExperimentPermissionRequest is what those on experiments ask; reading and deleting name no permission.
type ExperimentPermissionRequest struct {
	ExperimentID string `json:"experiment_id" rest:"required"`
	Username     string `json:"username" rest:"required"`
	Permission   string `json:"permission,omitempty"`
}

// RegisteredModelPermissionRequest is what those on models ask.
type RegisteredModelPermissionRequest struct {
	Name       string `json:"name" rest:"required"`
	Username   string `json:"username" rest:"required"`
	Permission string `json:"permission,omitempty"`
}

// ExperimentPermission is what a user was granted on an experiment.
type ExperimentPermission struct {
	ExperimentID string `json:"experiment_id"`
	UserID       int64  `json:"user_id"`
	Permission   string `json:"permission"`
}

// ExperimentPermissionOf is a grant as clients of 2.x know it.
func ExperimentPermissionOf(user core.UserID, g core.Grant) ExperimentPermission {
	return ExperimentPermission{ExperimentID: g.Pattern, UserID: int64(user), Permission: oldPermission(g.Permission)}
}

// RegisteredModelPermission is what a user was granted on a model.
type RegisteredModelPermission struct {
	Name       string `json:"name"`
	UserID     int64  `json:"user_id"`
	Permission string `json:"permission"`
	Workspace  string `json:"workspace"`
}

// RegisteredModelPermissionOf is a grant as clients of 2.x know it.
func RegisteredModelPermissionOf(user core.UserID, g core.Grant) RegisteredModelPermission {
	return RegisteredModelPermission{
		Name: g.Pattern, UserID: int64(user), Permission: oldPermission(g.Permission), Workspace: core.DefaultWorkspace,
	}
}

// oldPermission is a permission as clients of 2.x know it: they have no denial, but NO_PERMISSIONS, which did the same.
func oldPermission(permission string) string {
	if permission == core.GrantDeny {
		return core.GrantNothing
	}
	return permission
}

// GrantPermission is the opposite of what old answers say.
func GrantPermission(old string) string {
	if old == core.GrantNothing {
		return core.GrantDeny
	}
	return old
}

// ExperimentPermissionAnswer answers calls on experiments.
type ExperimentPermissionAnswer struct {
	ExperimentPermission ExperimentPermission `json:"experiment_permission"`
}

// RegisteredModelPermissionAnswer answers calls on models.
type RegisteredModelPermissionAnswer struct {
	RegisteredModelPermission RegisteredModelPermission `json:"registered_model_permission"`
}
