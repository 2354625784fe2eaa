package accounts

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

const selectRoles = "SELECT r.id, r.workspace, r.name, COALESCE(r.description, '') FROM roles r WHERE "

// roles are roles that are read together.
type roles struct {
	list []*core.Role
	byID map[core.RoleID]*core.Role
}

// read reads roles, in order of their ids, with what they have. The text where is a condition on the roles r.
func (all *roles) read(ctx context.Context, tx sqldb.Tx, d sqldb.Dialect, where string, args ...any) error {
	rows, err := tx.Query(ctx, selectRoles+where, args...)
	if err != nil {
		return err
	}
	all.byID = map[core.RoleID]*core.Role{}
	var ids []int64
	err = sqldb.Each(func(rows sqldb.Rows) error {
		var r core.Role
		if err := rows.Scan((*int64)(&r.ID), &r.Workspace, &r.Name, &r.Description); err != nil {
			return err
		}
		ids = append(ids, int64(r.ID))
		all.list = append(all.list, &r)
		all.byID[r.ID] = &r
		return nil
	})(rows)
	rows.Close()
	if err != nil || len(ids) == 0 {
		return err
	}
	var b sqldb.Batch
	b.Query(sqldb.Each(all.grant), "SELECT p.role_id, p.id, p.resource_type, p.resource_pattern, p.permission "+
		"FROM role_permissions p WHERE "+d.In("p.role_id", 1)+" ORDER BY p.id", ids)
	b.Query(sqldb.Each(all.member), "SELECT a.role_id, a.id, a.user_id FROM user_role_assignments a WHERE "+d.In("a.role_id", 1)+
		" ORDER BY a.id", ids)
	return tx.Do(ctx, &b)
}

func (all *roles) grant(rows sqldb.Rows) error {
	var g core.Grant
	var role core.RoleID
	if err := rows.Scan((*int64)(&role), (*int64)(&g.ID), &g.Kind, &g.Pattern, &g.Permission); err != nil {
		return err
	}
	if r := all.byID[role]; r != nil {
		r.Grants = append(r.Grants, g)
	}
	return nil
}

func (all *roles) member(rows sqldb.Rows) error {
	var m core.Member
	var role core.RoleID
	if err := rows.Scan((*int64)(&role), (*int64)(&m.ID), (*int64)(&m.User)); err != nil {
		return err
	}
	if r := all.byID[role]; r != nil {
		r.Members = append(r.Members, m)
	}
	return nil
}

// role reads one role; suffix may lock it.
func (s *Store) role(ctx context.Context, tx sqldb.Tx, id core.RoleID, suffix string) (core.Role, error) {
	var found roles
	if possible(id) {
		if err := found.read(ctx, tx, s.db.Dialect(), "r.id = $1"+suffix, int64(id)); err != nil {
			return core.Role{}, err
		}
	}
	if len(found.list) == 0 {
		return core.Role{}, core.Errorf(core.NotFound, "Role with id=%d not found", id)
	}
	return *found.list[0], nil
}

// CreateRole creates a role.
func (s *Store) CreateRole(ctx context.Context, spec core.RoleSpec) (_ core.Role, err error) {
	defer named(&err, "create role", spec.Name)
	if err := s.change(ctx); err != nil {
		return core.Role{}, err
	}
	if err := core.CheckRoleSpec(spec); err != nil {
		return core.Role{}, err
	}
	var role core.Role
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := s.known(ctx, tx, spec.Members); err != nil {
			return err
		}
		id, err := number(ctx, tx, "INSERT INTO roles (name, workspace, description) VALUES ($1, $2, $3) RETURNING id",
			spec.Name, spec.Workspace, orNull(spec.Description))
		if err != nil {
			return err
		}
		if err := s.fill(ctx, tx, core.RoleID(id), core.RoleChange{Grant: spec.Grants, Join: spec.Members}); err != nil {
			return err
		}
		role, err = s.role(ctx, tx, core.RoleID(id), "")
		return err
	})
	return role, takenRole(err, spec.Name)
}

// takenRole tells which name is taken.
func takenRole(err error, name string) error {
	if errors.Is(err, core.ErrExists) {
		return core.Exists("role", name)
	}
	return err
}

// orNull is a text as MLflow keeps it: NULL is none.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// known refuses users that there are not.
func (s *Store) known(ctx context.Context, tx sqldb.Tx, users []core.UserID) error {
	for _, id := range users {
		n := int64(0)
		if possible(id) {
			var err error
			if n, err = number(ctx, tx, "SELECT count(*) FROM users WHERE id = $1", int64(id)); err != nil {
				return err
			}
		}
		if n == 0 {
			return core.Errorf(core.NotFound, "user with id=%d not found", id)
		}
	}
	return nil
}

