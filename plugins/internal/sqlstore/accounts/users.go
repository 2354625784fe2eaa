package accounts

import (
	"context"
	"errors"
	"strconv"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

const selectUsers = "SELECT u.id, COALESCE(u.username, ''), COALESCE(u.password_hash, ''), COALESCE(u.is_admin, $1) FROM users u "

// scanUser reads a row of selectUsers.
func scanUser(rows sqldb.Rows) (core.User, error) {
	var u core.User
	var hash string
	err := rows.Scan((*int64)(&u.ID), &u.Name, &hash, &u.Admin)
	u.Password = core.NewSecret(hash)
	return u, err
}

// CreateUser creates a user.
func (s *Store) CreateUser(ctx context.Context, spec core.UserSpec) (_ core.User, err error) {
	defer named(&err, "create user", spec.Name)
	if err := s.change(ctx); err != nil {
		return core.User{}, err
	}
	if err := core.CheckUserSpec(spec); err != nil {
		return core.User{}, err
	}
	user := core.User{Name: spec.Name, Admin: spec.Admin, Password: spec.Password}
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		id, err := number(ctx, tx, "INSERT INTO users (username, password_hash, is_admin) VALUES ($1, $2, $3) RETURNING id",
			spec.Name, spec.Password.Reveal(), spec.Admin)
		if err != nil {
			return err
		}
		user.ID = core.UserID(id)
		// SQLite gives numbers again: what was left of an earlier user by other programs is not this one's.
		_, err = tx.Exec(ctx, "DELETE FROM mlstore_tokens WHERE user_id = $1", id)
		return err
	})
	if errors.Is(err, core.ErrExists) {
		err = core.Exists("user", spec.Name)
	}
	if err != nil {
		return core.User{}, err
	}
	return user, nil
}

// number is the number that a statement answers.
func number(ctx context.Context, tx sqldb.Tx, sql string, args ...any) (int64, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var n int64
	if !rows.Next() {
		return 0, errors.Join(rows.Err(), core.Errorf(core.Internal, "the database answered no id"))
	}
	if err := rows.Scan(&n); err != nil {
		return 0, err
	}
	rows.Next() // runs the statement to its end
	return n, rows.Err()
}

// User returns a user by name.
func (s *Store) User(ctx context.Context, name string) (_ core.User, err error) {
	defer named(&err, "get user", name)
	if err := s.read(ctx); err != nil {
		return core.User{}, err
	}
	var user core.User
	err = s.db.Read(ctx, func(tx sqldb.Tx) error {
		var err error
		user, err = findUser(ctx, tx, name, "")
		return err
	})
	return user, err
}

// findUser finds a user; suffix may lock it.
func findUser(ctx context.Context, tx sqldb.Tx, name, suffix string) (core.User, error) {
	rows, err := tx.Query(ctx, selectUsers+"WHERE u.username = $2"+suffix, false, name)
	if err != nil {
		return core.User{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		return core.User{}, errors.Join(rows.Err(), core.Missing("user", name))
	}
	return scanUser(rows)
}

// UpdateUser changes a user.
func (s *Store) UpdateUser(ctx context.Context, name string, change core.UserChange) (_ core.User, err error) {
	defer named(&err, "update user", name)
	if err := s.change(ctx); err != nil {
		return core.User{}, err
	}
	if err := core.CheckUserChange(change); err != nil {
		return core.User{}, err
	}
	var user core.User
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		var err error
		if user, err = findUser(ctx, tx, name, s.db.Dialect().ForUpdate()); err != nil {
			return err
		}
		if change.Admin != nil {
			user.Admin = *change.Admin
		}
		if change.Password != nil {
			user.Password = *change.Password
		}
		_, err = tx.Exec(ctx, "UPDATE users SET is_admin = $1, password_hash = $2 WHERE id = $3",
			user.Admin, user.Password.Reveal(), int64(user.ID))
		return err
	})
	return user, err
}

// DeleteUser removes a user with what is theirs alone.
func (s *Store) DeleteUser(ctx context.Context, name string) (err error) {
	defer named(&err, "delete user", name)
	if err := s.change(ctx); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		user, err := findUser(ctx, tx, name, s.db.Dialect().ForUpdate())
		if err != nil {
			return err
		}
		id, own := int64(user.ID), core.OwnRole(user.ID)
		var b sqldb.Batch
		b.Exec("DELETE FROM mlstore_tokens WHERE user_id = $1", id)
		const ownRoles = "(SELECT id FROM roles WHERE name = $1)"
		b.Exec("DELETE FROM role_permissions WHERE role_id IN "+ownRoles, own)
		b.Exec("DELETE FROM user_role_assignments WHERE role_id IN "+ownRoles, own)
		b.Exec("DELETE FROM roles WHERE name = $1", own)
		b.Exec("DELETE FROM user_role_assignments WHERE user_id = $1", id)
		for _, table := range s.old {
			b.Exec("DELETE FROM "+table+" WHERE user_id = $1", id)
		}
		b.Exec("DELETE FROM users WHERE id = $1", id)
		return tx.Do(ctx, &b)
	})
}

// SearchUsers lists all users by id.
func (s *Store) SearchUsers(ctx context.Context, o core.PageOptions) (_ core.Page[core.User], err error) {
	defer named(&err, "search users", "")
	none := core.Page[core.User]{}
	if err := s.read(ctx); err != nil {
		return none, err
	}
	limit, after, err := place(o, "users")
	if err != nil {
		return none, err
	}
	var all []core.User
	var b sqldb.Batch
	b.Query(sqldb.Each(func(rows sqldb.Rows) error {
		u, err := scanUser(rows)
		all = append(all, u)
		return err
	}), selectUsers+"WHERE u.id > $2 ORDER BY u.id LIMIT "+strconv.Itoa(limit+1), false, after)
	if err := s.db.Fetch(ctx, &b); err != nil {
		return none, err
	}
	return cut(all, limit, "users", func(u core.User) int64 { return int64(u.ID) })
}
