package server

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/server/access"
)

// demand is what a route expects of its caller.
type demand int

const (
	anybody   demand = iota // nothing
	somebody                // a login
	reader                  // at least this on the target
	editor                  // likewise
	manager                 // likewise
	maker                   // a login that may write
	themself                // to be the target
	member                  // a role in the workspace of the target
	superuser               // to be an administrator
	password                // no token, which all the callers here come with
)

// expected is the row of every route: what it expects, and a request in which $E is the id of an experiment, $R that of a run
// in it, $L that of a logged model, $M the name of a model, $U that of a user, $G and $H the ids of a role and of its grant.
// The request is a query for GET and else a body; what follows a path is before a space.
func expected() map[string]struct {
	demand  demand
	request string
} {
	type row = struct {
		demand  demand
		request string
	}
	return map[string]row{
		"GET /health": {anybody, ""}, "GET /version": {anybody, ""}, "GET /server-info": {anybody, ""}, "GET /{$}": {somebody, ""},
		"GET /metrics":  {somebody, ""},
		"POST /graphql": {reader, `{"query":"query GetRun($data: MlflowGetRunInput!) { mlflowGetRun(input: $data) { run { info { runUuid } } } }","variables":{"data":{"runId":"$R"}}}`},

		"POST /experiments/search": {somebody, `{"max_results":10}`}, "GET /experiments/search": {somebody, "max_results=10"},
		"GET /experiments/list":                      {somebody, "max_results=10"},
		"POST /experiments/create":                   {maker, `{"name":"new"}`},
		"GET /experiments/get":                       {reader, "experiment_id=$E"},
		"GET /experiments/get-by-name":               {reader, "experiment_name=experiment $E"},
		"POST /experiments/delete":                   {manager, `{"experiment_id":"$E"}`},
		"POST /experiments/restore":                  {manager, `{"experiment_id":"$E"}`},
		"POST /experiments/update":                   {editor, `{"experiment_id":"$E","new_name":"renamed"}`},
		"POST /experiments/set-experiment-tag":       {editor, `{"experiment_id":"$E","key":"k","value":"v"}`},
		"POST /experiments/delete-experiment-tag":    {editor, `{"experiment_id":"$E","key":"k"}`},
		"POST /experiments/search-datasets":          {reader, `{"experiment_ids":["$E"]}`},
		"POST /runs/create":                          {editor, `{"experiment_id":"$E"}`},
		"GET /runs/get":                              {reader, "run_id=$R"},
		"POST /runs/update":                          {editor, `{"run_id":"$R","status":"FINISHED"}`},
		"POST /runs/delete":                          {manager, `{"run_id":"$R"}`},
		"POST /runs/restore":                         {manager, `{"run_id":"$R"}`},
		"POST /runs/set-tag":                         {editor, `{"run_id":"$R","key":"k","value":"v"}`},
		"POST /runs/delete-tag":                      {editor, `{"run_id":"$R","key":"k"}`},
		"POST /runs/search":                          {somebody, `{"experiment_ids":["$E"]}`},
		"POST /runs/log-model":                       {editor, `{"run_id":"$R","model_json":"{\"artifact_path\":\"m\",\"run_id\":\"$R\",\"utc_time_created\":\"x\",\"flavors\":{}}"}`},
		"POST /runs/log-metric":                      {editor, `{"run_id":"$R","key":"m","value":1,"timestamp":1}`},
		"POST /runs/log-parameter":                   {editor, `{"run_id":"$R","key":"p","value":"1"}`},
		"POST /runs/log-batch":                       {editor, `{"run_id":"$R","metrics":[{"key":"m","value":1,"timestamp":1,"step":0}]}`},
		"POST /runs/log-inputs":                      {editor, `{"run_id":"$R","datasets":[]}`},
		"POST /runs/outputs":                         {editor, `{"run_id":"$R","models":[]}`},
		"GET /metrics/get-history":                   {reader, "run_id=$R&metric_key=m"},
		"GET /metrics/get-history-bulk":              {reader, "run_id=$R&metric_key=m"},
		"GET /metrics/get-history-bulk-interval":     {reader, "run_ids=$R&metric_key=m&max_results=5"},
		"GET /artifacts/list":                        {reader, "run_id=$R"},
		"GET /get-artifact":                          {reader, "run_id=$R&path=f"},
		"GET /model-versions/get-artifact":           {reader, "name=$M&version=1&path=f"},
		"POST /upload-artifact":                      {editor, "?run_id=$R&path=f hello"},
		"POST /artifacts/presigned-upload-url":       {editor, `{"run_id":"$R","path":"f"}`},
		"POST /artifacts/presigned-download-url":     {reader, `{"run_id":"$R","path":"f"}`},
		"POST /logged-models":                        {editor, `{"experiment_id":"$E","name":"l"}`},
		"GET /logged-models/{model_id}":              {reader, ""},
		"PATCH /logged-models/{model_id}":            {editor, `{"status":"LOGGED_MODEL_READY"}`},
		"DELETE /logged-models/{model_id}":           {manager, ""},
		"POST /logged-models/{model_id}/params":      {editor, `{"params":[{"key":"a","value":"b"}]}`},
		"PATCH /logged-models/{model_id}/tags":       {editor, `{"tags":[{"key":"a","value":"b"}]}`},
		"POST /logged-models/search":                 {somebody, `{"experiment_ids":["$E"]}`},
		"POST /mlflow-artifacts/mpu/create/":         {editor, `/$E/$R/artifacts/f {"path":"f","num_parts":1}`},
		"POST /mlflow-artifacts/mpu/complete/":       {editor, `/$E/$R/artifacts/f {"path":"f","upload_id":"x","parts":[]}`},
		"POST /mlflow-artifacts/mpu/abort/":          {editor, `/$E/$R/artifacts/f {"path":"f","upload_id":"x"}`},
		"GET /mlflow-artifacts/artifacts":            {reader, "path=$E/$R/artifacts"},
		"GET /mlflow-artifacts/artifacts/":           {reader, "/$E/$R/artifacts/f "},
		"PUT /mlflow-artifacts/artifacts/":           {editor, "/$E/$R/artifacts/f hello"},
		"DELETE /mlflow-artifacts/artifacts/":        {manager, "/$E/$R/artifacts/f "},
		"GET /mlflow-artifacts/presigned/":           {reader, "/$E/$R/artifacts/f "},
		"POST /registered-models/create":             {maker, `{"name":"new"}`},
		"POST /registered-models/rename":             {editor, `{"name":"$M","new_name":"renamed"}`},
		"PATCH /registered-models/update":            {editor, `{"name":"$M","description":"d"}`},
		"DELETE /registered-models/delete":           {manager, `{"name":"$M"}`},
		"GET /registered-models/get":                 {reader, "name=$M"},
		"GET /registered-models/search":              {somebody, ""},
		"GET /registered-models/list":                {somebody, ""},
		"POST /registered-models/set-tag":            {editor, `{"name":"$M","key":"k","value":"v"}`},
		"DELETE /registered-models/delete-tag":       {editor, `{"name":"$M","key":"k"}`},
		"POST /registered-models/alias":              {editor, `{"name":"$M","alias":"a","version":"1"}`},
		"DELETE /registered-models/alias":            {manager, `{"name":"$M","alias":"a"}`},
		"GET /registered-models/alias":               {reader, "name=$M&alias=a"},
		"POST /model-versions/create":                {editor, `{"name":"$M","source":"runs:/$R/m","run_id":"$R"}`},
		"PATCH /model-versions/update":               {editor, `{"name":"$M","version":"1","description":"d"}`},
		"DELETE /model-versions/delete":              {manager, `{"name":"$M","version":"1"}`},
		"GET /model-versions/get":                    {reader, "name=$M&version=1"},
		"GET /model-versions/search":                 {somebody, ""},
		"GET /model-versions/get-download-uri":       {reader, "name=$M&version=1"},
		"POST /model-versions/set-tag":               {editor, `{"name":"$M","version":"1","key":"k","value":"v"}`},
		"DELETE /model-versions/delete-tag":          {manager, `{"name":"$M","version":"1","key":"k"}`},
		"POST /model-versions/transition-stage":      {editor, `{"name":"$M","version":"1","stage":"Staging"}`},
		"GET /registered-models/get-latest-versions": {reader, "name=$M"},

		"POST /registered-models/get-latest-versions":         {reader, `{"name":"$M"}`},
		"GET /logged-models/{model_id}/artifacts/directories": {reader, ""},
		"GET /logged-models/{model_id}/artifacts/files":       {reader, "artifact_file_path=f"},
		"DELETE /logged-models/{model_id}/tags/{tag_key...}":  {manager, ""},
		"POST /webhooks": {superuser, `{"name":"w","url":"https://example.org","events":[{"entity":"REGISTERED_MODEL","action":"CREATED"}]}`},
		"GET /webhooks":  {superuser, ""}, "GET /webhooks/{webhook_id}": {superuser, ""},
		"PATCH /webhooks/{webhook_id}": {superuser, `{"name":"v"}`}, "DELETE /webhooks/{webhook_id}": {superuser, ""},
		"POST /webhooks/{webhook_id}/test": {superuser, `{}`},
		"POST /users/create":               {superuser, `{"username":"new","password":"a long password"}`},
		"GET /users/get":                   {themself, "username=$U"}, "GET /users/current": {somebody, ""},
		"GET /users/list":                              {somebody, ""},
		"PATCH /users/update-password":                 {themself, `{"username":"$U","password":"short"}`},
		"PATCH /users/update-admin":                    {superuser, `{"username":"$U","is_admin":true}`},
		"DELETE /users/delete":                         {superuser, `{"username":"$U"}`},
		"GET /users/current/permissions":               {somebody, ""},
		"GET /users/permissions/list":                  {themself, "username=$U"},
		"GET /users/permissions/get":                   {themself, "username=$U&resource_type=experiment&resource_id=1"},
		"GET /users/roles/list":                        {themself, "username=$U"},
		"POST /users/permissions/grant":                {manager, `{"username":"none","resource_type":"experiment","resource_id":"$E","permission":"READ"}`},
		"POST /users/permissions/revoke":               {manager, `{"username":"none","resource_type":"registered_model","resource_id":"$M"}`},
		"POST /users/tokens/create":                    {password, `{"username":"$U","access":"read","expires_in_seconds":60}`},
		"GET /users/tokens/list":                       {themself, "username=$U"},
		"DELETE /users/tokens/delete":                  {password, `{"username":"$U","id":"x"}`},
		"POST /experiments/permissions/create":         {manager, `{"experiment_id":"$E","username":"none","permission":"READ"}`},
		"GET /experiments/permissions/get":             {manager, "experiment_id=$E&username=none"},
		"PATCH /experiments/permissions/update":        {manager, `{"experiment_id":"$E","username":"none","permission":"READ"}`},
		"DELETE /experiments/permissions/delete":       {manager, `{"experiment_id":"$E","username":"none"}`},
		"POST /registered-models/permissions/create":   {manager, `{"name":"$M","username":"none","permission":"READ"}`},
		"GET /registered-models/permissions/get":       {manager, "name=$M&username=none"},
		"PATCH /registered-models/permissions/update":  {manager, `{"name":"$M","username":"none","permission":"READ"}`},
		"DELETE /registered-models/permissions/delete": {manager, `{"name":"$M","username":"none"}`},
		"POST /roles/create":                           {superuser, `{"name":"r","workspace":"default"}`},
		"GET /roles/get":                               {member, "role_id=$G"}, "GET /roles/list": {superuser, ""},
		"PATCH /roles/update":              {superuser, `{"role_id":$G,"name":"q"}`},
		"DELETE /roles/delete":             {superuser, `{"role_id":$G}`},
		"POST /roles/permissions/add":      {superuser, `{"role_id":$G,"resource_type":"experiment","resource_pattern":"*","permission":"READ"}`},
		"DELETE /roles/permissions/remove": {superuser, `{"role_permission_id":$H}`},
		"GET /roles/permissions/list":      {member, "role_id=$G"},
		"PATCH /roles/permissions/update":  {superuser, `{"role_permission_id":$H,"permission":"MANAGE"}`},
		"POST /roles/assign":               {superuser, `{"role_id":$G,"username":"none"}`},
		"DELETE /roles/unassign":           {superuser, `{"role_id":$G,"username":"none"}`},
		"GET /roles/users/list":            {superuser, "role_id=$G"},
	}
}