// fill changes grants and members of a role.
func (s *Store) fill(ctx context.Context, tx sqldb.Tx, id core.RoleID, c core.RoleChange) error {
	d, role := s.db.Dialect(), int64(id)
	var b sqldb.Batch
	if gone := numbers(c.Revoke); len(gone) > 0 {
		b.Exec("DELETE FROM role_permissions WHERE role_id = $1 AND "+d.In("id", 2), role, gone)
	}
	if gone := numbers(c.Leave); len(gone) > 0 {
		b.Exec("DELETE FROM user_role_assignments WHERE role_id = $1 AND "+d.In("user_id", 2), role, gone)
	}
	for _, g := range c.Grant {
		b.Exec("INSERT INTO role_permissions (role_id, resource_type, resource_pattern, permission) VALUES ($1, $2, $3, $4) "+
			"ON CONFLICT (role_id, resource_type, resource_pattern) DO UPDATE SET permission = excluded.permission",
			role, g.Kind, g.Pattern, g.Permission)
	}
	for _, user := range c.Join {
		b.Exec("INSERT INTO user_role_assignments (user_id, role_id) VALUES ($1, $2) ON CONFLICT (user_id, role_id) DO NOTHING",
			int64(user), role)
	}
	if b.Len() == 0 {
		return nil
	}
	return tx.Do(ctx, &b)
}

// Role returns a role.
func (s *Store) Role(ctx context.Context, id core.RoleID) (_ core.Role, err error) {
	defer named(&err, "get role", "")
	if err := s.read(ctx); err != nil {
		return core.Role{}, err
	}
	var role core.Role
	err = s.db.Read(ctx, func(tx sqldb.Tx) error {
		var err error
		role, err = s.role(ctx, tx, id, "")
		return err
	})
	return role, err
}

// UpdateRole changes a role.
func (s *Store) UpdateRole(ctx context.Context, id core.RoleID, change core.RoleChange) (_ core.Role, err error) {
	defer named(&err, "update role", "")
	if err := s.change(ctx); err != nil {
		return core.Role{}, err
	}
	if err := core.CheckRoleChange(change); err != nil {
		return core.Role{}, err
	}
	var role core.Role
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		var err error
		if role, err = s.role(ctx, tx, id, s.db.Dialect().ForUpdate()); err != nil {
			return err
		}
		if err := s.known(ctx, tx, change.Join); err != nil {
			return err
		}
		if change.Name != nil {
			role.Name = *change.Name
		}
		if change.Description != nil {
			role.Description = *change.Description
		}
		_, err = tx.Exec(ctx, "UPDATE roles SET name = $1, description = $2 WHERE id = $3",
			role.Name, orNull(role.Description), int64(id))
		if err != nil {
			return err
		}
		if err := s.fill(ctx, tx, id, change); err != nil {
			return err
		}
		role, err = s.role(ctx, tx, id, "")
		return err
	})
	if change.Name != nil {
		err = takenRole(err, *change.Name)
	}
	return role, err
}

// DeleteRole removes a role.
func (s *Store) DeleteRole(ctx context.Context, id core.RoleID) (err error) {
	defer named(&err, "delete role", "")
	if err := s.change(ctx); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := s.role(ctx, tx, id, s.db.Dialect().ForUpdate()); err != nil {
			return err
		}
		var b sqldb.Batch
		b.Exec("DELETE FROM role_permissions WHERE role_id = $1", int64(id))
		b.Exec("DELETE FROM user_role_assignments WHERE role_id = $1", int64(id))
		b.Exec("DELETE FROM roles WHERE id = $1", int64(id))
		return tx.Do(ctx, &b)
	})
}

// SearchRoles lists roles by id.
func (s *Store) SearchRoles(ctx context.Context, q core.RoleQuery) (_ core.Page[core.Role], err error) {
	defer named(&err, "search roles", q.Name)
	none := core.Page[core.Role]{}
	if err := s.read(ctx); err != nil {
		return none, err
	}
	limit, after, err := place(q.PageOptions, q.Fingerprint())
	if err != nil {
		return none, err
	}
	where, args := s.where(q, after)
	var found roles
	err = s.db.Read(ctx, func(tx sqldb.Tx) error {
		found = roles{}
		return found.read(ctx, tx, s.db.Dialect(), where+" ORDER BY r.id LIMIT "+strconv.Itoa(limit+1), args...)
	})
	if err != nil {
		return none, err
	}
	all := make([]core.Role, len(found.list))
	for i, r := range found.list {
		all[i] = *r
	}
	return cut(all, limit, q.Fingerprint(), func(r core.Role) int64 { return int64(r.ID) })
}

// where is the condition of a query, and its arguments.
func (s *Store) where(q core.RoleQuery, after int64) (string, []any) {
	clauses, args := []string{"r.id > $1"}, []any{after}
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	if len(q.Workspaces) > 0 {
		args = append(args, q.Workspaces)
		clauses = append(clauses, s.db.Dialect().In("r.workspace", len(args)))
	}
	if q.Name != "" {
		clauses = append(clauses, "r.name = "+arg(q.Name))
	}
	if q.Member != 0 {
		clauses = append(clauses, "r.id IN (SELECT role_id FROM user_role_assignments WHERE user_id = "+arg(idOrNone(q.Member))+")")
	}
	if q.Grant != 0 {
		clauses = append(clauses, "r.id IN (SELECT role_id FROM role_permissions WHERE id = "+arg(idOrNone(q.Grant))+")")
	}
	if q.Kind != "" {
		clauses = append(clauses, "r.id IN (SELECT role_id FROM role_permissions WHERE resource_type = "+arg(q.Kind)+
			" AND resource_pattern = "+arg(q.Pattern)+")")
	}
	return strings.Join(clauses, " AND "), args
}

// idOrNone is an id as an argument; one that the column cannot hold is nobody's.
func idOrNone[N ~int64](id N) int64 {
	if !possible(id) {
		return -1
	}
	return int64(id)
}
