package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/internal/testenv"
)

const adminPassword = "correct horse battery"

// guarded starts a server that asks who sends a request.
func guarded(s *shell, args ...string) *serving {
	s.t.Helper()
	s.env = append(s.env, "MLFLOW_AUTH_ADMIN_PASSWORD="+adminPassword)
	return s.serve(append([]string{"--app-name", "basic-auth", "--host", "0.0.0.0"}, args...)...)
}

// local is the server's address on this machine.
func (s *serving) local() string {
	_, port, _ := strings.Cut(strings.TrimPrefix(s.url, "http://"), ":")
	return "http://127.0.0.1:" + port
}

// as asks for a path with a name and password.
func (s *serving) as(name, password, path string) (int, http.Header) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.local()+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if name != "" {
		r.SetBasicAuth(name, password)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode, answer.Header
}

func TestGuardedServerAsksWhoYouAre(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	log := filepath.Join(s.dir, "audit.log")
	s.env = append(s.env, "MLFLOW_FLASK_SERVER_SECRET_KEY=SECRETWORD") // MLflow needs it; nothing here does
	server := guarded(s, "--audit-log", log)
	const path = "/api/2.0/mlflow/experiments/get?experiment_id=0"
	for _, c := range []struct {
		name, password, path string
		want                 int
	}{
		{"", "", "/health", 200},
		{"", "", path, 401},
		{"admin", "password1234", path, 401},
		{"nobody", adminPassword, path, 401},
		{"admin", adminPassword, path, 200},
		{"", "", "/api/2.0/mlflow/nothing", 401},
		{"admin", adminPassword, "/api/2.0/mlflow/nothing", 404},
	} {
		status, header := server.as(c.name, c.password, c.path)
		if status != c.want || (status == 401) != strings.HasPrefix(header.Get("WWW-Authenticate"), "Basic realm=") {
			t.Errorf("%s as %q: %d %v, want %d", c.path, c.name, status, header, c.want)
		}
	}
	text, err := os.ReadFile(log)
	s.must(err)
	refused := 0
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); refused++ {
		var line struct {
			Action  string `json:"action"`
			Status  int    `json:"status"`
			Refused bool   `json:"refused"`
		}
		s.must(json.Unmarshal(lines.Bytes(), &line))
		unknown := line.Action == "GET unknown"
		if line.Status != 401 || !line.Refused || !unknown && line.Action != "GET /api/2.0/mlflow/experiments/get" {
			t.Errorf("audit: %s", lines.Text())
		}
	}
	if refused != 4 || strings.Contains(string(text), adminPassword) || strings.Contains(server.stderr.String(), adminPassword) ||
		strings.Contains(string(text)+server.stderr.String(), "SECRETWORD") {
		t.Errorf("%d lines of audit, want 4:\n%s\n%s", refused, text, server.stderr)
	}
}

func TestNoDoorIsOpen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ env, want string }{
		{"X=", "there is no default"},
		{"MLFLOW_AUTH_ADMIN_PASSWORD=password1234", "shipped with"},
		{"MLFLOW_AUTH_ADMIN_PASSWORD=short", "at least 12 characters"},
		{"MLFLOW_AUTH_CONFIG_PATH=nowhere.ini", "nowhere.ini"},
	} {
		s := newShell(t)
		s.env = append(s.env, c.env)
		if r := s.run("server", "--port", "0", "--app-name", "basic-auth"); r.code == 0 || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%s: exit %d, %s", c.env, r.code, r.stderr)
		}
	}
	s := newShell(t)
	if r := s.run("server", "--port", "0", "--app-name", "custom"); r.code != exitUsage {
		t.Errorf("another app: exit %d, %s", r.code, r.stderr)
	}
}

// What MLflow's own administration client of 2.22 does.
const adminOf2 = `
import mlflow
from mlflow.server import get_app_client
from mlflow.exceptions import MlflowException
import os
uri = os.environ["MLFLOW_TRACKING_URI"]
c = get_app_client("basic-auth", uri)
u = c.create_user("grete", "another long password")
assert u.username == "grete" and not u.is_admin
mlflow.set_tracking_uri(uri)
mine = mlflow.create_experiment("mine")
hidden = mlflow.create_experiment("hidden")
p = c.create_experiment_permission(mine, "grete", "EDIT")
assert (p.experiment_id, p.permission) == (mine, "EDIT")
c.create_experiment_permission(hidden, "grete", "NO_PERMISSIONS")
assert c.get_experiment_permission(hidden, "grete").permission == "NO_PERMISSIONS"
c.update_experiment_permission(mine, "grete", "MANAGE")
mlflow.MlflowClient().create_registered_model("m")
c.create_registered_model_permission("m", "grete", "READ")
c.update_registered_model_permission("m", "grete", "EDIT")
assert c.get_registered_model_permission("m", "grete").permission == "EDIT"
u = c.get_user("grete")
assert sorted(p.permission for p in u.experiment_permissions) == ["MANAGE", "NO_PERMISSIONS"]
c.delete_registered_model_permission("m", "grete")
for f in (lambda: c.create_user("grete", "another long password"), lambda: c.create_user("x", "short"),
          lambda: c.get_user("nobody"), lambda: c.get_registered_model_permission("m", "grete")):
    try:
        f()
    except MlflowException:
        continue
    raise AssertionError("was taken")
c.update_user_admin("grete", True)
assert c.get_user("grete").is_admin
c.update_user_admin("grete", False)
print(mine, hidden)
`