// Callers, from the one who may least; those behind have no say at all.
var callers = []string{"none", core.GrantRead, core.GrantUse, core.GrantEdit, core.GrantManage, "root", "reads only", "anonymous", "wrong", "expired"} //nolint:gochecknoglobals // a table

// world is a guarded server with something of everybody's.
type world struct {
	t       *testing.T
	server  *Server
	tokens  map[string]string // of callers
	targets map[string]*strings.Replacer
}

// nowhere names what there is not.
const nowhere = "missing"

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx, tracking, models := t.Context(), mem.NewTracking(), mem.NewRegistry()
	resolver := registry.New(nil)
	check(t, resolver.Handle("mem", registry.Rule{
		Opener: core.OpenerFunc(func(context.Context, core.OpenRequest) (core.Backend, error) {
			return core.Backend{Tracking: tracking.Reopen(), Artifacts: mem.NewArtifacts(), Registry: models.Reopen()}, nil
		}), Empty: true, Kinds: []registry.Kind{registry.Tracking, registry.Artifacts, registry.Registry},
	}))
	uri, err := core.ParseURI("mem:")
	check(t, err)
	kept := mem.NewTracking()
	w := &world{t: t, tokens: map[string]string{}, targets: map[string]*strings.Replacer{}}
	w.server, err = New(ctx, Config{
		Resolver: resolver, Tracking: uri, ArtifactsDestination: "mem:files", Access: access.New(kept, access.Options{}),
		Metrics: http.NotFoundHandler(),
	})
	check(t, err)
	t.Cleanup(func() {
		check(t, w.server.Close())
		check(t, resolver.Close())
	})
	grants := map[string]core.Grant{}
	for _, who := range []string{"own", "other"} {
		e, err := tracking.CreateExperiment(ctx, core.ExperimentSpec{Name: "x" + who, ArtifactLocation: "mlflow-artifacts:/" + who})
		check(t, err)
		name := "experiment " + string(e.ID)
		check(t, tracking.UpdateExperiment(ctx, e.ID, core.ExperimentChange{Name: &name}))
		run, err := tracking.CreateRun(ctx, e.ID, core.RunSpec{StartTime: 1})
		check(t, err)
		logged, err := tracking.CreateLoggedModel(ctx, e.ID, core.LoggedModelSpec{Name: "l"})
		check(t, err)
		_, err = models.CreateModel(ctx, core.ModelSpec{Name: who})
		check(t, err)
		_, err = models.CreateVersion(ctx, who, core.VersionSpec{Source: run.ArtifactURI + "/m", RunID: run.ID})
		check(t, err)
		workspace := map[string]string{"own": core.DefaultWorkspace, "other": "elsewhere"}[who]
		role, err := kept.CreateRole(ctx, core.RoleSpec{Workspace: workspace, Name: "role", Grants: []core.Grant{
			{Kind: "scorer", Pattern: core.GrantAll, Permission: core.GrantRead},
		}})
		check(t, err)
		w.targets[who] = strings.NewReplacer("$E", string(e.ID), "$R", string(run.ID), "$L", string(logged.ID), "$M", who,
			"$G", strconv.Itoa(int(role.ID)), "$H", strconv.Itoa(int(role.Grants[0].ID)), "$U", "stranger")
		grants[who] = core.Grant{Kind: core.GrantExperiment, Pattern: string(e.ID)}
	}
	w.targets[nowhere] = strings.NewReplacer("$E", "4711", "$R", string(core.NewRunID()), "$L", string(core.NewModelID()),
		"$M", nowhere, "$G", "4711", "$H", "4711", "$U", "nobody")
	w.people(kept, grants["own"])
	return w
}

