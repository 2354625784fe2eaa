package accounts

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// oldPermission is one row of the tables that MLflow kept permissions in before it had roles.
type oldPermission struct {
	user      int64
	workspace string
	core.Grant
}

// moveToRoles copies the old permissions into a role of each user's own, as MLflow's migration does. Source:
// mlflow/server/auth/db/migrations/versions/e5f6a7b8c9d0_migrate_permissions_to_roles.py.
func (m migration) moveToRoles(ctx context.Context) error {
	old, err := m.oldPermissions(ctx)
	if err != nil {
		return err
	}
	roles := map[string]int64{} // by workspace and user
	for _, p := range old {
		key := p.workspace + "/" + strconv.FormatInt(p.user, 10)
		id, made := roles[key]
		if !made {
			if id, err = m.ownRole(ctx, p.user, p.workspace); err != nil {
				return err
			}
			roles[key] = id
		}
		_, err := m.tx.Exec(ctx, "INSERT INTO role_permissions (role_id, resource_type, resource_pattern, permission) "+
			"VALUES ($1, $2, $3, $4) ON CONFLICT (role_id, resource_type, resource_pattern) DO NOTHING",
			id, p.Kind, p.Pattern, p.Permission)
		if err != nil {
			return err
		}
	}
	return nil
}

// ownRole finds or makes the role of a user's own in a workspace.
func (m migration) ownRole(ctx context.Context, user int64, workspace string) (int64, error) {
	name := core.OwnRole(core.UserID(user))
	var id int64
	var found, others bool
	var other int64
	var b sqldb.Batch
	b.Exec("INSERT INTO roles (name, workspace) VALUES ($1, $2) ON CONFLICT (workspace, name) DO NOTHING", name, workspace)
	b.Query(sqldb.One(&found, &id), "SELECT id FROM roles WHERE workspace = $1 AND name = $2", workspace, name)
	if err := m.tx.Do(ctx, &b); err != nil {
		return 0, err
	}
	var join sqldb.Batch
	join.Query(sqldb.One(&others, &other),
		"SELECT user_id FROM user_role_assignments WHERE role_id = $1 AND user_id <> $2", id, user)
	join.Exec("INSERT INTO user_role_assignments (user_id, role_id) VALUES ($1, $2) ON CONFLICT (user_id, role_id) DO NOTHING",
		user, id)
	if err := m.tx.Do(ctx, &join); err != nil {
		return 0, err
	}
	if others {
		return 0, core.State(name, "the role %q of workspace %q has a name that is kept for the user %d, and the user %d is in it: "+
			"rename it first", name, workspace, user, other)
	}
	return id, nil
}

// oldPermissions reads them, those that mean nothing any more left out.
func (m migration) oldPermissions(ctx context.Context) ([]oldPermission, error) {
	var all []oldPermission
	for _, from := range []struct{ kind, columns, table string }{
		{core.GrantWorkspace, "workspace, '*', ''", "workspace_permissions"},
		{core.GrantExperiment, "'default', experiment_id, ''", "experiment_permissions"},
		{core.GrantModel, "workspace, name, ''", "registered_model_permissions"},
		{"scorer", "'default', experiment_id, scorer_name", "scorer_permissions"},
		{"gateway_secret", "'default', secret_id, ''", "gateway_secret_permissions"},
		{"gateway_endpoint", "'default', endpoint_id, ''", "gateway_endpoint_permissions"},
		{"gateway_model_definition", "'default', model_definition_id, ''", "gateway_model_definition_permissions"},
	} {
		rows, err := m.tx.Query(ctx, "SELECT user_id, COALESCE(permission, ''), "+from.columns+" FROM "+from.table+" ORDER BY user_id")
		if err != nil {
			return nil, err
		}
		read := sqldb.Each(func(rows sqldb.Rows) error {
			p := oldPermission{Grant: core.Grant{Kind: from.kind}}
			var scorer string
			if err := rows.Scan(&p.user, &p.Permission, &p.workspace, &p.Pattern, &scorer); err != nil {
				return err
			}
			if scorer != "" {
				p.Pattern += "/" + quoted(scorer)
			}
			all = append(all, p.today()...)
			return nil
		})
		err = read(rows)
		rows.Close()
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// today are the grants that an old permission has become: several for EDIT on a whole workspace, which today's do not have, and
// a denial for NO_PERMISSIONS on a resource, which took away what the default gave. MLflow's migration drops it, and so opens
// what was closed.
func (p oldPermission) today() []oldPermission {
	if p.Kind != core.GrantWorkspace {
		if p.Permission == core.GrantNothing {
			p.Permission = core.GrantDeny
			return []oldPermission{p}
		}
		if !slices.Contains([]string{core.GrantRead, core.GrantUse, core.GrantEdit, core.GrantManage}, p.Permission) {
			return nil
		}
		return []oldPermission{p}
	}
	with := func(kind, permission string) oldPermission {
		return oldPermission{p.user, p.workspace, core.Grant{Kind: kind, Pattern: core.GrantAll, Permission: permission}}
	}
	switch p.Permission {
	case core.GrantRead:
		return []oldPermission{with(core.GrantWorkspace, core.GrantUse)}
	case core.GrantUse, core.GrantManage:
		return []oldPermission{p}
	case core.GrantEdit:
		all := []oldPermission{with(core.GrantWorkspace, core.GrantUse)}
		for _, kind := range []string{
			core.GrantExperiment, core.GrantModel, "scorer", "gateway_secret", "gateway_endpoint", "gateway_model_definition",
		} {
			all = append(all, with(kind, core.GrantEdit))
		}
		return all
	}
	return nil
}

// quoted escapes a text as Python's urllib.parse.quote with safe="" does.
func quoted(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// tellPrompts gives grants for prompts their kind, where the registry is in the same database. Source:
// mlflow/server/auth/db/migrations/versions/f1a2b3c4d5e6_promote_prompt_resource_type.py.
func (m migration) tellPrompts(ctx context.Context) error {
	tables, err := m.tables(ctx)
	if err != nil || !slices.Contains(tables, "registered_model_tags") {
		return err
	}
	_, err = m.tx.Exec(ctx, "UPDATE role_permissions SET resource_type = 'prompt' WHERE resource_type = 'registered_model' "+
		"AND resource_pattern <> '*' AND EXISTS (SELECT 1 FROM roles r JOIN registered_model_tags t ON t.workspace = r.workspace "+
		"WHERE r.id = role_permissions.role_id AND t.name = role_permissions.resource_pattern "+
		"AND t.key = 'mlflow.prompt.is_prompt' AND lower(t.value) = 'true')")
	return err
}