// What a user's program does, with MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
const workOfGrete = `
import os, sys, mlflow
from mlflow.exceptions import MlflowException
mine, hidden = sys.argv[1:]
mlflow.set_experiment(experiment_id=mine)
with mlflow.start_run() as run:
    mlflow.log_param("a", 1)
    mlflow.log_metric("m", 0.5)
    mlflow.log_text("hello", "note.txt")
assert mlflow.artifacts.load_text(run.info.artifact_uri + "/note.txt") == "hello"
names = {e.name for e in mlflow.search_experiments()}
assert names == {"Default", "mine"}, names
client = mlflow.MlflowClient()
own = client.create_experiment("of grete")
client.delete_experiment(own)
client.create_registered_model("greta's")
for f in (lambda: client.create_run(hidden), lambda: client.get_experiment(hidden), lambda: client.delete_experiment("0"),
          lambda: client.create_experiment("thief", artifact_location="mlflow-artifacts:/" + hidden)):
    try:
        f()
    except MlflowException as e:
        assert "Permission denied" in str(e), e
        continue
    raise AssertionError("was let in")
print(run.info.run_id)
`

// What the administration client of 3.18 does, and a program with a token.
const adminOf3 = `
import os, mlflow
from mlflow.server import get_app_client
c = get_app_client("basic-auth", os.environ["MLFLOW_TRACKING_URI"])
c.create_user("hans", "the password of hans")
r = c.create_role("default", "readers", "who read")
assert (r.name, r.workspace, r.description) == ("readers", "default", "who read")
p = c.add_role_permission(r.id, "experiment", "*", "READ")
assert c.update_role_permission(p.id, "EDIT").permission == "EDIT"
assert [x.permission for x in c.list_role_permissions(r.id)] == ["EDIT"]
a = c.assign_role("hans", r.id)
assert [x.user_id for x in c.list_role_users(r.id)] == [a.user_id]
assert [x.name for x in c.list_user_roles("hans")] == ["readers"]
assert c.get_user_permission("hans", "experiment", "0").permission == "EDIT"
c.grant_user_permission("hans", "experiment", "0", "DENY")
got = c.get_user_permission("hans", "experiment", "0")
assert (got.permission, got.allowed) == ("DENY", False)
c.revoke_user_permission("hans", "experiment", "0")
c.update_role(r.id, name="editors")
assert "editors" in [x.name for x in c.list_roles("default")]
assert c.get_role(r.id).name == "editors"
c.remove_role_permission(p.id)
c.unassign_role("hans", r.id)
c.delete_role(r.id)
c.update_user_password("hans", "a new password of hans")
c.delete_user("hans")
`

// TestMLflowsClientsKnowTheGuardedServer is done by the clients of both generations, one after the other.
func TestMLflowsClientsKnowTheGuardedServer(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	server := guarded(s)
	python := func(version, script string, env []string, args ...string) string {
		t.Helper()
		cmd := testenv.MLflow(t, version).Command(t.Context(), append([]string{"-c", script}, args...)...)
		var stderr bytes.Buffer
		cmd.Dir, cmd.Stderr = t.TempDir(), &stderr
		cmd.Env = append(append(cmd.Env, "MLFLOW_TRACKING_URI="+server.local()), env...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("MLflow %s: %v\n%s\n%s", version, err, &stderr, server.stderr)
		}
		return strings.TrimSpace(string(out))
	}
	login := func(name, password string) []string {
		return []string{"MLFLOW_TRACKING_USERNAME=" + name, "MLFLOW_TRACKING_PASSWORD=" + password}
	}
	admin := login("admin", adminPassword)
	ids := strings.Fields(python("2.22.5", adminOf2, admin))
	if len(ids) != 2 {
		t.Fatalf("experiments %q", ids)
	}
	python("3.18.0", workOfGrete, login("grete", "another long password"), ids...)
	python("3.18.0", adminOf3, admin)
	token := strings.TrimSpace(s.ok("tokens", "create", "grete", "--access", "read", "--experiment", ids[0]))
	out := python("3.18.0", `
import mlflow, sys
runs = mlflow.search_runs([sys.argv[1]])
client = mlflow.MlflowClient()
try:
    client.create_run(sys.argv[1])
except mlflow.MlflowException as e:
    print(len(runs), "Permission denied" in str(e))
`, []string{"MLFLOW_TRACKING_TOKEN=" + token}, ids[0])
	if !strings.HasSuffix(out, "1 True") {
		t.Errorf("with a token that reads: %s", out)
	}
}