// people makes the callers and their tokens.
func (w *world) people(kept core.Accounts, on core.Grant) {
	w.t.Helper()
	ctx := w.t.Context()
	token := func(user string, access core.TokenAccess) string { return makeToken(w.t, kept, user, access) }
	for _, name := range append([]string{"stranger"}, callers[:6]...) {
		user, err := kept.CreateUser(ctx, core.UserSpec{Name: name, Admin: name == "root", Password: core.NewSecret("x")})
		check(w.t, err)
		if name != "none" && name != "root" && name != "stranger" {
			on.Permission = name
			check(w.t, w.server.config.Access.Grant(ctx, user.ID, on,
				core.Grant{Kind: core.GrantModel, Pattern: "own", Permission: name}))
		}
		w.tokens[name] = token(name, core.TokenManages)
	}
	w.tokens["reads only"] = token(core.GrantManage, core.TokenReads)
	w.tokens["wrong"] = w.tokens["root"] + "x"
	expired, text, err := access.NewToken(access.TokenSpec{User: "root", Age: time.Hour, Scope: core.TokenScope{Access: core.TokenManages}})
	check(w.t, err)
	expired.CreatedAt, expired.ExpiresAt = 1, core.Now()
	check(w.t, kept.CreateToken(ctx, expired))
	w.tokens["expired"] = text.Reveal()
}

