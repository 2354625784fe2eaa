package project

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func submitCases() []entry {
	return []entry{
		{ID: "PB-001", Name: "submit/returns-id", Rule: "Submit returns the id of a job, which is known at once.", Run: submitReturns},
		{
			ID: "PB-004", Name: "submit/unknown-entry-point", Rule: "A project without its entry point is refused before anything starts.",
			Run: submitEntryPoint,
		},
		{ID: "PB-009", Name: "submit/invalid-options", Rule: "Bad options are ErrInvalid before anything starts.", Run: submitInvalid},
		{ID: "PB-010", Name: "submit/missing-project", Rule: "A project whose folder is not there is ErrNotFound.", Run: submitMissing},
		{ID: "PB-013", Name: "submit/no-secret-shown", Rule: "A secret shows up nowhere in what the backend tells.", Run: submitSecret},
		{
			ID: "PB-016", Name: "submit/idempotency-key", Level: conformance.Extended, Needs: []core.Capability{core.IdempotentCreate},
			Rule: "A repeated call with an IdempotencyKey returns the first one's job and starts no other.", Run: submitKey,
		},
	}
}

func unknownCases() []entry {
	return []entry{
		{ID: "PB-021", Name: "status/unknown-job", Rule: "An unknown job is ErrNotFound and named.", Run: unknownJob},
		{
			ID: "PB-022", Name: "status/malformed-id", Rule: "What is no id is the caller's mistake, not an internal error.",
			Run: malformedID,
		},
		{ID: "PB-035", Name: "cancel/unknown", Rule: "Canceling an unknown job is ErrNotFound.", Run: unknownCancel},
		{ID: "PB-045", Name: "logs/unknown-job", Rule: "The log of an unknown job is ErrNotFound.", Run: unknownLogs},
	}
}

func submitReturns(t check, e *env) {
	began := core.Now()
	id := submit(t, e, e.Store, core.SubmitOptions{})
	if id == "" {
		t.Fatal("the id is empty")
	}
	job, err := e.Second().Job(t.Context(), id)
	conformance.NoError(t, "Job", err)
	conformance.Equal(t, "id", job.ID, id)
	if !job.Status.Valid() {
		t.Errorf("the status is %s", job.Status)
	}
	e.CheckTime(t, "SubmittedAt", job.SubmittedAt, began)
}

// refuseProject tries to submit what must be refused.
func refuseProject(t check, e *env, p core.Project, o core.SubmitOptions, oneOf ...error) {
	t.Helper()
	id, err := e.Store.Submit(t.Context(), p, o)
	if err == nil {
		cancelLater(t, e, id)
	}
	conformance.RefusedAs(t, fmt.Sprintf("Submit(%+v, %+v)", p, o), err, oneOf...)
	conformance.Equal(t, "the id beside an error", id, "")
}

func submitEntryPoint(t check, e *env) {
	p := project(t, e)
	p.EntryPoint = ""
	refuseProject(t, e, p, core.SubmitOptions{}, core.ErrInvalid, core.ErrNotFound)
	p = project(t, e)
	p.Command = ""
	refuseProject(t, e, p, core.SubmitOptions{}, core.ErrInvalid, core.ErrNotFound)
}

func submitInvalid(t check, e *env) {
	for _, o := range []core.SubmitOptions{
		{Config: json.RawMessage(`{"half": `)},
		{Config: json.RawMessage(`[1, 2]`)},
		{Config: json.RawMessage(`"text"`)},
		{RunID: "../escape"},
		{RunID: core.RunID(strings.Repeat("a", 10_000))},
		{ExperimentID: "../escape"},
	} {
		refuseProject(t, e, project(t, e), o, core.ErrInvalid)
	}
}

func submitMissing(t check, e *env) {
	p := project(t, e)
	p.Dir = filepath.Join(p.Dir, "not", "there")
	refuseProject(t, e, p, core.SubmitOptions{}, core.ErrNotFound)
	p.Dir = ""
	refuseProject(t, e, p, core.SubmitOptions{}, core.ErrNotFound, core.ErrInvalid)
}

