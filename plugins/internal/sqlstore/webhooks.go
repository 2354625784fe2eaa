package sqlstore

import (
	"context"
	"os"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

const (
	// WebhookKeyVariable is MLflow's variable for the key that encrypts the secrets of webhooks.
	WebhookKeyVariable = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"

	// WebhookKeySecret is the secret of a request that takes the place of the variable.
	WebhookKeySecret = "webhook_key"
)

// WebhookKey is the key that a request or the environment has for the secrets of webhooks; zero when there is none. One that
// is no key of Fernet is ErrInvalid.
func WebhookKey(request core.OpenRequest) (core.Secret, error) {
	key := request.Secrets[WebhookKeySecret]
	if key.IsZero() {
		key = core.NewSecret(os.Getenv(WebhookKeyVariable))
	}
	_, err := newFernet(key)
	return key, err
}

// encrypted is a secret as its column holds it, or nothing for none. MLflow makes a key for every process when it has none,
// so that no restart can read what was written before: here that is refused.
func (r *Registry) encrypted(secret core.Secret) (string, error) {
	if secret.IsZero() {
		return "", nil
	}
	f, err := newFernet(r.options.WebhookKey)
	if err != nil {
		return "", err
	}
	if !f.hasKey() {
		return "", core.State("secret", "a webhook's secret cannot be kept without a key: set %s to 32 random bytes in URL-safe "+
			"base64, the same at every start", WebhookKeyVariable)
	}
	return f.seal(secret.Reveal())
}

// CreateWebhook creates a webhook.
func (r *Registry) CreateWebhook(ctx context.Context, spec core.WebhookSpec) (_ core.Webhook, err error) {
	defer named(&err, "create webhook", spec.Name)
	if err := r.change(ctx); err != nil {
		return core.Webhook{}, err
	}
	if spec, err = core.CheckWebhookSpec(spec); err != nil {
		return core.Webhook{}, err
	}
	secret, err := r.encrypted(spec.Secret)
	if err != nil {
		return core.Webhook{}, err
	}
	now := core.Now()
	w := core.Webhook{
		ID: core.NewWebhookID(), Name: spec.Name, Description: spec.Description, URL: spec.URL, Events: spec.Events,
		Status: spec.Status, Secret: spec.Secret, CreatedAt: now, UpdatedAt: now,
	}
	var b sqldb.Batch
	b.Exec("INSERT INTO webhooks (workspace, webhook_id, name, description, url, status, secret, creation_timestamp, "+
		"last_updated_timestamp) VALUES ('default', $1, $2, $3, $4, $5, $6, $7, $7)",
		string(w.ID), w.Name, orNoText(w.Description), w.URL, string(w.Status), orNoText(secret), int64(now))
	b.Insert(r.db.Dialect(), webhookEvents(w))
	return w, r.db.Apply(ctx, &b)
}

// webhookEvents subscribes a webhook to its events.
func webhookEvents(w core.Webhook) sqldb.Insert {
	entities, actions := make(sqldb.List[string], len(w.Events)), make(sqldb.List[string], len(w.Events))
	for i, e := range w.Events {
		entities[i], actions[i] = e.Entity, e.Action
	}
	return sqldb.Insert{
		Table: "webhook_events",
		Columns: []sqldb.Column{
			{Name: "webhook_id", Type: "text", Values: repeated(string(w.ID), len(w.Events))},
			{Name: "entity", Type: "text", Values: entities},
			{Name: "action", Type: "text", Values: actions},
		},
	}
}

// Webhook returns a webhook with its secret.
func (r *Registry) Webhook(ctx context.Context, id core.WebhookID) (_ core.Webhook, err error) {
	defer named(&err, "get webhook", string(id))
	if err := r.read(ctx); err != nil {
		return core.Webhook{}, err
	}
	h, err := r.newHooks()
	if err != nil {
		return core.Webhook{}, err
	}
	var b sqldb.Batch
	h.fetch(&b, id, "")
	if err := r.db.Fetch(ctx, &b); err != nil {
		return core.Webhook{}, err
	}
	return h.one(id)
}

// UpdateWebhook changes a webhook, all or nothing.
func (r *Registry) UpdateWebhook(
	ctx context.Context, id core.WebhookID, change core.WebhookChange,
) (_ core.Webhook, err error) {
	defer named(&err, "update webhook", string(id))
	if err := r.change(ctx); err != nil {
		return core.Webhook{}, err
	}
	if change, err = core.CheckWebhookChange(change); err != nil {
		return core.Webhook{}, err
	}
	secret := ""
	if change.Secret != nil {
		if secret, err = r.encrypted(*change.Secret); err != nil {
			return core.Webhook{}, err
		}
	}
	var w core.Webhook
	err = r.db.Write(ctx, func(tx sqldb.Tx) error {
		if w, err = r.lockWebhook(ctx, tx, id); err != nil {
			return err
		}
		change.Apply(&w, later(w.UpdatedAt))
		b := sqldb.Batch{Last: true}
		b.Exec("UPDATE webhooks SET name = $1, description = $2, url = $3, status = $4, last_updated_timestamp = $5 "+
			"WHERE webhook_id = $6", w.Name, orNoText(w.Description), w.URL, string(w.Status), int64(w.UpdatedAt), string(id))
		if change.Secret != nil {
			b.Exec("UPDATE webhooks SET secret = $1 WHERE webhook_id = $2", orNoText(secret), string(id))
		}
		if len(change.Events) > 0 {
			b.Exec("DELETE FROM webhook_events WHERE webhook_id = $1", string(id))
			b.Insert(r.db.Dialect(), webhookEvents(w))
		}
		return tx.Do(ctx, &b)
	})
	if err != nil {
		return core.Webhook{}, err
	}
	return w, nil
}

// lockWebhook reads a webhook and locks it until the transaction ends.
func (r *Registry) lockWebhook(ctx context.Context, tx sqldb.Tx, id core.WebhookID) (core.Webhook, error) {
	h, err := r.newHooks()
	if err != nil {
		return core.Webhook{}, err
	}
	var b sqldb.Batch
	h.fetch(&b, id, r.db.Dialect().ForUpdate())
	if err := tx.Do(ctx, &b); err != nil {
		return core.Webhook{}, err
	}
	return h.one(id)
}

// DeleteWebhook hides a webhook for good, as MLflow does: its row stays, marked.
func (r *Registry) DeleteWebhook(ctx context.Context, id core.WebhookID) (err error) {
	defer named(&err, "delete webhook", string(id))
	if err := r.change(ctx); err != nil {
		return err
	}
	return r.db.Write(ctx, func(tx sqldb.Tx) error {
		changed, err := tx.Exec(ctx, "UPDATE webhooks SET deleted_timestamp = $1, last_updated_timestamp = $1 "+
			"WHERE workspace = 'default' AND webhook_id = $2 AND deleted_timestamp IS NULL", int64(core.Now()), string(id))
		if err == nil && changed == 0 {
			err = core.Missing("webhook", id)
		}
		return err
	})
}