func makeToken(t *testing.T, kept core.Accounts, user string, reach core.TokenAccess) string {
	t.Helper()
	token, text, err := access.NewToken(access.TokenSpec{User: user, Age: time.Hour, Scope: core.TokenScope{Access: reach}})
	check(t, err)
	check(t, kept.CreateToken(t.Context(), token))
	return text.Reveal()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask sends the request of a row, about a target, as a caller.
func (w *world) ask(r route, path, request, target, caller string) (int, string) {
	w.t.Helper()
	of := w.targets[target]
	if target == "own" && strings.Contains(request, "$U") { // everybody's own user is themself
		own := caller
		if caller == "reads only" {
			own = core.GrantManage
		}
		request = strings.ReplaceAll(request, "$U", own)
	}
	request = of.Replace(request)
	path = of.Replace(strings.NewReplacer("{model_id}", "$L", "{webhook_id}", "w", "{tag_key...}", "k", "{$}", "").Replace(path))
	behind, body := "", request
	if strings.HasPrefix(request, "/") || strings.HasPrefix(request, "?") {
		behind, body, _ = strings.Cut(request, " ")
		path = strings.TrimSuffix(path, tailMark) + behind
	}
	if r.method == http.MethodGet && behind == "" && request != "" {
		values, err := url.ParseQuery(request)
		check(w.t, err)
		path, body = path+"?"+values.Encode(), ""
	}
	q := httptest.NewRequestWithContext(w.t.Context(), r.method, path, strings.NewReader(body))
	q.Host = "localhost"
	if strings.HasPrefix(body, "{") {
		q.Header.Set("Content-Type", "application/json")
	}
	if token := w.tokens[caller]; token != "" {
		q.Header.Set("Authorization", "Bearer "+token)
	}
	recorder := httptest.NewRecorder()
	w.server.Handler().ServeHTTP(recorder, q)
	text, _ := io.ReadAll(recorder.Body)
	return recorder.Code, string(text)
}

// verdict is the status that a caller must get: 401, 403, or 200 for any other.
func verdict(d demand, caller, target string) int {
	level := slices.Index(callers, caller) // of the first six
	switch {
	case d == anybody:
		return 200
	case caller == "anonymous" || caller == "wrong" || caller == "expired":
		return 401
	case d == password:
		return 403
	case caller == "reads only":
		if d == somebody || d == reader && target == "own" || d == member && target == "own" {
			return map[bool]int{true: 403, false: 200}[d == member]
		}
		return 403
	case caller == "root" || d == somebody || d == maker:
		return 200
	case target != "own" || d == superuser:
		return 403
	}
	need := map[demand]int{reader: 1, editor: 3, manager: 4, themself: 0, member: 1}[d]
	if level >= need {
		return 200
	}
	return 403
}

// TestEveryRouteAsksWhatItMust holds every route, at every path, to its row. A route without a row fails.
func TestEveryRouteAsksWhatItMust(t *testing.T) {
	t.Parallel()
	rows, met := expected(), map[string]bool{}
	for _, r := range newWorld(t).server.routes() {
		name := r.method + " " + shortPath(r.paths[0])
		row, found := rows[name]
		if !found {
			t.Errorf("%s has no row: say what it expects of its caller", name)
			continue
		}
		met[name] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, caller := range callers {
				w, denials := newWorld(t), map[string]string{}
				for _, target := range []string{"other", nowhere, "own"} {
					status, body := w.ask(r, r.paths[0], row.request, target, caller)
					if got, want := coarse(status), verdict(row.demand, caller, target); got != want {
						t.Errorf("%s, %s: %d, want %d: %s", caller, target, status, want, body)
					}
					if status == 403 && target != "own" {
						denials[body] = target
					}
				}
				if len(denials) > 1 {
					t.Errorf("%s is denied in different words: %q", caller, denials)
				}
				for _, twin := range r.paths[1:] {
					status, body := w.ask(r, twin, row.request, "other", caller)
					if got, want := coarse(status), verdict(row.demand, caller, "other"); got != want {
						t.Errorf("%s at %s: %d, want %d: %s", caller, twin, status, want, body)
					}
				}
			}
		})
	}
	for name := range rows {
		if !met[name] {
			t.Errorf("there is a row for %s, but no route", name)
		}
	}
}

