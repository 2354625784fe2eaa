package access

import (
	"context"
	"errors"

	"github.com/mlstore/mlstore/core"
)

// Bootstrap sees to it that the first administrator is there, as MLflow does when it starts: by the configured name and
// password, of which there is no default. One who is there keeps their password, unless it is the one that MLflow was shipped
// with and another is configured.
func (a *Access) Bootstrap(ctx context.Context, c Config) error {
	if c.AdminName == "" {
		return core.Invalid("admin_username", "the first administrator needs a name: set %s, or admin_username in the file of %s",
			AdminNameVariable, ConfigVariable)
	}
	user, err := a.store.User(ctx, c.AdminName)
	switch {
	case errors.Is(err, core.ErrNotFound):
		return a.createAdmin(ctx, c)
	case err != nil:
		return err
	case c.AdminPassword.IsZero() || !matches(user.Password, shipped):
		return nil
	}
	hash, err := a.newHash(c)
	if err != nil {
		return err
	}
	_, err = a.store.UpdateUser(ctx, user.Name, core.UserChange{Password: &hash})
	a.Forget()
	return err
}

func (a *Access) createAdmin(ctx context.Context, c Config) error {
	hash, err := a.newHash(c)
	if err != nil {
		return err
	}
	_, err = a.store.CreateUser(ctx, core.UserSpec{Name: c.AdminName, Admin: true, Password: hash})
	if errors.Is(err, core.ErrExists) { // another server was quicker
		return nil
	}
	return err
}

func (a *Access) newHash(c Config) (core.Secret, error) {
	if c.AdminPassword.IsZero() {
		return core.Secret{}, core.Invalid("admin_password", "there is no user %q, and no password to create this administrator "+
			"with: set %s, or admin_password in the file of %s; there is no default", c.AdminName, AdminPasswordVariable, ConfigVariable)
	}
	if err := CheckPassword(c.AdminName, c.AdminPassword.Reveal()); err != nil {
		return core.Secret{}, core.Invalid("admin_password", "the password of the first administrator: %w Set %s to another one",
			err, AdminPasswordVariable)
	}
	return HashPassword(c.AdminPassword.Reveal())
}