func submitSecret(t check, e *env) {
	secret := e.Name("secret")
	o := core.SubmitOptions{Secrets: map[string]core.Secret{"API_TOKEN": core.NewSecret(secret)}, IdempotencyKey: ""}
	id := submit(t, e, e.Store, o)
	for _, s := range []store{e.Store, e.Second()} {
		job, err := s.Job(t.Context(), id)
		conformance.NoError(t, "Job", err)
		page, err := s.Logs(t.Context(), id, core.LogOptions{})
		conformance.NoError(t, "Logs", err)
		if told := fmt.Sprintf("%#v %#v", job, page); strings.Contains(told, secret) {
			t.Errorf("the backend tells the secret: %s", strings.ReplaceAll(told, secret, "<the secret>"))
		}
	}
	bad := project(t, e)
	bad.EntryPoint = ""
	if _, err := e.Store.Submit(t.Context(), bad, o); err == nil || strings.Contains(fmt.Sprintf("%+v", err), secret) {
		t.Error("the error about a bad project is missing, or tells the secret")
	}
}

func submitKey(t check, e *env) {
	o := core.SubmitOptions{IdempotencyKey: e.Name("key")}
	p := project(t, e)
	first, err := e.Store.Submit(t.Context(), p, o)
	conformance.NoError(t, "Submit", err)
	cancelLater(t, e, first)
	for range 3 {
		again, err := e.Store.Submit(t.Context(), p, o)
		conformance.NoError(t, "Submit again", err)
		conformance.Equal(t, "the job of a repeated call", again, first)
	}
	if other := submit(t, e, e.Store, core.SubmitOptions{IdempotencyKey: e.Name("key")}); other == first {
		t.Error("another key gives the same job")
	}
	if one, two := submit(t, e, e.Store, core.SubmitOptions{}), submit(t, e, e.Store, core.SubmitOptions{}); one == two {
		t.Error("two calls without a key give the same job")
	}
}

// unknown is an id in the form of the backend's own which no job has.
func unknown(t check, e *env) core.JobID {
	t.Helper()
	id := []byte(submit(t, e, e.Store, core.SubmitOptions{}))
	last := len(id) - 1
	if id[last] == '0' {
		id[last] = '1'
	} else {
		id[last] = '0'
	}
	return core.JobID(id)
}

func unknownJob(t check, e *env) {
	id := unknown(t, e)
	_, err := e.Store.Job(t.Context(), id)
	conformance.Refused(t, "Job", err, core.ErrNotFound, string(id))
}

func malformedID(t check, e *env) {
	ids := append([]string{"", "../x", "a/b", "\x00", "%2e%2e", "\xff", " ", "-1", strings.Repeat("9", 5000)}, e.Malformed.Jobs...)
	for _, id := range ids {
		_, jobErr := e.Store.Job(t.Context(), core.JobID(id))
		_, logErr := e.Store.Logs(t.Context(), core.JobID(id), core.LogOptions{})
		for method, err := range map[string]error{
			"Job": jobErr, "Logs": logErr, "Cancel": e.Store.Cancel(t.Context(), core.JobID(id)),
		} {
			conformance.RefusedAs(t, fmt.Sprintf("%s(%.40q)", method, id), err, core.ErrNotFound, core.ErrInvalid)
		}
	}
}

func unknownCancel(t check, e *env) {
	id := unknown(t, e)
	conformance.Refused(t, "Cancel", e.Store.Cancel(t.Context(), id), core.ErrNotFound, string(id))
	if _, err := e.Store.Job(t.Context(), id); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("after the cancellation of an unknown job: got error %v, want %v", err, core.ErrNotFound)
	}
}

func unknownLogs(t check, e *env) {
	id := unknown(t, e)
	_, err := e.Store.Logs(t.Context(), id, core.LogOptions{})
	conformance.Refused(t, "Logs", err, core.ErrNotFound, string(id))
}