// shortPath is a path without what all paths of MLflow begin with.
func shortPath(path string) string {
	for _, prefix := range []string{"/api/2.0", "/ajax-api/2.0", "/api/3.0", "/ajax-api/3.0"} {
		path = strings.TrimPrefix(path, prefix)
	}
	return strings.TrimSuffix(strings.Replace(path, "/mlflow/", "/", 1), "{path...}")
}

// coarse is a status as far as it tells whether somebody was let in.
func coarse(status int) int {
	if status == 401 || status == 403 {
		return status
	}
	return 200
}

// Searches in experiments that a caller names find what is in those that the caller may read, and in no others.
func TestSearchesFindWhatMayBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own, other := w.targets["own"], w.targets["other"]
	r := route{method: http.MethodPost}
	for path, id := range map[string]string{"/api/2.0/mlflow/runs/search": "$R", "/api/2.0/mlflow/logged-models/search": "$L"} {
		for caller, sees := range map[string][2]bool{
			"none": {}, core.GrantRead: {true, false}, core.GrantManage: {true, false}, "reads only": {true, false}, "root": {true, true},
		} {
			for _, ids := range []string{own.Replace(`"$E",`) + other.Replace(`"$E","4711"`), other.Replace(`"$E"`)} {
				status, text := w.ask(r, path, `{"experiment_ids":[`+ids+`]}`, "own", caller)
				mine := sees[0] && strings.Contains(ids, ",")
				if status != http.StatusOK || strings.Contains(text, own.Replace(id)) != mine ||
					strings.Contains(text, other.Replace(id)) != sees[1] {
					t.Errorf("%s in %s by %s: %d %s", path, ids, caller, status, text)
				}
			}
		}
	}
}
