package accounts_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/accounts"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// describeSchema prints what SQLAlchemy sees of the database sys.argv[1], after MLflow has made it when sys.argv[2] is "make".
const describeSchema = `
import json, sys, sqlalchemy
engine = sqlalchemy.create_engine(sys.argv[1])
if sys.argv[2] == "make":
    from mlflow.server.auth.db.utils import migrate
    migrate(engine, "head")
see = sqlalchemy.inspect(engine)
def table(name):
    return {
        "columns": [[c["name"], str(c["type"]), c["nullable"], c["default"]] for c in see.get_columns(name)],
        "primary": see.get_pk_constraint(name)["constrained_columns"],
        "unique": sorted([u["name"] or "", u["column_names"]] for u in see.get_unique_constraints(name)),
        "foreign": sorted([f["name"] or "", f["constrained_columns"], f["referred_table"]] for f in see.get_foreign_keys(name)),
        "indexes": sorted([i["name"], i["column_names"]] for i in see.get_indexes(name)),
    }
with engine.connect() as c:
    revision = c.execute(sqlalchemy.text("SELECT version_num FROM alembic_version_auth")).scalar()
print(json.dumps({"revision": revision, "tables": {n: table(n) for n in see.get_table_names() if n != "mlstore_tokens"}}))
`

// TestTheSchemaIsMLflows compares the catalogue of a new database with what MLflow's migrations leave.
func TestTheSchemaIsMLflows(t *testing.T) {
	t.Parallel()
	python := testenv.MLflow(t, "3.18.0")
	for name, fresh := range map[string]func() (string, sqldb.DB){
		"sqlite": func() (string, sqldb.DB) {
			path := filepath.Join(t.TempDir(), "basic_auth.db")
			return "sqlite:///" + path, openLite(t, path)
		},
		"postgres": func() (string, sqldb.DB) {
			uri := testenv.Postgres(t)
			return alchemy(uri), openPostgres(t, uri)
		},
	} {
		theirs, unused := fresh()
		must(t, unused.Close())
		ours, db := fresh()
		store := open(t, db)
		must(t, store.Close())
		var want, got any
		must(t, json.Unmarshal([]byte(python.Run(t, describeSchema, theirs, "make")), &want))
		must(t, json.Unmarshal([]byte(python.Run(t, describeSchema, ours, "look")), &got))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: MLflow's schema (-) and ours (+):\n%s", name, diff)
		}
	}
}

// alchemy is a URL of Postgres as SQLAlchemy takes it with the driver that is installed.
func alchemy(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	return "postgresql+psycopg2://" + rest
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// store is the accounts in a tracking store.
type store struct {
	core.Accounts
	core.Store
}

func open(t *testing.T, db sqldb.DB) store {
	t.Helper()
	b, err := accounts.Open(t.Context(), db, accounts.Options{Name: "test"})
	must(t, err)
	a, ok := core.As[core.Accounts](b.Tracking)
	if !ok {
		t.Fatal("the store keeps no accounts")
	}
	return store{a, b.Tracking}
}

const (
	makeOld = `
import sys
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore
s = SqlAlchemyStore()
s.init_db(sys.argv[1])
s.create_user("root", "correct horse battery", is_admin=True)
s.create_user("grete", "another long password")
s.create_user("gone", "yet another password")
s.create_experiment_permission("7", "grete", "MANAGE")
s.create_experiment_permission("8", "grete", "NO_PERMISSIONS")
s.create_registered_model_permission("my model", "grete", "EDIT")
s.create_registered_model_permission("my model", "gone", "READ")
`
	goOn = `
import sys
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore
s = SqlAlchemyStore()
s.init_db(sys.argv[1])
assert s.authenticate_user("root", "correct horse battery") and s.get_user("root").is_admin
assert s.authenticate_user("grete", "another long password") and not s.authenticate_user("grete", "wrong")
assert not s.has_user("gone")
assert s.get_experiment_permission("7", "grete").permission == "MANAGE"
assert s.get_registered_model_permission("my model", "grete").permission == "EDIT"
role = s.get_role_by_name("default", "readers")
assert [(p.resource_type, p.resource_pattern, p.permission) for p in s.list_role_permissions(role.id)] == [
    ("experiment", "*", "READ")]
assert [a.user_id for a in s.list_role_users(role.id)] == [s.get_user("grete").id]
s.create_user("new", "the password of new")
s.assign_role_to_user(s.get_user("new").id, role.id)
s.update_user("grete", password="a changed password")
s.delete_user("root")
`
)

// TestMLflowMadeItAndGoesOn opens what MLflow 2.22 made, with its hashes and permissions; MLflow 3.18 goes on with it.
func TestMLflowMadeItAndGoesOn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "basic_auth.db")
	testenv.MLflow(t, "2.22.5").Run(t, makeOld, "sqlite:///"+path)
	ctx, s := t.Context(), open(t, openLite(t, path))
	root, err := s.User(ctx, "root")
	must(t, err)
	grete, err := s.User(ctx, "grete")
	must(t, err)
	if !root.Admin || grete.Admin || !strings.HasPrefix(root.Password.Reveal(), "scrypt:32768:8:1$") {
		t.Errorf("users %+v %+v with the hash %q", root, grete, root.Password.Reveal())
	}
	if diff := cmp.Diff([]string{"experiment 7 MANAGE", "experiment 8 DENY", "registered_model my model EDIT"}, grants(t, s, grete.ID)); diff != "" {
		t.Errorf("grants of grete (-want +got):\n%s", diff)
	}
	must(t, s.DeleteUser(ctx, "gone"))
	_, err = s.CreateRole(ctx, core.RoleSpec{
		Workspace: core.DefaultWorkspace, Name: "readers", Members: []core.UserID{grete.ID},
		Grants: []core.Grant{{Kind: core.GrantExperiment, Pattern: core.GrantAll, Permission: core.GrantRead}},
	})
	must(t, err)
	for _, user := range []string{"root", "grete"} {
		must(t, s.CreateToken(ctx, core.Token{
			ID: user, User: user, Hash: core.NewSecret("x"), ExpiresAt: 1, Scope: core.TokenScope{Access: core.TokenReads},
		}))
	}
	must(t, s.Close())

	testenv.MLflow(t, "3.18.0").Run(t, goOn, "sqlite:///"+path)
	s = open(t, openLite(t, path))
	defer s.Close()
	added, err := s.User(ctx, "new")
	must(t, err)
	if got := grants(t, s, added.ID); !slices.Equal(got, []string{"experiment * READ"}) {
		t.Errorf("grants of new: %q", got)
	}
	tokens, err := s.SearchTokens(ctx, core.TokenQuery{})
	must(t, err)
	if len(tokens.Items) != 0 {
		t.Errorf("tokens outlived a changed password or a deleted user: %+v", tokens.Items)
	}
}

// grants are those that a user has through roles.
func grants(t *testing.T, s store, user core.UserID) []string {
	t.Helper()
	page, err := s.SearchRoles(t.Context(), core.RoleQuery{Member: user})
	must(t, err)
	var all []string
	for _, role := range page.Items {
		for _, g := range role.Grants {
			all = append(all, g.Kind+" "+g.Pattern+" "+g.Permission)
		}
	}
	return all
}
