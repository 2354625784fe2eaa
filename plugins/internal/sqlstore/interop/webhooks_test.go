package interop_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// webhookKey is the key of the examples in Fernet's specification.
const webhookKey = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="

// webhookScript creates a webhook, disables those named other, and tells of all with their secrets.
const webhookScript = `
import json, sys
from mlflow.entities.webhook import WebhookEvent, WebhookStatus
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
store = SqlAlchemyStore(sys.argv[1])
store.create_webhook("theirs", "https://93.184.216.34/in", [WebhookEvent.from_str("prompt.created")], "größe", "geheim ß")
for w in store.list_webhooks():
    if w.name == "other":
        store.update_webhook(w.webhook_id, status=WebhookStatus.DISABLED)
told = [
    {"name": w.name, "url": w.url, "about": w.description or "", "status": str(w.status), "secret": w.secret or "",
     "events": [str(e) for e in w.events]}
    for w in store.list_webhooks()
]
print("\n" + json.dumps(told))
`

// told is a webhook as both sides tell of it.
type told struct {
	Name, URL, About, Status, Secret string
	Events                           []string
}

// TestWebhooksWithMLflow: the newest release reads the webhooks that we wrote, secrets included, and we read its own.
func TestWebhooksWithMLflow(t *testing.T) {
	t.Parallel()
	for _, d := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			at := newPlace(t, d)
			db := at.database(t, false)
			check(t, schema.Ensure(t.Context(), db))
			r := sqlstore.NewRegistry(db, sqlstore.Options{Name: d.String(), WebhookKey: core.NewSecret(webhookKey)})
			t.Cleanup(func() { check(t, r.Close()) })
			for _, spec := range []core.WebhookSpec{
				{Name: "ours", URL: "https://93.184.216.34/a", Events: core.WebhookEvents(), Secret: core.NewSecret("sehr geheim")},
				{Name: "other", URL: "https://93.184.216.34/b", Events: core.WebhookEvents()[:1], Description: "d"},
				{Name: "gone", URL: "https://93.184.216.34/c", Events: core.WebhookEvents()[:1]},
			} {
				w, err := r.CreateWebhook(t.Context(), spec)
				check(t, err)
				if spec.Name == "gone" {
					check(t, r.DeleteWebhook(t.Context(), w.ID))
				}
			}
			theirs := byName(theirWebhooks(t, at))
			ours := byName(ourWebhooks(t, r))
			if diff := cmp.Diff(theirs, ours); diff != "" || len(ours) != 3 {
				t.Errorf("%d webhooks (-MLflow +ours):\n%s", len(ours), diff)
			}
			if ours["theirs"].Secret != "geheim ß" || ours["other"].Status != "DISABLED" {
				t.Errorf("%+v", ours)
			}
		})
	}
}

func theirWebhooks(t *testing.T, at place) []told {
	t.Helper()
	cmd := testenv.MLflow(t, newest).Command(t.Context(), "-c", webhookScript, at.uri())
	cmd.Dir, cmd.Env = t.TempDir(), append(cmd.Env, sqlstore.WebhookKeyVariable+"="+webhookKey)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var all []told
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	check(t, json.Unmarshal(lines[len(lines)-1], &all))
	return all
}

func ourWebhooks(t *testing.T, r *sqlstore.Registry) []told {
	t.Helper()
	page, err := r.SearchWebhooks(t.Context(), core.WebhookQuery{})
	check(t, err)
	var all []told
	for _, w := range page.Items {
		one := told{Name: w.Name, URL: w.URL, About: w.Description, Status: string(w.Status), Secret: w.Secret.Reveal()}
		for _, e := range w.Events {
			one.Events = append(one.Events, e.String())
		}
		all = append(all, one)
	}
	return all
}

func byName(all []told) map[string]told {
	named := map[string]told{}
	for _, w := range all {
		slices.Sort(w.Events)
		named[w.Name] = w
	}
	return named
}
